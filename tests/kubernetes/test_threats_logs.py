"""Logs are written by those whose jobs they are of: nothing in them leads out, grows or stays.

B22: forged records of files, storms, and what stands in the way on this machine's disk.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Outcome, Task
from submarine_ext.engines.kubernetes.artifacts import ENTRY
from submarine_ext.engines.kubernetes.nodelog import NodeLog
from submarine_ext.engines.kubernetes.pod.frames import LIMIT, Frames
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import session
from tests.cluster.cluster import Cluster
from tests.kubernetes import hands

ROOM = 1 << 20
STAMP = b"2026-11-22T12:00:00.000000000Z "


def task(folder: Path) -> Task:
    spec = JobSpec(command=["x"])
    made = Task(name="j0-1", job="j0", attempt=1, owner="a", project="p", spec=spec, folder=folder)
    made.artifacts.mkdir(parents=True)
    return made


def log_of(owner: Task) -> NodeLog:
    log = NodeLog(owner, 0, ROOM)
    log.begin("pod-uid", 0)
    return log


def record(path: Any, data: bytes = b"mine", **lies: Any) -> bytes:
    told = {
        "submarine": "file",
        "path": path,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "at": 0,
        "data": base64.b64encode(data).decode(),
    }
    return b"\x1e" + json.dumps({**told, **lies}, separators=(",", ":")).encode() + b"\n"


OUTSIDE = [
    "../rank-0.log", "/etc/passwd", "a/../../x", "..", ".", "", "a//b", "a\\b", "a\0b", "a\nb",
    "x/" * 600, "y" * 300, "😀" * 100, "\ud800", "kubernetes.end/..", "~", "-rf",
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: ascii(path)[:24])
def test_a_forged_file_stays_among_the_artifacts_or_is_refused(path: str, tmp_path: Path) -> None:
    """Catches the mutant ``Inbox._begin`` without ``check_name``; also where the disk has its own
    limits (names of 255 bytes), which would be tried again for ever.
    """
    owner = task(tmp_path / "task")
    log = log_of(owner)
    before = outside(owner, tmp_path)
    log.take(STAMP + record(path) + STAMP + record("good"))
    log.finish()
    assert outside(owner, tmp_path) == before
    assert (owner.artifacts / "good").read_bytes() == b"mine"


def outside(owner: Task, root: Path) -> set[str]:
    """Everything but artifacts and what the log itself is."""
    own = ("rank-0.log", "pod-0.mark", "pod-0.part")
    found = (p for p in root.rglob("*") if owner.artifacts not in (p, *p.parents))
    return {str(p) for p in found if p.name not in own}


def test_a_link_among_the_artifacts_is_replaced_not_followed(tmp_path: Path) -> None:
    """Nobody but this server writes there; if somebody did, it would not be believed."""
    owner = task(tmp_path / "task")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (owner.artifacts / "model").symlink_to(victim)
    log = log_of(owner)
    log.take(STAMP + record("model"))
    assert victim.read_text() == "precious"
    assert (owner.artifacts / "model").read_bytes() == b"mine"


def test_files_and_folders_are_counted_whatever_their_size(tmp_path: Path) -> None:
    """Catches the mutant that counts files only: each brought five hundred folders along."""
    owner = task(tmp_path / "task")
    log = log_of(owner)
    for number in range(40):
        log.take(STAMP + record(f"{number}/" + "d/" * 450 + "f", b""))
    made = sum(1 for _ in owner.artifacts.rglob("*"))
    assert 0 < made <= ROOM // ENTRY + 1
    assert log.notes


STORMS = {
    "begins": b'\x1e{"submarine":"file"',
    "marks": b"\x1e",
    "never ended": b'\x1e{"submarine":"file","path":"' + b"a" * 4000,
    "switches": b'\x1e{"submarine":"rank","rank":0}\n',
    "ends": b'\x1e{"submarine":"end","notes":["' + b"n" * 400 + b'"]}\n',
    "braces": b'\x1e{"submarine":"' + b"[" * 8000 + b"\n",
    "one line": b"x" * 10_000,
    "stamps": STAMP + b"\n",
}


@pytest.mark.parametrize("storm", STORMS)
def test_a_storm_needs_no_memory(storm: str, tmp_path: Path) -> None:
    """4 MiB of each, as they come from a socket; catches a mutant that holds back without
    ``LIMIT``, or gathers what a rank prints.
    """
    owner = task(tmp_path / "task")
    log = log_of(owner)
    piece = (STORMS[storm] * (65_536 // len(STORMS[storm]) + 1))[:65_536]
    log.take(STAMP)
    tracemalloc.start()
    for _ in range(64):
        log.take(piece)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 << 20
    assert (owner.folder / "pod-0.mark").stat().st_size < 4 * LIMIT
    assert sum(map(len, log.notes)) < 20_000


def test_a_record_that_is_never_ended_is_text_in_the_end() -> None:
    begun = b'\x1e{"submarine":"file","path":"' + b"a" * 100
    frames = Frames(range(1))
    assert [*frames.feed(begun)] == []
    (last,) = frames.finish()
    assert last.data == begun  # type: ignore[union-attr]


async def test_a_full_disk_keeps_no_job_from_its_end(cluster: Cluster, tmp_path: Path) -> None:
    """The log cannot be written for a while: then it goes on, and no byte is missing.

    Catches the mutant ``Follower._turn`` that ends with OSError.
    """
    promise = Promise()
    promise.python = "python3"
    source = (
        "import pathlib,time\nprint('a')\n"
        "while not pathlib.Path('go on').exists(): time.sleep(.05)\nprint('b')"
    )
    wanted = promise.program(tmp_path, source)
    obstacle = wanted.log(0)
    obstacle.mkdir(parents=True)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(wanted)
        await s.started(wanted.name)
        obstacle.rmdir()
        hands.go_on(cluster, wanted)
        assert (await s.ended(wanted.name)).outcome is Outcome.SUCCEEDED
    assert wanted.log(0).read_text() == "a\nb\n"


async def test_a_folder_that_is_deleted_meanwhile_does_not_keep_the_server_from_ending(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The log is being followed, and where it has come to can't be written down any more."""
    promise = Promise()
    promise.python = "python3"
    task = promise.program(tmp_path, "import time\nprint('a', flush=True)\ntime.sleep(600)")
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(task)
        await s.started(task.name)
        await jobs.printed(task.log(0), b"a\n")
        while task.folder.exists():  # a mark may be written at this very moment
            shutil.rmtree(task.folder, ignore_errors=True)
    assert not task.folder.exists()


async def test_a_folder_that_is_deleted_meanwhile_leaves_the_others_alone(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Somebody cleans up by hand: the engine lives, and the other job ends as it should."""
    promise = Promise()
    promise.python = "python3"
    source = (
        "import pathlib,time\nprint('a', flush=True)\n"
        "while not pathlib.Path('go on').exists(): time.sleep(.05)\nprint('b')"
    )
    gone, other = promise.program(tmp_path, source), promise.program(tmp_path, source)
    async with session(hands.make(cluster, tmp_path)) as s:
        for one in (gone, other):
            await s.engine.start(one)
        for one in (gone, other):
            await s.started(one.name)
        while gone.folder.exists():  # a mark may be written at this very moment
            shutil.rmtree(gone.folder, ignore_errors=True)
        for one in (gone, other):
            hands.go_on(cluster, one)
        assert (await s.ended(other.name)).outcome is Outcome.SUCCEEDED
        assert not gone.folder.exists()
