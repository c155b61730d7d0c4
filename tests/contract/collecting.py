"""A collector to be killed: reads one JSON order a line, plays its story, tells what is stored.

``{"root", "seed", "mutant"}`` → ``{"written", "steps", "counted"}``. A story forks one
process that prints records in random pieces all the time, and collectors one after the
other: each is killed (SIGKILL) at a moment that the seed chooses, the last may finish.
Forked from a process that has imported everything: a fault test needs hundreds of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
import traceback
from contextlib import closing
from functools import partial
from pathlib import Path

from submarine_ext.domain.jobs import Job, JobSpec, JobState, Target
from submarine_ext.domain.redaction import NOTHING
from submarine_ext.files.jobs import JobFiles
from submarine_ext.reconcile import tail
from submarine_ext.reconcile.collect import Collector
from submarine_ext.store import jobs, metrics
from submarine_ext.store.store import Store

KILLS = 4
JOB = Job(
    id="j1", project="default", owner="ana", name="j", engine="local", created="now",
    spec=JobSpec(command=["true"]), state=JobState.RUNNING, target=Target.RUN,
)  # fmt: skip


def nothing_hidden(tx, job):
    return NOTHING


class Silent:
    def progress(self, project, job, data): ...
    def grew(self, job): ...
    def points(self, job): ...


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


class Fuse:
    """Kills the process the n-th time that it is burnt."""

    def __init__(self, count):
        self.left = count

    def burn(self):
        self.left -= 1
        if self.left == 0:
            die()


def before_a_write(store, fuse):
    write = store.write
    store.write = lambda change: (fuse.burn(), write(change))[1]


def before_a_commit(store, fuse):
    write = store.write
    store.write = lambda change: write(lambda tx: (change(tx), fuse.burn())[0])


def after_a_commit(store, fuse):
    store.on_commit(fuse.burn)


def while_reading(store, fuse):
    scan = tail.scan
    tail.scan = lambda piece, final: (fuse.burn(), scan(piece, final=final))[1]


def at_any_moment(store, fuse):
    threading.Timer(fuse.left / 500, die).start()


MOMENTS = (before_a_write, before_a_commit, after_a_commit, while_reading, at_any_moment)


def offset_in_another_transaction():
    """The mutant: points are durable before their offset is."""
    move, write, moved = metrics._move, Store.write, []

    async def twice(self, change):
        moved.clear()
        result = await write(self, change)
        batches = list(moved)
        if batches:
            await write(self, lambda tx: [move(tx, batch) for batch in batches])
        return result

    metrics._move = lambda tx, batch: moved.append(batch) or True
    Store.write = twice


def offset_before_the_points():
    """The mutant: the offset is durable before its points are."""
    write = Store.write

    async def twice(self, change):
        batches = []
        append = metrics.append
        metrics.append = lambda tx, batch: (
            batches.append(batch) or (batch.steps if metrics._move(tx, batch) else None)
        )
        try:
            result = await write(self, change)
        finally:
            metrics.append = append
        if batches:
            await write(self, lambda tx: [late(tx, batch) for batch in batches])
        return result

    def late(tx, batch):
        rows, _ = metrics._numbered(tx, batch)
        tx.exec_driver_sql(metrics._insert_points(tx.dialect), rows) if rows else None

    Store.write = twice


MUTANTS = {"": lambda: None} | {
    mutant.__name__: mutant for mutant in (offset_in_another_transaction, offset_before_the_points)
}


def print_records(log: Path, chance: random.Random, stop: Path) -> None:
    """Explicit steps for one key, counted ones for another; text, and pieces of any size."""
    output, step = b"", 0
    with log.open("ab", buffering=0) as file:
        while output or not stop.exists():
            if not output:
                output = some_output(step, chance)
                step += 20
            length = chance.choice([1, 7, 40, 300, 5000])
            file.write(output[:length])
            output = output[length:]
            time.sleep(chance.choice([0, 0, 0.002]))


def some_output(step: int, chance: random.Random) -> bytes:
    output = b""
    for number in range(step, step + 20):
        output += b'\x1e{"m":{"loss":0.5},"s":%d,"t":1}\n\x1e{"m":{"counted":1}}\n' % number
        output += b"\r 37%|###   | 37/100 [00:05<00:08]" * chance.randint(0, 2)
    return output


async def prepare(root: Path) -> None:
    store = await Store.open(root / "s.sqlite")
    await store.write(lambda tx: jobs.add(tx, JOB, actor="ana", retries=0))
    await store.close()


async def follow(root: Path, arm, done: Path) -> None:
    """Until killed, or ``done``: then everything must be stored."""
    store = await Store.open(root / "s.sqlite")
    arm(store)
    collector = Collector(store, JobFiles(root / "jobs"), Silent(), nothing_hidden)
    collector.follow(JOB)
    task = asyncio.create_task(collector.run())
    while not done.exists():
        await asyncio.sleep(0.01)
    await collector.drain(JOB.id, 1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await store.close()


def in_child(work) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def story(root: Path, seed: int, mutant: str) -> dict:
    chance = random.Random(seed)
    log, done = JobFiles(root / "jobs").log(JOB.id, 1, 0), root / "done"
    log.parent.mkdir(parents=True)
    ended(in_child(lambda: asyncio.run(prepare(root))), 0)
    writer = in_child(lambda: print_records(log, random.Random(f"output {seed}"), done))
    for _ in range(KILLS):
        arm = armed(chance.choice(MOMENTS), Fuse(chance.randint(1, 6)))
        ended(in_child(partial(live, root, done, mutant, arm)), signal.SIGKILL)
    done.touch()
    ended(writer, 0)
    ended(in_child(partial(live, root, done, mutant, lambda _: None)), 0)
    with closing(sqlite3.connect(root / "s.sqlite")) as database:
        rows = database.execute("SELECT key, step FROM points ORDER BY step").fetchall()
    stored = {key: [step for k, step in rows if k == key] for key in ("loss", "counted")}
    written = log.read_bytes().count(b"\x1e") // 2
    return {"written": written, "steps": stored["loss"], "counted": stored["counted"]}


def armed(moment, fuse):
    return lambda store: moment(store, fuse)


def live(root: Path, done: Path, mutant: str, arm) -> None:
    MUTANTS[mutant]()
    asyncio.run(follow(root, arm, done))


def ended(child: int, expected: int) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == -expected, f"a process ended with {status}"


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(story(Path(order["root"]), order["seed"], order["mutant"])), flush=True)


main()
