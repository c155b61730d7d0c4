"""From taking a role away to the end of the topic in each of many sockets."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from submarine_ext.api.connection import Connection
from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal, Role
from submarine_ext.domain.projects import NewProject

SOCKETS = 1000


class Wire:
    """The server's end of a socket that takes everything at once; it notes the ``closed``."""

    def __init__(self) -> None:
        self.closed = asyncio.get_running_loop().create_future()

    async def _taken(self) -> None:
        return

    def send(self, frame: bytes) -> asyncio.Task[None]:
        if b'"closed"' in frame and not self.closed.done():
            self.closed.set_result(time.monotonic())
        return asyncio.ensure_future(self._taken())

    def busy(self) -> bool:
        return False

    def cut(self) -> None:
        raise AssertionError("never slow")

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        raise AssertionError("never disabled")


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as folder:
        seconds = asyncio.run(_measure(Path(folder), min(rounds, 5)))
    yield Figure(
        what=f"a role is taken away until the last of {SOCKETS:,} topics is closed",
        unit="ms",
        ours=statistics.median(seconds) * 1000,
        limit=1000.0,
    )


async def _measure(folder: Path, rounds: int) -> list[float]:
    submarine = await Submarine.open(Settings(root=folder, owner="ann"))
    ann, ben = Principal("ann"), Principal("ben")
    await submarine.people.arrive(ben)
    await submarine.projects.create(ann, NewProject(name="vision"))
    try:
        return [await _round(submarine, ann, ben) for _ in range(rounds)]
    finally:
        await submarine.close()


async def _round(submarine: Submarine, ann: Principal, ben: Principal) -> float:
    await submarine.sharing.grant(ann, "vision", "user:ben", Role.VIEWER)
    wires = [Wire() for _ in range(SOCKETS)]
    connections = [Connection(submarine, ben, wire) for wire in wires]
    for connection in connections:
        await connection.receive('{"op": "subscribe", "topic": "projects/vision"}')
    begin = time.monotonic()
    await submarine.sharing.revoke(ann, "vision", "user:ben")
    ends = await asyncio.gather(*(wire.closed for wire in wires))
    for connection in connections:
        await connection.close()
    return max(ends) - begin
