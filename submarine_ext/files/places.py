"""Going down to a file without following a link: every step is taken from an open folder.

Kernels write into the same folders, so a path that was looked at may be another a moment
later. A step that opens its folder with ``O_NOFOLLOW`` cannot be led out, whenever a link
is swapped in.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from submarine_ext.errors import Conflict, NotFound

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: O_NONBLOCK: a pipe that somebody left there must not hold us up.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Place:
    """A name in an open folder. Every method acts on that folder, wherever it was moved."""

    def __init__(self, folder: int, name: str) -> None:
        self.folder = folder
        self.name = name

    def status(self) -> os.stat_result | None:
        """What is there itself, a link not followed; None for nothing."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self) -> IO[bytes]:
        """The regular file there. Raises NotFound for anything else."""
        try:
            file = os.fdopen(os.open(self.name, _FILE, dir_fd=self.folder), "rb")
        except OSError as error:
            raise _absent(error) from None
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise NotFound
        return file

    def beside(self, name: str) -> Place:
        """Another name in the same folder."""
        return Place(self.folder, name)

    def create(self) -> IO[bytes]:
        """A new file, for writing."""
        return os.fdopen(os.open(self.name, _NEW, 0o644, dir_fd=self.folder), "wb")

    def link(self, to: Place) -> None:
        """Give the file a second name. Raises FileExistsError."""
        os.link(
            self.name,
            to.name,
            src_dir_fd=self.folder,
            dst_dir_fd=to.folder,
            follow_symlinks=False,
        )

    def move(self, to: Place) -> None:
        """Take the place of what is at ``to``."""
        os.rename(self.name, to.name, src_dir_fd=self.folder, dst_dir_fd=to.folder)

    def remove(self) -> None:
        """Remove the file or the link, not what it points to."""
        os.unlink(self.name, dir_fd=self.folder)

    def sync(self) -> None:
        """Make the folder's names outlive a power cut."""
        os.fsync(self.folder)


@contextmanager
def place(root: Path, path: str, *, make: bool = False) -> Iterator[Place]:
    """Where ``path`` is below ``root``; its folders are made on the way if ``make``.

    ``path`` is as :func:`submarine_ext.domain.paths.inside` leaves it, and not empty.
    Raises NotFound where a folder is missing or is a link.
    """
    above, _, name = path.rpartition("/")
    with folder(root, above, make=make) as handle:
        yield Place(handle, name)


@contextmanager
def folder(root: Path, path: str, *, make: bool = False) -> Iterator[int]:
    """The folder at ``path`` (empty: the root itself), opened. Raises NotFound."""
    if make:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as opened:
        handle = _opened(opened, root)
        for name in [part for part in path.split("/") if part]:
            if make:
                _make(handle, name)
            handle = _opened(opened, name, handle)
        yield handle


def _opened(stack: ExitStack, name: str | Path, above: int | None = None) -> int:
    try:
        handle = os.open(name, _FOLDER, dir_fd=above)
    except OSError as error:
        raise _absent(error) from None
    stack.callback(os.close, handle)
    return handle


def _make(handle: int, name: str) -> None:
    try:
        os.mkdir(name, 0o755, dir_fd=handle)
        os.fsync(handle)
    except FileExistsError:
        found = os.stat(name, dir_fd=handle, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            raise Conflict(f"{name[:80]!r} is no folder; rename it first.") from None


def _absent(error: OSError) -> Exception:
    gone = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENAMETOOLONG)
    return NotFound() if error.errno in gone else error
