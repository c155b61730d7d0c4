"""Whole messages through bare descriptors: one message, then end of file.

File objects would do the same for ten times the price, on the way to a job's first
instruction.

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

import contextlib
import os


def pour(fd: int, message: bytes) -> None:
    """Write all of it and close; nothing happens if the reader is gone."""
    with contextlib.suppress(BrokenPipeError):
        while message:
            message = message[os.write(fd, message) :]
    os.close(fd)


def drain(fd: int) -> bytes:
    """Read up to the end of file and close."""
    parts = []
    while part := os.read(fd, 65536):
        parts.append(part)
    os.close(fd)
    return b"".join(parts)
