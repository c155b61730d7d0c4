"""A machine falls silent under a job that runs: people see it, and see that it is over."""

import asyncio

import pytest

from submarine_ext.engines.base import Ended, Started, Waiting
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session
from tests.cluster.hands import Hands
from tests.cluster.nodes import Machine
from tests.cluster.work import Timing
from tests.kubernetes import hands
from tests.kubernetes.test_engine_faults import maker

ONE = {"machines": (Machine("node-0"),), "timing": Timing(own=0.02)}


@pytest.mark.parametrize("cluster", [ONE], indirect=True)
async def test_a_job_says_that_contact_with_its_machine_is_lost(cluster, tmp_path):
    """Mutant caught: what is told of a job that has started is dropped."""
    task = maker().program(tmp_path, jobs.SLEEPS)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(task)
        await jobs.printed(task.log(0), b"ready")
        await asyncio.to_thread(Hands(cluster).lose, "node-0")
        said = await s.such(lambda o: isinstance(o, Waiting) and o.paused)
        assert said.reason.startswith("Lost contact with its machine: ")
        assert not [o for o in s.of(task.name) if isinstance(o, Ended)]
        await asyncio.to_thread(Hands(cluster).restore, "node-0")
        ended = await s.ended(task.name)
    assert ended.reason != said.reason
    assert sum(isinstance(o, Started) for o in s.of(task.name)) == 1
