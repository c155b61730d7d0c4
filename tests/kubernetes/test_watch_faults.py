"""Whatever goes wrong with watches, the copy ends up equal to the list (invariant C9).

1,000 seeded schedules. Each mutant below breaks one rule of the informer and must be caught.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.informer import Informer, Rhythm
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.pace import Pace
from submarine_ext.engines.kubernetes.transport import Api
from tests.kubernetes.faults import LISTS, QUICK, SLOW
from tests.kubernetes.histories import PODS, Script
from tests.kubernetes.scripted import (
    Server,
    connect,
)

SILENCE = 2.0  # seconds of a stall that are enough here


class Schedule:
    """What one seed makes of it, and everything that was wrong afterwards."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        faults = [chance.choice(QUICK)() for _ in range(chance.randint(2, 7))]
        if chance.random() < 0.15:
            faults.insert(chance.randrange(len(faults)), chance.choice(SLOW)())
        lists = [chance.choice(LISTS) for _ in range(chance.randint(0, 4))]
        self.script = Script(seed, faults, lists)
        for _ in range(chance.randint(0, 8)):
            self.script.history.add()
        self.told: dict[str, str] = {}
        self.rests: list[float] = []
        self.wrong: list[str] = []
        self._done = asyncio.Event()
        self._chance = chance

    async def run(self, kind: type[Informer], api: Api, limit: float) -> list[str]:
        informer = kind(
            api,
            PODS,
            f"s{id(self)}",
            keep=lambda item: item,
            changed=self._changed,
            health=lambda healthy, why: None,
            rhythm=Rhythm(silence=SILENCE, random=self._chance),
        )
        task = asyncio.create_task(informer.run())
        try:
            await asyncio.wait_for(self._done.wait(), limit)
        except TimeoutError:
            self.wrong.append("it never caught up")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._judge(informer)
        return self.wrong

    def _changed(self, item: Object, deleted: bool) -> None:
        about = item["metadata"]
        if deleted and self.told.pop(about["uid"], None) is None:
            self.wrong.append("a deletion of something that was never told")
        if not deleted:
            self.told[about["uid"]] = about["resourceVersion"]
        if item.get("marker"):
            self._done.set()

    def _judge(self, informer: Informer) -> None:
        state = self.script.history.state()
        have = {u: o["metadata"]["resourceVersion"] for u, o in informer.objects.items()}
        if have != state:
            self.wrong.append("the copy is not the list")
        if self.told != state:
            self.wrong.append("what was told is not the list")
        if any("managedFields" in o["metadata"] for o in informer.objects.values()):
            self.wrong.append("managedFields are kept")
        if self.script.lists != 1 + self.script.owed:
            self.wrong.append(f"{self.script.lists} lists, {self.script.owed} faults owe one")


async def run_all(
    seeds: range, kind: type[Informer], folder: Path, limit: float
) -> dict[int, list[str]]:
    """What was wrong, by seed. Waits between requests take no time here."""
    schedules = {seed: Schedule(seed) for seed in seeds}
    scripts = {f"s{id(schedule)}": schedule.script for schedule in schedules.values()}

    async def answer(request: web.Request) -> web.StreamResponse:
        return await scripts[request.path.split("/")[4]](request)

    async with Server(answer) as server:
        api = await connect(folder, server.url, Unhurried())
        room = asyncio.Semaphore(100)

        async def one(schedule: Schedule) -> list[str]:
            async with room:
                return await schedule.run(kind, api, limit)

        found = await asyncio.gather(*(one(schedule) for schedule in schedules.values()))
        await api.close()
    return {seed: wrong for seed, wrong in zip(seeds, found, strict=True) if wrong}


class Unhurried(Pace):
    """Every wait is over at once."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(lambda: self.now, self._pass)

    async def _pass(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def test_after_a_thousand_schedules_of_faults_every_copy_equals_the_list(
    tmp_path: Path,
) -> None:
    assert await run_all(range(1000), Informer, tmp_path, 30) == {}


class IgnoresGone(Informer):
    """Goes on from the same version after a 410."""

    def _event(self, event: Object) -> None:
        if event.get("type") != "ERROR":
            super()._event(event)


class StartsFromZero(Informer):
    """Watches from version 0 after a 410 instead of listing."""

    def _failed(self, error):
        wait = super()._failed(error)
        self._version = self._version or ("0" if self.objects else None)
        return wait


class ForgetsDeletions(Informer):
    """A new list adds to the old one."""

    def _replace(self, found, versions) -> None:
        super()._replace({**self.objects, **found}, {**self._versions, **versions})


class BelievesEverything(Informer):
    """Takes each event for news."""

    def _stale(self, uid: str, version: str, *, deleted: bool) -> bool:
        return False


class WaitsForEver(Informer):
    """Knows no silence."""

    async def _follow(self) -> None:
        self._rhythm = Rhythm(silence=1e6, random=self._rhythm.random)
        await super()._follow()


class RelistsAlways(Informer):
    """Lists again whenever a stream ends."""

    async def _rest(self, least: float) -> None:
        self._version = None
        await super()._rest(least)


MUTANTS = (
    *(IgnoresGone, StartsFromZero, ForgetsDeletions),
    *(BelievesEverything, WaitsForEver, RelistsAlways),
)


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_the_schedules_catch_an_informer_that(mutant: type[Informer], tmp_path: Path) -> None:
    assert await run_all(range(60), mutant, tmp_path, 4)
