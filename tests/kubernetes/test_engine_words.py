"""What the end of a job says: everything, and everything once."""

import asyncio

import pytest

from submarine_ext.domain.jobs import Distributed, Framework
from submarine_ext.engines.base import Outcome
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session
from tests.kubernetes import hands
from tests.kubernetes.test_engine_faults import task

TWO = Distributed(framework=Framework.NONE, nodes=2)
LEAVES_ITS_RANK = """
import os
from pathlib import Path
Path("out.txt").write_text(os.environ["SUBMARINE_RANK"])
Path("same.txt").write_text("same")
"""


async def end(cluster, root, wanted):
    async with session(hands.make(cluster, root)) as s:
        await s.engine.start(wanted)
        return await s.ended(wanted.name)


@pytest.mark.parametrize("source", ["", "raise SystemExit(3)"], ids=["succeeds", "fails"])
async def test_an_output_that_nothing_matches_is_told_once(source, cluster, tmp_path):
    ended = await end(cluster, tmp_path, task(tmp_path, source, outputs=["*.pt"]))
    assert ended.outcome is (Outcome.FAILED if source else Outcome.SUCCEEDED)
    assert ended.reason.count("No file matched '*.pt'.") == 1


async def test_files_of_one_name_of_several_nodes_are_told_once(cluster, tmp_path):
    wanted = task(tmp_path, LEAVES_ITS_RANK, outputs=["*.txt"], distributed=TWO)
    ended = await end(cluster, tmp_path, wanted)
    assert ended.outcome is Outcome.SUCCEEDED
    assert ended.reason.count("Several machines left 'out.txt'") == 1
    assert "same.txt" not in ended.reason
    assert (wanted.artifacts / "out.txt").read_text() == "0"


async def test_a_job_that_is_gone_is_not_said_to_have_been_deleted_by_somebody(cluster, tmp_path):
    """Its time to live may be over as well."""
    running = task(tmp_path, jobs.SLEEPS)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(running)
        await jobs.printed(running.log(0), b"ready")
    await asyncio.to_thread(hands.delete_job, cluster, running)
    async with session(hands.make(cluster, tmp_path)) as s:
        assert await s.engine.adopt([running]) == set()
        ended = await s.ended(running.name)
    assert ended.outcome is Outcome.LOST
    assert ended.reason == (
        "Nobody can know how it would have ended: its Job is gone from namespace 'team-a' "
        "(deleted, or ended longer ago than it is kept)."
    )
