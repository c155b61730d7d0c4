"""What deciding costs: may this person do this in that project? Beside the bare query.

In a database of 200 projects, 20 teams and 1,000 people; the asker has a role by a team.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import crowd
from benchmarks.figures import Figure
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.times import now
from submarine_ext.services import access
from submarine_ext.store import access as tuples
from submarine_ext.store.store import Store, Transaction

TIMES = 200


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as folder:
        database = Path(folder) / "submarine.sqlite"
        crowd.fill(database, "owner")
        yield asyncio.run(_decisions(database, rounds))


async def _decisions(database: Path, rounds: int) -> Figure:
    store = await Store.open(database)
    ours, floor = [], []
    with closing(sqlite3.connect(database)) as bare:
        for _ in range(rounds):
            ours.append(await store.read(_decided))
            floor.append(_asked(bare))
    await store.close()
    return Figure(
        what="decide who may what, one request (floor: the bare query)",
        unit="µs",
        ours=statistics.median(ours),
        floor=statistics.median(floor),
        at_most=5,
    )


def _decided(tx: Transaction) -> float:
    who = Principal(crowd.ACTOR)
    return _microseconds(lambda: access.may(tx, who, crowd.SHARED, Capability.JOB_SUBMIT))


def _asked(bare: sqlite3.Connection) -> float:
    sql = str(tuples._ONE)  # noqa: SLF001 - the floor is the same query
    given = {"person": crowd.ACTOR, "project": crowd.SHARED, "now": now()}
    return _microseconds(lambda: bare.execute(sql, given).fetchone())


def _microseconds(deed: Callable[[], object]) -> float:
    begin = time.perf_counter()
    for _ in range(TIMES):
        deed()
    return (time.perf_counter() - begin) / TIMES * 1e6
