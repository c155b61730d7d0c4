"""While the server is away it is asked seldom, and caught up with soon (invariant C8)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from submarine_ext.engines.kubernetes.informer import Informer
from tests.kubernetes.faults import EndsAtOnce
from tests.kubernetes.histories import Script
from tests.kubernetes.scripted import (
    Clock,
)
from tests.kubernetes.seeing import Seen, running, served


class Instant(Informer):
    """Asks again at once, whatever happened."""

    async def _rest(self, least: float) -> None:
        await asyncio.sleep(0)


async def seconds_of_twenty_ends(kind: type[Informer], folder: Path) -> float:
    clock = Clock()
    script = Script(1, [EndsAtOnce() for _ in range(20)], [])
    async with served(script, folder, clock) as (_, api):
        seen = Seen(api, kind)
        async with running(seen):
            await clock.pass_until(lambda: len(script.resumed_from) >= 20)
    return clock.now


async def test_a_server_that_ends_every_watch_at_once_is_asked_ever_more_seldom(
    tmp_path: Path,
) -> None:
    """Catches the mutant ``Instant``, which asks twenty times in no time."""
    assert await seconds_of_twenty_ends(Informer, tmp_path) > 200
    assert await seconds_of_twenty_ends(Instant, tmp_path) < 1


class Hasty(Clock):
    """Asks as often as it likes while nobody answers."""

    async def turn(self) -> None:
        self.begun.append(self.now)
        self._busy += 1


def in_one_second(times: list[float]) -> int:
    """The most that began within a second."""
    return max(sum(begin <= time < begin + 1 for time in times) for begin in times)


async def five_minutes_away(clock: Clock, folder: Path) -> tuple[int, float]:
    """The most requests a second of twelve informers, and how long after that they need."""
    script = Script(1, [], [])
    async with served(script, folder, clock) as (server, api):
        seen = [Seen(api) for _ in range(12)]
        async with running(*seen):
            for one in seen:
                await one.until(lambda: one.marked and bool(one.health))  # noqa: B023
            known = [dict(one.informer.objects) for one in seen]
            await server.down()
            clock.begun.clear()
            gone = clock.now
            await clock.pass_until(lambda: clock.now >= gone + 300)
            asked = in_one_second(clock.begun)
            assert all(one.health[-1][0] is False for one in seen)
            assert [one.informer.objects for one in seen] == known  # away is not gone
            script.history.add()
            await server.up()
            back = clock.now
            await clock.pass_until(lambda: all(one.health[-1][0] for one in seen))
            for one in seen:
                await one.until(lambda: len(one.informer.objects) == 2)  # noqa: B023
            return asked, clock.now - back


async def test_while_the_server_is_away_all_together_ask_once_a_second(tmp_path: Path) -> None:
    """Invariant C8; catches the mutant ``Hasty``."""
    asked, catching_up = await five_minutes_away(Clock(), tmp_path)
    assert asked == 1
    assert catching_up <= 30
    asked, _ = await five_minutes_away(Hasty(), tmp_path)
    assert asked > 1
