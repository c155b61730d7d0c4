"""Large uploads that come in pieces, by requests that know nothing of each other.

What has arrived lies in ``.receiving-<key>.<pieces>.<bytes>``: the name says how many pieces
it is and where the last one ended, so that a piece which was cut by a crash, or came twice,
does no harm. Whoever gives up leaves a file that :class:`Blobs` sweeps.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import Conflict, TooLarge
from submarine_ext.files.blobs import RECEIVING, Staged

#: The largest file that may come in pieces, in bytes.
MAX_FILE = 1024**3


class Uploads:
    """Below ``root``. A ``key`` stands for one person's upload to one path."""

    def __init__(self, root: Path, max_bytes: int = MAX_FILE) -> None:
        self._root = root
        self.max_bytes = max_bytes

    @staticmethod
    def key(*parts: str) -> str:
        """A name for who uploads what where."""
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def add(self, key: str, number: int, data: bytes) -> int:
        """Take piece ``number`` (from 1 on); the answer is how many bytes there are now.

        The first piece begins anew. Raises Conflict for one out of turn, TooLarge.
        """
        if number == 1:
            self.forget(key)
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            at, size = self._path(key, 0, 0), 0
            at.touch(mode=0o600)
        else:
            at, pieces, size = self._found(key)
            if pieces != number - 1:
                self.forget(key)
                raise Conflict("The pieces of this upload came out of turn: begin it again.")
        self._check(key, size + len(data))
        with at.open("r+b") as file:
            file.truncate(size)
            file.seek(size)
            file.write(data)
        at.rename(self._path(key, number, size + len(data)))
        return size + len(data)

    def finish(self, key: str, data: bytes, into: Staged) -> None:
        """Hand over all pieces and ``data``, the last one. Raises Conflict, TooLarge."""
        at, _, size = self._found(key)
        self._check(key, size + len(data))
        with at.open("rb") as file:
            into.copy(file)
        into.write(data)
        self.forget(key)

    def forget(self, key: str) -> None:
        """Nobody goes on with this upload."""
        for left in self._root.glob(f"{RECEIVING}{key}.*"):
            left.unlink(missing_ok=True)

    def _check(self, key: str, size: int) -> None:
        if size > self.max_bytes:
            self.forget(key)
            raise TooLarge(f"A file may have {human_bytes(self.max_bytes)} at most.")

    def _found(self, key: str) -> tuple[Path, int, int]:
        for path in self._root.glob(f"{RECEIVING}{key}.*"):
            pieces, size = path.name.split(".")[-2:]
            return path, int(pieces), int(size)
        raise Conflict("This upload is not known any more: begin it again.")

    def _path(self, key: str, pieces: int, size: int) -> Path:
        return self._root / f"{RECEIVING}{key}.{pieces}.{size}"
