"""Turn a task into what a supervisor needs: argument vector, environments, limits.

Here is decided what each kind of job runs:

``command``   the argument vector as it is, looked up on the job's ``PATH``
``script``    the job's interpreter and the file; a file that is not ``.py`` and begins with
              ``#!`` is run by the program that line names
``notebook``  ``runner.py`` in the job's interpreter
``code``      the same, with the cell's source beside the work folder

The interpreter's folder is put first on ``PATH``, so that ``python`` and ``pip`` in a
command mean the job's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from submarine_ext import ranks
from submarine_ext.domain.quantities import memory_bytes
from submarine_ext.engines.base import Task
from submarine_ext.engines.local import nearest, scripts

RUNNER = Path(__file__).parents[2] / "runner.py"
JOB_PATH = Path(__file__).parent / "job_path"

_PRIVATE = re.compile(
    r"JUPYTERHUB_.*|JPY_.*|SUBMARINE_.*|CONFIGPROXY_.*"
    r"|JUPYTER.*(TOKEN|PASSWORD|SECRET|COOKIE|KEY).*"
    r"|PYTHONHOME|PYTHONSTARTUP|PYTHONEXECUTABLE|__PYVENV_LAUNCHER__"
)


class CannotRunError(Exception):
    """Something the job names is not among its files; the text is for people."""


def look(task: Task) -> None:
    """Make sure that what is to run is there; raises :class:`CannotRunError`."""
    spec = task.spec
    file = spec.script or spec.notebook
    if file is not None and not (task.work / file).is_file():
        raise CannotRunError(nearest.no_file(file, task.work))
    for folder in (task.work, task.artifacts):
        folder.mkdir(parents=True, exist_ok=True)


def plan(task: Task, python: str, gpus: list[str]) -> dict[str, Any]:
    """Everything the supervisor is told, as JSON. Writes the files that the runner reads."""
    spec = task.spec
    interpreter = spec.environment or python
    memory = spec.resources.memory
    return {
        "name": task.name,
        "folder": str(task.folder),
        "work": str(task.work),
        "artifacts": str(task.artifacts),
        "cwd": str(task.work / (spec.workdir or "")),
        "argv": argv(task, interpreter),
        "env": common_environment(task, interpreter, os.environ),
        "ranks": _ranks(task, gpus),
        "timeout": spec.timeout_seconds,
        "memory": memory_bytes(memory) * spec.distributed.nodes if memory is not None else None,
        "outputs": spec.outputs,
        "claim": {"gpus": gpus},
    }


def argv(task: Task, python: str) -> list[str]:
    """What is executed for the spec's kind."""
    spec = task.spec
    if spec.command is not None:
        return spec.command
    if spec.script is not None:
        path = task.work / spec.script
        return [*scripts.interpreter(path, python), str(path), *spec.args]
    if spec.notebook is not None:
        return [python, str(RUNNER), "notebook", str(task.work / spec.notebook),
                str(task.artifacts / Path(spec.notebook).name), _parameters(task)]  # fmt: skip
    cell = task.folder / "cell.py"
    cell.write_text(spec.code or "", encoding="utf-8")
    return [python, str(RUNNER), "cell", str(cell)]


def _parameters(task: Task) -> str:
    path = task.folder / "parameters.json"
    path.write_bytes(msgspec.json.encode(task.spec.parameters))
    return str(path)


def common_environment(task: Task, python: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """What all ranks see: the server's environment less its secrets, the job's, and ours."""
    env = interpreter_environment(python, inherited)
    env.update(task.spec.env)
    env.update(task.secrets)
    env.update({
        "PYTHONUNBUFFERED": "1",
        "SUBMARINE_JOB": task.job,
        "SUBMARINE_ATTEMPT": str(task.attempt),
        "SUBMARINE_PROJECT": task.project,
        "SUBMARINE_RANKS": str(task.spec.distributed.ranks),
        "SUBMARINE_ARTIFACTS": str(task.artifacts),
    })  # fmt: skip
    return env


def interpreter_environment(python: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """What every job's interpreter finds: decides which programs and modules there are."""
    env = {name: value for name, value in inherited.items() if not _PRIVATE.fullmatch(name)}
    path = [str(Path(python).parent), env.get("PATH", os.defpath)]
    env["PATH"] = os.pathsep.join(filter(None, path))
    modules = [env.get("PYTHONPATH"), str(JOB_PATH)]
    env["PYTHONPATH"] = os.pathsep.join(filter(None, modules))
    return env


def _ranks(task: Task, gpus: list[str]) -> list[dict[str, Any]]:
    shape = task.spec.distributed
    addresses = ranks.on_this_machine(shape.ranks)
    meeting = ranks.Shape(shape.framework, shape.nodes, shape.processes_per_node, addresses)
    return [
        {
            "log": str(task.log(rank)),
            "env": {**_rank(task, rank, gpus), **ranks.environment(meeting, rank)},
        }
        for rank in range(shape.ranks)
    ]


def _rank(task: Task, rank: int, gpus: list[str]) -> dict[str, str]:
    each = task.spec.resources.gpu
    node = rank // task.spec.distributed.processes_per_node
    return {
        "SUBMARINE_STREAM": str(task.log(rank)),
        "CUDA_VISIBLE_DEVICES": ",".join(gpus[node * each : (node + 1) * each]),
    }
