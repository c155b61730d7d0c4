"""Many jobs on a person's machine while connections break and either side is restarted: each
runs once, and everything that it printed and left is at the service. ``MACHINE_SEEDS`` are more.
"""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec, JobState
from submarine_ext.domain.pages import JobFilter
from submarine_ext.errors import Unavailable
from tests.contract.machines import Alice

JOBS = 30
WHO = Principal("alice")
PROGRAM = 'echo $SUBMARINE_JOB >> "{ran}"; seq 5000; head -c 300000 /dev/zero > out.bin; echo done'
PRINTED = b"".join(b"%d\n" % n for n in range(1, 5001)) + b"done\n"
SEEDS = range(int(os.environ.get("MACHINE_SEEDS", "1")))


class Story:
    """A service and alice's machine; ``chance`` decides where each connection breaks."""

    def __init__(self, root, chance: random.Random) -> None:
        self.root = root
        self.chance = chance
        self.cuts = 0

    def budgets(self) -> list[int]:
        self.cuts += 1
        return [self.chance.choice([3_000, 30_000, 400_000, 2_000_000]) for _ in range(2)]

    async def open_service(self) -> None:
        settings = Settings(root=self.root / "team", owner="alice")
        self.service = await Submarine.open(settings)

    async def open_machine(self) -> None:
        self.alice = Alice(self.root / "alice")
        await self.alice.open()

    async def offer(self) -> None:
        await self.alice.leave()
        while True:
            try:
                engine = self.service._running_engines.machine("alice")
                break
            except Unavailable:
                await asyncio.sleep(0.01)
        await self.alice.offer(engine, self.budgets)
        while len(await self.service.engines.list(WHO)) < 2:
            await asyncio.sleep(0.01)

    async def submit(self, number: int) -> list[str]:
        command = ["sh", "-c", PROGRAM.format(ran=self.root / "ran")]
        spec = JobSpec(command=command, engine="machine:alice", outputs=["*.bin"])
        jobs = [await self.service.jobs.submit(WHO, "default", spec, None) for _ in range(number)]
        return [job.id for job in jobs]

    async def ended(self, number: int) -> None:
        """So many jobs have ended."""
        while True:
            page = await self.service.jobs.list(WHO, "default", JobFilter(limit=200))
            if sum(job.state.terminal for job in page.items) >= number:
                return
            await asyncio.sleep(0.02)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_job_runs_once_and_arrives_whole(seed: int, tmp_path) -> None:
    asyncio.run(_story(Story(tmp_path, random.Random(seed))))


async def _story(story: Story) -> None:
    await story.open_service()
    await story.open_machine()
    await story.offer()
    ids = await story.submit(JOBS)
    await story.ended(JOBS // 5)
    await story.alice.close()
    await story.open_machine()
    await story.offer()
    await story.ended(2 * JOBS // 5)
    await story.service.close()
    await story.open_service()
    await story.offer()
    await story.ended(JOBS)
    await _check(story, ids)
    await story.alice.close()
    await story.service.close()


async def _check(story: Story, ids: list[str]) -> None:
    assert sorted((story.root / "ran").read_text().split()) == sorted(ids)
    assert story.cuts > 3
    for each in ids:
        job = await story.service.jobs.get(WHO, each)
        assert (job.state, job.attempt, job.reason) == (JobState.SUCCEEDED, 1, None)
        folder = story.root / "team" / "jobs" / each / "1"
        assert (folder / "rank-0.log").read_bytes() == PRINTED
        assert (folder / "artifacts" / "out.bin").read_bytes() == bytes(300_000)
    while any(story.alice.jobs.iterdir()):  # kept no longer than needed
        await asyncio.sleep(0.01)
