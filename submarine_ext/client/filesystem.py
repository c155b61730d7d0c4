"""A project's files for whatever speaks fsspec: ``pd.read_csv("submarine://vision/data.csv")``.

Everything goes through the client, so with its user's rights and no others. What was read
piece by piece is of one version. A save replaces the version that this process saw last, or
nothing: another one is refused (:class:`StaleFile`), and both are kept.

fsspec finds this by the entry point ``fsspec.specs``; nothing else of ours imports it.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from glob import has_magic
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from fsspec.utils import stringify_path

from submarine_ext.client.client import Client
from submarine_ext.client.files import File, Files
from submarine_ext.domain.access import Capability
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.paths import inside
from submarine_ext.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    StorageFull,
    SubmarineError,
    TooLarge,
    Unavailable,
)

Info = dict[str, Any]


class StaleFile(OSError):
    """Somebody saved the file meanwhile. ``etag`` is what it is now, ``kept`` the version that
    holds what was refused (None while reading).
    """

    def __init__(self, sentence: str, path: str, error: Stale) -> None:
        super().__init__(errno.ESTALE, sentence, path)
        self.etag, self.kept = error.etag, error.kept


class ProjectFileSystem(AbstractFileSystem):
    """``submarine://PROJECT/PATH``. Without ``url`` and ``token`` the server is found as
    :class:`Client` finds it.
    """

    protocol = "submarine"
    root_marker = ""

    def __init__(self, url: str | None = None, token: str | None = None, **more: Any) -> None:
        super().__init__(**more)
        self._given = url, token
        self._connected: tuple[int, Client] | None = None
        #: The ETag of each file that was read or written here last, by path.
        self._seen: dict[str, str] = {}

    @property
    def client(self) -> Client:
        """Connected on first use, again in a forked process and after the server went away."""
        if self._connected is None or self._connected[0] != os.getpid():
            self._connected = os.getpid(), Client(*self._given)
        return self._connected[1]

    def close(self) -> None:
        """Let go of the connections; the next use makes new ones."""
        if self._connected is not None:
            self._connected[1].close()
            self._connected = None

    @contextmanager
    def place(self, path: str) -> Iterator[tuple[Files, str]]:
        """The files of the path's project, and the path in it; errors become Python's own."""
        try:
            project, _, inner = inside(path, "path").partition("/")
            if not project:
                raise Invalid("Name a project: submarine://PROJECT/PATH.", field="path")
            yield self.client.files(project), inner
        except Unavailable as error:
            self.close()
            raise _told(error, path) from error
        except SubmarineError as error:
            raise _told(error, path) from error

    def saw(self, path: str, etag: str) -> None:
        """What is saved at the path from now on was made from this version."""
        self._seen[path] = etag

    def known(self, path: str) -> str | None:
        """The version that a save would be made from; None where there is no file."""
        if path in self._seen:
            return self._seen[path]
        try:
            found = self.info(path)
        except FileNotFoundError:
            return None
        if found["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, "This is a folder", path)
        return str(found["etag"])

    def info(self, path: str, **_: Any) -> Info:
        """Size, type, time and ETag."""
        path = self._strip_protocol(path)
        if not path:
            return _folder("")
        with self.place(path) as (files, inner):
            return _info(files.info(inner))

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002
        """What is in a folder; the projects, where it is the root."""
        path = self._strip_protocol(path)
        found = self._entries(path) if path else self._projects()
        return found if detail else [each["name"] for each in found]

    def _entries(self, path: str) -> list[Info]:
        with self.place(path) as (files, inner):
            try:
                return [_info(each) for each in files.list(inner)]
            except Invalid:  # it is a file
                return [_info(files.info(inner))]

    def _projects(self) -> list[Info]:
        found = self.client.projects.list()
        return [_folder(each.name) for each in found if Capability.FILE_READ in each.capabilities]

    def modified(self, path: str) -> datetime:
        """When it was changed last."""
        return datetime.fromisoformat(self.info(path)["last_modified"])

    def ukey(self, path: str) -> str:
        """The SHA-256 of the file's bytes."""
        return str(self.info(path)["etag"])

    checksum = ukey

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,  # noqa: FBT001, FBT002
        cache_options: dict[str, Any] | None = None,
        **more: Any,
    ) -> AbstractBufferedFile:
        """``if_match`` for writing: the ETag to replace, ``*`` for whatever is there."""
        kind = _Reader if mode == "rb" else _Writer
        return kind(
            self,
            path,
            mode,
            block_size or AbstractBufferedFile.DEFAULT_BLOCK_SIZE,
            autocommit=autocommit,
            cache_options=cache_options,
            **more,
        )

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:  # noqa: FBT001, FBT002
        """Make a folder in a project."""
        path = self._strip_protocol(path)
        if self.exists(path):
            raise FileExistsError(errno.EEXIST, "There is something already", path)
        above = self._parent(path)
        if create_parents and above and not self.exists(above):
            self.mkdir(above)
        with self.place(path) as (files, inner):
            if not inner:
                raise NotFound(_NO_PROJECT)
            files.make_folder(inner)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002
        """Make a folder and those above it."""
        if not (exist_ok and self.isdir(path)):
            self.mkdir(path)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        if self.ls(path):
            raise OSError(errno.ENOTEMPTY, "The folder is not empty", path)
        self._trash(self._strip_protocol(path))

    def rm_file(self, path: str) -> None:
        """Put a file into the trash."""
        path = self._strip_protocol(path)
        if self.info(path)["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, "This is a folder: add recursive=True", path)
        self._trash(path)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:  # noqa: FBT001, FBT002
        """Into the trash; folders only if ``recursive``, and then as a whole."""
        if not recursive or maxdepth is not None:
            super().rm(path, recursive=recursive, maxdepth=maxdepth)
            return
        gone: list[str] = []
        for each in sorted(self.expand_path(path)):
            if not any(each.startswith(f"{above}/") for above in gone):
                self._trash(each)
                gone.append(each)

    def _trash(self, path: str) -> None:
        with self.place(path) as (files, inner):
            if not inner:
                raise Invalid("A whole project is deleted in the lab, not here.", field="path")
            files.delete(inner)
        self._forget(path)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy a file's bytes; a folder is only made."""
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        with self.open(path1, "rb") as source, self.open(path2, "wb") as target:
            shutil.copyfileobj(source, target, AbstractBufferedFile.DEFAULT_BLOCK_SIZE)

    def mv(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,  # noqa: FBT001, FBT002
        maxdepth: int | None = None,
        **more: Any,
    ) -> None:
        """Rename within a project, and the history goes along; else copy, then delete."""
        if not (_is_plain(path1) and _is_plain(path2)) or maxdepth is not None:
            super().mv(path1, path2, recursive=recursive, maxdepth=maxdepth, **more)
            return
        old, new = self._strip_protocol(path1), self._strip_protocol(path2)
        if str(path2).endswith("/") or self.isdir(new):
            new = f"{new}/{old.rpartition('/')[2]}"
        if old.partition("/")[0] != new.partition("/")[0]:
            super().mv(old, new, recursive=recursive, **more)
            return
        with self.place(old) as (files, inner), self.place(new) as (_, target):
            files.rename(inner, target)
        self._forget(old)
        self._forget(new)

    def _forget(self, path: str) -> None:
        gone = [each for each in self._seen if each == path or each.startswith(f"{path}/")]
        for each in gone:
            self._seen.pop(each, None)


class _Reader(AbstractBufferedFile):
    """A file being read: its first block comes with the opening, the others must match it."""

    def __init__(
        self, fs: ProjectFileSystem, path: str, mode: str, block: int, **more: Any
    ) -> None:
        with fs.place(path) as (files, inner):
            self._head = files.read_part(inner, 0, block)
        super().__init__(fs, path, mode, block, size=self._head.size, **more)
        fs.saw(path, self._head.etag)

    def _fetch_range(self, start: int, end: int) -> bytes:
        head = self._head
        if end <= len(head.data):
            return head.data[start:end]
        with self.fs.place(self.path) as (files, inner):
            return bytes(files.read_part(inner, start, end - start, if_match=head.etag).data)


class _Writer(AbstractBufferedFile):
    """A file being written: it grows on the local disk, and is sent as a whole."""

    def __init__(
        self,
        fs: ProjectFileSystem,
        path: str,
        mode: str,
        block: int,
        *,
        if_match: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(fs, path, mode, block, **more)
        self._held = TemporaryDirectory(prefix="submarine-")
        self._at = Path(self._held.name, "file")
        try:
            self._base = self._begin() if if_match is None else if_match
        except BaseException:
            self._held.cleanup()
            self.closed = True
            raise
        self._file = self._at.open("ab")
        self.loc = self._file.tell()

    def _begin(self) -> str | None:
        """The version that this will replace; for appending, it is the beginning of the new."""
        if "a" not in self.mode:
            base: str | None = self.fs.known(self.path)
            if "x" in self.mode and base is not None:
                raise FileExistsError(errno.EEXIST, "There is a file already", self.path)
            return base
        try:
            with self.fs.place(self.path) as (files, inner):
                return str(files.receive(inner, self._at))
        except FileNotFoundError:
            return None

    def _upload_chunk(self, final: bool = False) -> bool:  # noqa: FBT001, FBT002
        self._file.write(self.buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        """Save it. Raises StaleFile where that would replace what nobody here has seen."""
        self._file.close()
        try:
            with self.fs.place(self.path) as (files, inner):
                create = self._base is None
                version = files.send(inner, self._at, if_match=self._base, create=create)
        except StaleFile as error:
            raise _too_late(self, error) from error.__cause__
        finally:
            self._held.cleanup()
        self.fs.saw(self.path, version.etag)

    def discard(self) -> None:
        """Save nothing."""
        self._file.close()
        self._held.cleanup()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:  # half a file is nobody's wish
            self.discard()
            self.closed = True
        self.close()


_NO_PROJECT = (
    "There is no such project here: make it in the lab, or with `submarine project create`."
)

#: The nearest class in an error's ancestry decides.
_ERRORS: dict[type[BaseException], tuple[type[OSError], int]] = {
    SubmarineError: (OSError, errno.EIO),
    Invalid: (OSError, errno.EINVAL),
    TooLarge: (OSError, errno.EFBIG),
    Forbidden: (PermissionError, errno.EACCES),
    NotFound: (FileNotFoundError, errno.ENOENT),
    Conflict: (FileExistsError, errno.EEXIST),
    Unavailable: (ConnectionError, errno.EHOSTUNREACH),
    StorageFull: (OSError, errno.ENOSPC),
}


def _told(error: SubmarineError, path: str) -> OSError:
    """The error as Python has it for files, which puts the path behind the sentence."""
    sentence = error.detail.removesuffix(".")
    if isinstance(error, Stale):
        return StaleFile(sentence, path, error)
    kind, number = next(_ERRORS[each] for each in type(error).__mro__ if each in _ERRORS)
    return kind(number, sentence, path)


def _too_late(file: _Writer, error: StaleFile) -> OSError:
    """Who was faster, when, and what to do now."""
    stale = error.__cause__
    if not isinstance(stale, Stale) or "x" in file.mode:
        return FileExistsError(errno.EEXIST, "Somebody has made this file meanwhile", file.path)
    with file.fs.place(file.path) as (files, inner):
        theirs = files.current(inner)
    if theirs is None:
        return StaleFile(stale.detail, file.path, stale)
    who = "Something outside the lab" if theirs.author == SYSTEM else theirs.author
    sentence = (
        f"{who} saved this at {theirs.last_modified}, after it was read here. That version is in "
        f"place and yours is kept as version {stale.kept}. Read the file and write it anew, or "
        f"put yours in place with `submarine history {inner} --project {files.project} "
        f"--restore {stale.kept}`"
    )
    return StaleFile(sentence, file.path, stale)


def _is_plain(path: object) -> bool:
    return isinstance(path, (str, os.PathLike)) and not has_magic(stringify_path(path))


def _info(file: File) -> Info:
    modified = file.last_modified
    return {
        "name": file.path,
        "type": "directory" if file.type == "directory" else "file",
        "size": file.size or 0,
        "mtime": datetime.fromisoformat(modified).timestamp() if modified else None,
        "last_modified": modified,
        "etag": file.etag,
        "writable": file.writable,
    }


def _folder(name: str) -> Info:
    return {"name": name, "type": "directory", "size": 0}
