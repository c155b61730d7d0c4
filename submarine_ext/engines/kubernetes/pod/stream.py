"""The pod's one output: what ranks print, unchanged, and the launcher's own records.

Each rank writes stdout, stderr and tracking records into one FIFO, so their order is kept;
a thread copies from there to the container's stdout. Before bytes of another rank than the
last comes a record that names it; other own records carry files. The server's half is
``frames.py``.

A FIFO is deep (1 MiB where allowed) so that a long record is written in one go; the kernel
promises that only up to 4 KiB, so one may be torn while the node's log lags behind.

Standard library only, Python 3.8: this runs in pods.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import select
import threading
from pathlib import Path
from typing import Any

RECORD = 16_384  # bytes of one record, the frame included
CHUNK = 1 << 18
TAIL = 32_768
_F_SETPIPE_SZ = 1031
_DEPTH = 1 << 20


def record(kind: str, **fields: Any) -> bytes:
    """One record of the launcher's: its kind is the first key."""
    body = json.dumps({"submarine": kind, **fields}, separators=(",", ":"))
    return b"\x1e" + body.encode() + b"\n"


class Stream:
    """FIFOs in ``folder`` for the ranks, copied to the descriptor ``out`` from :meth:`begin`
    to :meth:`finish`; then :meth:`write` and :meth:`send` may be used.
    """

    def __init__(self, folder: Path, ranks: list[int], out: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._out = out
        self._last = ranks[0]
        self._tail = dict.fromkeys(ranks, b"")
        self.paths = {rank: folder / f"rank-{rank}" for rank in ranks}
        self._reads = {self._open(path, os.O_RDONLY): rank for rank, path in self.paths.items()}
        # ours keep a FIFO from ending while no rank has it open, until nothing more can come
        self._holds = [self._open(path, os.O_WRONLY) for path in self.paths.values()]
        self._thread = threading.Thread(target=self._copy, daemon=True)

    @staticmethod
    def _open(path: Path, how: int) -> int:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(str(path), 0o600)
        fd = os.open(str(path), how | os.O_NONBLOCK)
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, _F_SETPIPE_SZ, _DEPTH)
        return fd

    def begin(self) -> None:
        """Start to copy; no process may be forked after this."""
        self._thread.start()

    def finish(self, patience: float) -> None:
        """Copy what is left; not longer than ``patience`` seconds for a reader that is stuck."""
        for fd in self._holds:
            os.close(fd)
        self._thread.join(patience)

    def tail(self, rank: int) -> bytes:
        """The last of what the rank printed, up to ``TAIL`` bytes."""
        return self._tail[rank]

    def write(self, data: bytes) -> None:
        """All of it."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view) :]

    def send(self, name: str, source: Path) -> None:
        """A file in records. Raises OSError if it can't be read to its end."""
        size, digest = measure(source)
        head = {"path": name, "size": size, "sha256": digest}
        room = (RECORD - len(record("file", **head, at=size, data=""))) // 4 * 3
        with source.open("rb") as file:
            for at in range(0, max(size, 1), room):
                data = base64.b64encode(file.read(room)).decode()
                self.write(record("file", **head, at=at, data=data))

    def _copy(self) -> None:
        poll = select.poll()
        for fd in self._reads:
            poll.register(fd, select.POLLIN)
        while self._reads:
            for fd, _ in poll.poll():
                with contextlib.suppress(BlockingIOError):
                    chunk = os.read(fd, CHUNK)
                    if chunk:
                        self._pass_on(self._reads[fd], chunk)
                    else:
                        poll.unregister(fd)
                        os.close(fd)
                        del self._reads[fd]

    def _pass_on(self, rank: int, chunk: bytes) -> None:
        if rank != self._last:
            self._last = rank
            self.write(record("rank", rank=rank))
        self.write(chunk)
        self._tail[rank] = (chunk if len(chunk) >= TAIL else self._tail[rank] + chunk)[-TAIL:]


def measure(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            size += len(piece)
            digest.update(piece)
    return size, digest.hexdigest()
