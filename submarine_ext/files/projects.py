"""The bytes of shared projects: a folder of real files each, and content-addressed versions.

What lies in a project's folder is the truth: kernels and jobs write there too. Everything
here goes down by open folders (:mod:`places`), never through a link, and a file is changed
by putting a whole new one in its place.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO
from weakref import WeakValueDictionary

from msgspec import Struct

from submarine_ext.errors import Conflict, NotFound
from submarine_ext.failpoints import reach
from submarine_ext.files.blobs import CHUNK, Blobs, Staged
from submarine_ext.files.places import Place, folder, place

SAVING = ".submarine-saving-"
#: A file changed so short a time ago (seconds) may change again without looking different.
SETTLED = 2.0


class Entry(Struct, frozen=True):
    """A file or folder: bytes, and seconds since the epoch."""

    name: str
    is_folder: bool
    size: int
    modified: float
    created: float


class Changed(Exception):
    """Somebody outside the lab wrote into a file while it was about to be replaced."""


class Swap:
    """A new file in the place of an old one, until :meth:`done` or :meth:`undo`."""

    def __init__(self, at: Place, old: Place | None) -> None:
        self._at, self._old = at, old
        self._new = _written(at)

    def done(self) -> None:
        """The new file stays."""
        if self._old is not None:
            self._old.remove()
        os.close(self._at.folder)

    def undo(self) -> None:
        """What was there comes back.

        Not where it is another's by now, who wrote into the new file, or took its place: a
        lock on a file system of several machines may have gone to the next one meanwhile.
        """
        if _written(self._at) != self._new:
            self.done()
            return
        if self._old is not None:
            self._old.move(self._at)
        else:
            self._at.remove()
        self._at.sync()
        os.close(self._at.folder)


class ProjectFiles:
    """``root/<project>/`` is the folder that kernels work in; ``root/.blobs`` keeps versions.

    Paths are relative, as :func:`submarine_ext.domain.paths.inside` leaves them.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.blobs = Blobs(root / ".blobs")
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._etags: dict[tuple[int, ...], str] = {}

    def folder(self, project: str) -> Path:
        """The project's working folder, made if it is not there."""
        path = self._root / project
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def projects(self) -> list[str]:
        """The projects that have a folder."""
        if not self._root.is_dir():
            return []
        found = [each.name for each in self._root.iterdir() if each.is_dir()]
        return sorted(name for name in found if not name.startswith("."))

    def remove(self, project: str) -> None:
        """Remove the project's folder with everything in it."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._root / project)

    @asynccontextmanager
    async def locked(self, project: str) -> AsyncIterator[None]:
        """One change of the project's files at a time, in all server processes."""
        async with self._locks.setdefault(project, asyncio.Lock()):
            file = await asyncio.to_thread(self._lock, project)
            try:
                yield
            finally:
                file.close()

    def _lock(self, project: str) -> IO[bytes]:
        locks = self._root / ".locks"
        locks.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (locks / project).open("ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def look(self, project: str, path: str) -> Entry | None:
        """What is there; None for nothing, and for links and devices."""
        try:
            with self._place(project, path) as at:
                status = at.status() if at.name else os.fstat(at.folder)
        except NotFound:
            return None
        return _entry(at.name, status) if status else None

    def nearest(self, project: str, path: str) -> Path:
        """The folder that ``path`` is or is in, on disk; further up where that is gone."""
        while path:
            entry = self.look(project, path)
            if entry is not None and entry.is_folder:
                break
            path = path.rpartition("/")[0]
        return self.folder(project) / path

    def entries(self, project: str, path: str) -> list[Entry]:
        """The files and folders in a folder, by name. Raises NotFound."""
        self.folder(project)
        with folder(self._root / project, path) as handle, os.scandir(handle) as found:
            statuses = [(each.name, each.stat(follow_symlinks=False)) for each in found]
        entries = (_entry(*each) for each in sorted(statuses) if _is_text(each[0]))
        return [entry for entry in entries if entry and not entry.name.startswith(SAVING)]

    def open(self, project: str, path: str) -> IO[bytes]:
        """A file to be read. Raises NotFound."""
        with self._place(project, path) as at:
            return at.open()

    def etag(self, project: str, path: str) -> str | None:
        """The SHA-256 of a file's bytes; None where there is no file.

        Remembered for a file that has not been touched since it was last read.
        """
        try:
            with self.open(project, path) as file:
                return self.etag_of(file)
        except NotFound:
            return None

    def etag_of(self, file: IO[bytes]) -> str:
        """As :meth:`etag`, of an open file of the disk."""
        key = mark(file)
        known = self._etags.get(key)
        if known is not None:
            return known
        file.seek(0)
        etag = sha256(file)
        if time.time() - os.fstat(file.fileno()).st_ctime > SETTLED:
            if len(self._etags) > 10_000:
                self._etags.clear()
            self._etags[key] = etag
        return etag

    def put(
        self,
        project: str,
        path: str,
        staged: Staged,
        over: str | None = None,
        *,
        fresh: bool = False,
    ) -> Swap:
        """Put what was staged in the place of the file at ``path``, for good once it returns.

        Raises Conflict where a folder or a link is in the way, Changed where the file is not
        ``over`` (an ETag) any more, or where there is one at all (``fresh``).
        """
        with self._place(project, path, make=True) as at:
            status = at.status()
            if status is not None and not stat.S_ISREG(status.st_mode):
                what = "folder" if stat.S_ISDIR(status.st_mode) else "link or a device"
                raise Conflict(f"{path[:80]!r} is a {what}.")
            new = at.beside(SAVING + secrets.token_hex(8))
            _write(new, staged, status)
            reach("save-written")
            old = _second_name(at) if status is not None and not fresh else None
            if old is not None and over is not None and _etag(at.beside(old)) != over:
                at.beside(old).remove()
                new.remove()
                raise Changed
            _move(new, at, fresh=fresh)
            at.sync()
            kept = os.dup(at.folder)
            return Swap(Place(kept, at.name), Place(kept, old) if old else None)

    def make_folder(self, project: str, path: str) -> bool:
        """Make a folder; False if it is there. Raises NotFound without the one above."""
        with self._place(project, path) as at:
            try:
                os.mkdir(at.name, 0o755, dir_fd=at.folder)
            except FileExistsError:
                status = at.status()
                if status is None or not stat.S_ISDIR(status.st_mode):
                    raise Conflict(f"There is a file at {path[:80]!r}.") from None
                return False
            at.sync()
        return True

    def move(self, project: str, old: str, new: str) -> None:
        """Rename a file or folder. Raises NotFound, and Conflict where something is at ``new``."""
        taken = Conflict(f"There is something at {new[:80]!r} already; choose another name.")
        with self._place(project, old) as before, self._place(project, new) as after:
            status = before.status()
            if status is None:
                raise NotFound
            if after.status() is not None:
                raise taken
            if stat.S_ISDIR(status.st_mode):
                before.move(after)
            else:  # a link refuses to overwrite, a rename would not
                try:
                    before.link(after)
                except FileExistsError:
                    raise taken from None
                before.remove()
            after.sync()
            before.sync()

    def unlink(self, project: str, path: str) -> None:
        """Remove a file, or a folder with everything in it."""
        with self._place(project, path) as at:
            status = at.status()
            if status is None:
                return
            if stat.S_ISDIR(status.st_mode):
                shutil.rmtree(at.name, dir_fd=at.folder)
            else:
                at.remove()
            at.sync()

    def walk(self, project: str, path: str) -> Iterator[tuple[str, int]]:
        """Every regular file below a folder: its path in the project, and bytes."""
        with folder(self._root / project, path) as handle:
            for above, _, names, here in os.fwalk(".", dir_fd=handle, follow_symlinks=False):
                for name in names:
                    status = os.stat(name, dir_fd=here, follow_symlinks=False)
                    full = os.path.normpath(f"{path}/{above}/{name}").lstrip("/")
                    if stat.S_ISREG(status.st_mode) and _is_text(full):
                        yield full, status.st_size

    def sweep(self, project: str, *, older_than: float) -> None:
        """Remove what saves that were killed left behind, ``older_than`` seconds ago."""
        for path, _ in list(self.walk(project, "")):
            if path.rpartition("/")[2].startswith(SAVING):
                with self._place(project, path) as at:
                    status = at.status()
                    if status is not None and status.st_ctime < time.time() - older_than:
                        at.remove()

    @contextmanager
    def _place(self, project: str, path: str, *, make: bool = False) -> Iterator[Place]:
        """``path`` empty: the project's folder itself, by an empty name."""
        self.folder(project)
        with place(self._root / project, path, make=make) as at:
            yield at


def mark(file: IO[bytes]) -> tuple[int, ...]:
    """Something that is another whenever somebody has written into an open file."""
    status = os.fstat(file.fileno())
    times = status.st_mtime_ns, status.st_ctime_ns
    return status.st_dev, status.st_ino, *times, status.st_size


def sha256(file: IO[bytes]) -> str:
    """Of all that is left of a file."""
    digest = hashlib.sha256()
    while data := file.read(CHUNK):
        digest.update(data)
    return digest.hexdigest()


def _write(new: Place, staged: Staged, like: os.stat_result | None) -> None:
    try:
        with new.create() as target:
            shutil.copyfileobj(staged.rewound(), target, CHUNK)
            if like is not None:
                os.fchmod(target.fileno(), stat.S_IMODE(like.st_mode) & 0o777)
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        with suppress(FileNotFoundError):
            new.remove()
        raise


def _etag(at: Place) -> str:
    with at.open() as file:
        return sha256(file)


def _move(new: Place, at: Place, *, fresh: bool) -> None:
    if not fresh:
        new.move(at)
        return
    try:  # a link refuses to overwrite, a rename would not
        new.link(at)
    except FileExistsError:
        raise Changed from None
    finally:
        new.remove()


def _written(at: Place) -> tuple[int, ...] | None:
    """Something that is another once somebody has put or written something else there."""
    status = at.status()
    return status and (status.st_ino, status.st_mtime_ns, status.st_size)


def _second_name(at: Place) -> str:
    """A name by which what is there can come back."""
    old = SAVING + secrets.token_hex(8)
    at.link(at.beside(old))
    return old


def _entry(name: str, status: os.stat_result) -> Entry | None:
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        return None
    return Entry(name, is_folder, status.st_size, status.st_mtime, status.st_ctime)


def _is_text(name: str) -> bool:
    """Names that are no UTF-8 cannot be told in JSON; nobody but a kernel can use them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
