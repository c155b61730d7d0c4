"""Small files that are there wholly or not at all, also after a power cut.

Servers that share a data root meet in them. What is written with :func:`once` is decided
by the first; the others read what it wrote.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path


def once(path: Path, content: bytes) -> bytes:
    """Write the file unless there is one, and answer with what it holds then.

    A hard link is made or refused as a whole, so nobody reads half of it. Raises OSError.
    """
    draft = _draft(path, content)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync(path.parent)
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    """Write the file, over another if there is one. Raises OSError."""
    _draft(path, content).replace(path)
    _sync(path.parent)


def read(path: Path) -> bytes | None:
    """What the file holds, None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    with open(draft, "xb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_CLOEXEC, 0o600)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
