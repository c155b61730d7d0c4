"""What has come of an attempt from its machine: logs, outputs, and where it was sent.

Everything is taken at an offset, so that what comes twice is there once. Outputs lie in
``incoming`` until they are whole. Paths are the machine's words, and looked at like a bundle's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from submarine_ext.domain.bundles import check_name
from submarine_ext.engines.base import Task

#: In the attempt's folder: to which machine it was sent, and whether it began there.
MARK = "machine.json"
INCOMING = "incoming"


class OutOfTurnError(Exception):
    """Bytes that do not follow those that are here: something between is missing."""


class Mark(Struct, frozen=True, kw_only=True):
    """``machine`` may have begun the attempt; ``began``: it has."""

    machine: str
    began: bool = False


def mark(folder: Path) -> Mark | None:
    """None: it was never sent."""
    try:
        return msgspec.json.decode((folder / MARK).read_bytes(), type=Mark)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def set_mark(folder: Path, said: Mark) -> None:
    """Readers see the earlier mark or this one."""
    draft = folder / f"{MARK}.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode(said))
    draft.replace(folder / MARK)


def log_sizes(task: Task) -> list[int]:
    """How much of each rank's log is here."""
    return [size_of(task.log(rank)) for rank in range(task.spec.distributed.ranks)]


def output_sizes(task: Task) -> dict[str, int]:
    """How much of each output is here, whole ones and parts."""
    return dict(_sizes(task.folder / INCOMING)) | dict(_sizes(task.artifacts))


def add_to_log(task: Task, rank: int, offset: int, data: bytes) -> None:
    """Append what is not there yet. Raises OutOfTurnError."""
    if not 0 <= rank < task.spec.distributed.ranks:
        raise OutOfTurnError(f"There is no rank {rank}.")
    _add(task.log(rank), offset, data)


def add_to_output(task: Task, path: str, offset: int, data: bytes, *, end: bool) -> None:
    """Append; the last piece makes it a whole one. Raises OutOfTurnError, Invalid."""
    place = task.artifacts / check_name(path)
    if place.exists():
        return
    part = task.folder / INCOMING / path
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _add(part, offset, data)
    if end:
        _sync(part)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.rename(place)


def settle(task: Task) -> None:
    """Make the logs outlive a power cut: the machine forgets them now."""
    for rank in range(task.spec.distributed.ranks):
        if task.log(rank).exists():
            _sync(task.log(rank))


def _add(file: Path, offset: int, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o600), "ab") as out:
        here = os.fstat(out.fileno()).st_size
        if offset > here:
            raise OutOfTurnError(f"{file.name} has {here} bytes, and what came begins at {offset}.")
        out.write(data[here - offset :])


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size_of(file: Path) -> int:
    """In bytes; 0 for one that is not there."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def files_below(root: Path) -> Iterator[tuple[str, Path, int]]:
    """Path, place and size of each regular file, in order; links are not followed."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            place = Path(folder) / name
            info = place.lstat()
            if stat.S_ISREG(info.st_mode):
                yield place.relative_to(root).as_posix(), place, info.st_size


def _sizes(root: Path) -> Iterator[tuple[str, int]]:
    return ((path, size) for path, _, size in files_below(root))
