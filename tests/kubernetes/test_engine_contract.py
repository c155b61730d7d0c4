"""The Kubernetes engine keeps every promise of the contract, on the fake cluster."""

import asyncio
from typing import ClassVar

import pytest

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.testing.engines import EngineContract
from tests.contract.test_local_engine import marked
from tests.kubernetes import hands


class TestKubernetesEngine(EngineContract):
    python: ClassVar = "python3"
    refused: ClassVar = {
        "environment": JobSpec(command=["x"], environment="/opt/venv/bin/python"),
        "priority": JobSpec(command=["x"], priority=5),
        "resources.gpu_type": JobSpec(command=["x"], resources=Resources(gpu=1, gpu_type="h200")),
        "env.CUDA_VISIBLE_DEVICES": JobSpec(command=["x"], env={"CUDA_VISIBLE_DEVICES": "0"}),
        "env.PET_NNODES": JobSpec(command=["x"], env={"PET_NNODES": "9"}),
        "secrets": JobSpec(command=["x"], secrets=["NVIDIA_VISIBLE_DEVICES"]),
        "timeout_seconds": JobSpec(command=["x"], timeout_seconds=7200),
        "queue": JobSpec(command=["x"], queue="Not A Queue"),
        "distributed": JobSpec(notebook="a.ipynb", distributed=Distributed(nodes=2)),
        "distributed.framework": JobSpec(
            command=["x"], distributed=Distributed(framework=Framework.MPI)
        ),
    }

    @pytest.fixture(autouse=True)
    def on_the_fake(self, cluster):
        self.cluster = cluster

    def make_engine(self, root):
        return hands.make(self.cluster, root, max_timeout_seconds=3600)

    async def leftovers(self, mark, task):
        return marked(mark)

    async def go_on(self, task):
        await asyncio.to_thread(hands.go_on, self.cluster, task)

    async def comes_to_its_end(self, task):
        await hands.settled(self.cluster, task)

    async def destroy(self, task):
        await asyncio.to_thread(hands.delete_job, self.cluster, task)
