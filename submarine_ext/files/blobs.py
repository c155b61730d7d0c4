"""What versions consist of: bytes by their SHA-256, written once and never changed.

A blob is on disk for good before anybody may name it. What no row names is swept, but only
when it is old: a row may be about to name it. Nothing here knows projects or versions.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from submarine_ext.errors import NotFound

RECEIVING = ".receiving-"
#: Nobody takes longer than this (seconds) from writing a blob to naming it.
GRACE = 3600.0
CHUNK = 1024 * 1024


class Staged:
    """Bytes on their way in: a temporary file that is gone with its context."""

    def __init__(self, folder: Path) -> None:
        # Closed, and removed, by __exit__.
        self._file: IO[bytes] = tempfile.NamedTemporaryFile(dir=folder, prefix=RECEIVING)  # noqa: SIM115
        self._hash = hashlib.sha256()
        self.path = Path(self._file.name)
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    def copy(self, source: IO[bytes]) -> None:
        """Add all that is left of another file."""
        while data := source.read(CHUNK):
            self.write(data)

    def sync(self) -> None:
        """Onto the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def rewound(self) -> IO[bytes]:
        """The bytes, to be read from the start."""
        self._file.flush()
        self._file.seek(0)
        return self._file


class Blobs:
    """``root/ab/<sha256>``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def stage(self) -> Staged:
        """Begin to receive; :meth:`keep` makes a blob of it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Staged(self.root)

    def keep(self, staged: Staged) -> str:
        """Keep what was staged; the SHA-256 is its name from now on."""
        sha256 = staged.sha256
        if self._renew(sha256):
            return sha256
        staged.sync()
        path = self._path(sha256)
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True, mode=0o700)
            sync_folder(self.root)
        with suppress(FileExistsError):
            os.link(staged.path, path)
        sync_folder(path.parent)
        return sha256

    def put(self, body: bytes) -> str:
        """Keep bytes that are in memory."""
        with self.stage() as staged:
            staged.write(body)
            return self.keep(staged)

    def open(self, sha256: str) -> IO[bytes]:
        """A blob to be read. Raises NotFound."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound from None

    def sweep(self, named: Collection[str], *, older_than: float = GRACE) -> int:
        """Remove blobs that nobody names and uploads that nobody goes on with.

        ``older_than`` is in seconds since they were last written or kept again. How many
        blobs went is the answer.
        """
        before = time.time() - older_than
        for left in self.root.glob(f"{RECEIVING}*"):
            _remove_older(left, before)
        return sum(
            self._forget(path, before) for path in self.root.glob("??/*") if path.name not in named
        )

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    def _renew(self, sha256: str) -> bool:
        """Whether it is here; its age then begins anew, so that no sweep takes it."""
        with self._locked(fcntl.LOCK_SH):
            try:
                os.utime(self._path(sha256))
            except FileNotFoundError:
                return False
        return True

    def _forget(self, path: Path, before: float) -> bool:
        with self._locked(fcntl.LOCK_EX):
            return _remove_older(path, before)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Between looking at a blob's age and removing it nobody may begin to rely on it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.root / ".lock").open("ab") as file:
            fcntl.flock(file, how)
            yield


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_older(path: Path, before: float) -> bool:
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < before:
            path.unlink()
            return True
    return False
