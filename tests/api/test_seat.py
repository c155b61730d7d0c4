"""A seat in a room while nobody knows what its person may do: nothing leaves, what comes waits."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from submarine_ext.api.rooms import seat as seat_module
from submarine_ext.api.rooms.seat import Seat
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.errors import Forbidden
from submarine_ext.services.feed import Feed
from submarine_ext.services.streams import Sight

WHOLE = frozenset({Capability.FILE_READ, Capability.OUTPUT_READ})


class Rights:
    """Answers when it is told to; what it answers can be changed."""

    def __init__(self) -> None:
        self.known = asyncio.Event()
        self.known.set()
        self.asked = asyncio.Event()
        self.reads = self.writes = True

    async def sight(self, *_: Any, **__: Any) -> Sight:
        self.asked.set()
        await self.known.wait()
        if not self.reads:
            raise Forbidden("You have no access to this project any more.")
        return Sight(SimpleNamespace(break_glass=False), WHOLE, 0)  # type: ignore[arg-type]

    async def enter(self, _: Principal) -> None: ...

    async def require_write(self, *_: Any) -> None:
        if not self.writes:
            raise Forbidden("You may not.")


class Wire:
    """A socket that takes nothing while it is stuck."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.stuck = self.is_cut = False
        self.closed: int | None = None

    def post(self, message: bytes) -> None:
        self.sent.append(message)

    def waiting(self) -> int:
        return sum(map(len, self.sent)) if self.stuck else 0

    def cut(self) -> None:
        self.is_cut = True

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.closed = code


class Room:
    project, whole = "vision", True

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self.asked = 0

    def enter(self, seat: Seat) -> None:
        self.seats.append(seat)

    def ask(self, seat: Seat) -> None:
        self.asked += 1

    def leave(self, seat: Seat) -> None:
        self.seats.remove(seat)


class Table:
    """A seat that is taken, and all around it."""

    def __init__(self) -> None:
        self.rights, self.wire, self.room, self.feed = Rights(), Wire(), Room(), Feed()
        services = SimpleNamespace(feed=self.feed, streams=self.rights, documents=self.rights)
        self.seat = Seat(services, Principal("bob"), {}, self.room, self.wire)  # type: ignore[arg-type]

    async def taken(self) -> Table:
        await self.seat.require()
        await self.seat.take()
        return self

    async def alarmed(self) -> None:
        """Somebody changed something; the question is asked and not answered yet."""
        self.rights.known.clear()
        self.rights.asked.clear()
        for alarm in list(self.feed._guards["vision"]):
            alarm()
        await self.rights.asked.wait()


async def test_nothing_leaves_between_an_alarm_and_its_answer() -> None:
    """(Mutant: ``tell`` does not look.)"""
    table = await Table().taken()
    table.seat.tell(b"before")
    await table.alarmed()
    table.seat.tell(b"held")
    assert table.wire.sent == [b"before"]
    table.rights.known.set()
    assert await table.seat.ready()
    assert table.wire.sent == [b"before", b"held"]
    table.seat.stand_up()


async def test_what_was_held_is_never_sent_to_who_may_not_see_it() -> None:
    table = await Table().taken()
    await table.alarmed()
    table.seat.tell(b"held")
    table.rights.reads = False
    table.rights.known.set()
    assert not await table.seat.ready()  # and so nothing that comes is taken
    table.seat.tell(b"after")
    assert (table.wire.sent, table.wire.closed, table.room.seats) == ([], 4403, [])


async def test_what_comes_waits_for_the_answer() -> None:
    table = await Table().taken()
    await table.alarmed()
    waiting = asyncio.create_task(table.seat.ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    table.rights.writes = False
    table.rights.known.set()
    assert await waiting
    assert not table.seat.writes
    table.seat.stand_up()


async def test_an_alarm_during_the_answer_asks_once_more() -> None:
    """(Mutant: alarms are not counted.)"""
    table = await Table().taken()
    await table.alarmed()
    table.rights.asked.clear()
    for alarm in list(table.feed._guards["vision"]):
        alarm()
    table.rights.known.set()
    await table.rights.asked.wait()
    assert await table.seat.ready()
    table.seat.stand_up()


async def test_who_may_write_from_now_on_is_asked_for_what_was_not_heard() -> None:
    table = Table()
    table.rights.writes = False
    await table.taken()
    table.rights.writes = True
    await table.alarmed()
    table.rights.known.set()
    assert await table.seat.ready()
    assert (table.seat.writes, table.room.asked) == (True, 1)
    table.seat.stand_up()


async def test_a_reader_who_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """(Mutant: no MOST_WAITING.)"""
    monkeypatch.setattr(seat_module, "MOST_WAITING", 1000)
    table = await Table().taken()
    table.wire.stuck = True
    for _ in range(11):
        table.seat.tell(b"x" * 100)
    assert table.wire.is_cut
    table.seat.stand_up()
