"""What a slow or dead reader costs: a bounded sum, for a bounded time.

The mutants: an outbox without ROOM (TestASlowReader) and without PATIENCE (TestADeadReader)
keep everything for ever.
"""

from __future__ import annotations

import asyncio

import pytest

from submarine_ext.api import outbox as outbox_module
from submarine_ext.api.outbox import ROOM, Outbox


class Wire:
    """A socket whose reader takes a frame when told to."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.sent: list[bytes] = []
        self.cuts = 0
        self.stuck = stuck
        self._taken: list[asyncio.Future[None]] = []

    def send(self, frame: bytes) -> asyncio.Future[None]:
        self.sent.append(frame)
        taken = asyncio.get_running_loop().create_future()
        if self.stuck:
            self._taken.append(taken)
        else:
            taken.set_result(None)
        return taken

    def busy(self) -> bool:
        return any(not taken.done() for taken in self._taken)

    def cut(self) -> None:
        self.cuts += 1

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.closed_with = code

    async def take(self) -> None:
        self._taken.pop(0).set_result(None)
        for _ in range(4):
            await asyncio.sleep(0)


async def send(outbox: Outbox, frame: bytes) -> None:
    async with outbox.turn():
        outbox.post("t", frame)


class TestAFastReader:
    async def test_gets_frames_without_a_task(self):
        wire = Wire()
        outbox = Outbox(wire)
        for number in range(3):
            assert outbox.post("t", b"%d" % number)
        assert wire.sent == [b"0", b"1", b"2"]
        await outbox.close()


class TestASlowReader:
    async def test_has_one_frame_in_the_socket_and_the_rest_waits(self):
        wire = Wire(stuck=True)
        outbox = Outbox(wire)
        for number in range(3):
            assert outbox.post("t", b"%d" % number)
        assert wire.sent == [b"0"]
        await wire.take()
        assert wire.sent == [b"0", b"1"]
        await outbox.close()

    async def test_is_refused_frames_beyond_the_room(self):
        wire = Wire(stuck=True)
        outbox = Outbox(wire)
        frame = bytes(ROOM // 4)
        assert [outbox.post("t", frame) for _ in range(7)] == [True] * 5 + [False] * 2
        assert outbox.post("t", b"gap", force=True)
        await outbox.close()

    async def test_makes_big_senders_wait_for_one_another(self):
        wire = Wire(stuck=True)
        outbox = Outbox(wire)
        senders = [asyncio.create_task(send(outbox, bytes(1000))) for _ in range(3)]
        await asyncio.sleep(0)
        assert len(wire.sent) == 1
        while not all(sender.done() for sender in senders):
            assert len(wire._taken) <= 1, "more than one big frame is held"
            if wire._taken:
                await wire.take()
            await asyncio.sleep(0)
        assert len(wire.sent) == 3
        await outbox.close()


class TestWhatIsTakenBack:
    """The mutant: ``take_back`` that does nothing sends a topic on after its right is gone."""

    async def test_is_never_sent_and_the_rest_is(self):
        wire = Wire(stuck=True)
        outbox = Outbox(wire)
        for topic in ("a", "a", "b", "a"):
            outbox.post(topic, topic.encode())
        outbox.take_back("a")
        outbox.post("a", b"closed")
        for _ in range(3):
            await wire.take()
        assert wire.sent == [b"a", b"b", b"closed"]
        await outbox.close()

    async def test_makes_room(self):
        outbox = Outbox(Wire(stuck=True))
        while outbox.post("a", bytes(ROOM // 4)):
            pass
        outbox.take_back("a")
        assert outbox.post("b", bytes(ROOM // 4))
        await outbox.close()

    async def test_is_everything_when_the_socket_is_ended(self):
        wire = Wire(stuck=True)
        outbox = Outbox(wire)
        for _ in range(3):
            outbox.post("a", b"x")
        outbox.end(4403, "disabled")
        outbox.post("a", b"later", force=True)
        await wire.take()
        assert (wire.sent, wire.closed_with) == ([b"x"], 4403)
        await outbox.close()


class TestADeadReader:
    @pytest.fixture(autouse=True)
    def little_patience(self, monkeypatch):
        monkeypatch.setattr(outbox_module, "PATIENCE", 0.01)

    async def test_is_cut_off_and_what_waited_is_forgotten(self):
        wire = Wire(stuck=True)
        outbox = Outbox(wire)
        for _ in range(3):
            outbox.post("t", b"x")
        await outbox._drained()
        assert (wire.cuts, len(wire.sent), len(outbox._waiting)) == (1, 1, 0)
        assert outbox.post("t", b"y"), "nobody is left to be told of a gap"
        assert len(wire.sent) == 1
        await outbox.close()

    async def test_does_not_hold_up_a_big_sender_for_ever(self):
        outbox = Outbox(Wire(stuck=True))
        await send(outbox, b"x")
        await send(outbox, b"y")
        await outbox.close()
