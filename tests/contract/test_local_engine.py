"""The local engine keeps every promise of the contract."""

import os
import signal
from pathlib import Path
from typing import ClassVar

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.local import records
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.testing.engines import EngineContract


def marked(mark):
    """Pids of living processes with the mark among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in words and state not in "ZX" and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


class TestLocalEngine(EngineContract):
    refused: ClassVar = {
        "queue": JobSpec(command=["x"], queue="gold"),
        "secrets": JobSpec(command=["x"], secrets=["CUDA_VISIBLE_DEVICES"]),
        "environment": JobSpec(command=["x"], environment="python3"),
        "resources.cpu": JobSpec(command=["x"], resources=Resources(cpu=9)),
        "resources.memory": JobSpec(command=["x"], resources=Resources(memory="1Ti")),
        "resources.gpu": JobSpec(command=["x"], resources=Resources(gpu=3)),
        "resources.gpu_type": JobSpec(command=["x"], resources=Resources(gpu_type="h200")),
        "distributed": JobSpec(notebook="a.ipynb", distributed=Distributed(nodes=2)),
        "distributed.nodes": JobSpec(command=["x"], distributed=Distributed(nodes=5)),
        "distributed.framework": JobSpec(
            command=["x"], distributed=Distributed(framework=Framework.MPI)
        ),
        "env.CUDA_VISIBLE_DEVICES": JobSpec(command=["x"], env={"CUDA_VISIBLE_DEVICES": "0"}),
    }

    def make_engine(self, root):
        return LocalEngine(root, cpu=4, gpu=2, memory=8 * 1024**3)

    async def leftovers(self, mark, task):
        return marked(mark)

    async def destroy(self, task):
        os.kill(records.read(task.folder, records.CLAIM)["pid"], signal.SIGKILL)
