"""What a working copy remembers: of which project it is a copy, and of what.

It lies in ``.submarine/`` (hidden names do not travel, so no project can hold it) and is
written after each file, as a whole: whoever is killed can begin again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from submarine_ext.domain.copies import COPIES, Known
from submarine_ext.errors import Conflict, Invalid

FOLDER = ".submarine"
STATE = "state.json"
INCOMING = "incoming-"


class State(Struct, kw_only=True):
    """The file's content. ``created`` is the project's: one of the same name on another server
    is another project.
    """

    project: str
    created: str
    files: dict[str, Known] = {}


class Notes:
    """The notes of the working copy in ``root``. Raises Invalid where there is none."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER
        if self.folder.is_symlink():
            raise Invalid(f"{self.folder} is a link: a working copy keeps its own notes.")
        self._state = self._read()

    @classmethod
    def begin(cls, root: Path, project: str, created: str) -> Notes:
        """Those in ``root``, made if it is a new or empty folder. Raises Invalid elsewhere."""
        _refuse_projects_own(root)
        root.mkdir(parents=True, exist_ok=True)
        folder = root / FOLDER
        if not (folder / STATE).exists():
            if _holds_files(root):
                raise Invalid(
                    f"{root} holds other files: name a new folder, `checkout {project} FOLDER`."
                )
            folder.mkdir(exist_ok=True, mode=0o700)
            _write(folder, State(project=project, created=created))
        notes = cls(root)
        notes.require(project, created)
        return notes

    def require(self, project: str, created: str) -> None:
        """Raise Invalid unless this is a copy of that very project."""
        if self.project != project:
            raise Invalid(
                f"{self.folder.parent} is a working copy of {self.project}: name another folder "
                f"for {project}."
            )
        if self._state.created != created:
            raise Invalid(
                f"{self.folder.parent} is a working copy of a project {project} on another "
                "server: connect to that one, or name another folder."
            )

    @property
    def project(self) -> str:
        """Of which project this is a copy."""
        return self._state.project

    @property
    def files(self) -> dict[str, Known]:
        """What both sides had last, by path; to be looked at only."""
        return self._state.files

    def etag(self, path: str) -> str | None:
        """What both sides had last."""
        known = self._state.files.get(path)
        return known.etag if known else None

    def write(self, path: str, etag: str | None, mark: str = "", beside: str | None = None) -> None:
        """Both sides have this now; None: neither has the file."""
        if etag is None:
            self._state.files.pop(path, None)
        else:
            self._state.files[path] = Known(etag, mark, beside)
        _write(self.folder, self._state)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One checkout or push at a time; what a killed one left behind goes."""
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in self.folder.glob(f"*{INCOMING}*"):
                left.unlink(missing_ok=True)
            self._state = self._read()
            yield
        except BlockingIOError:
            raise Conflict(f"A checkout or push is at work in {self.folder.parent}.") from None
        finally:
            os.close(handle)

    def _read(self) -> State:
        at = self.folder / STATE
        try:
            return msgspec.json.decode(at.read_bytes(), type=State)
        except (FileNotFoundError, NotADirectoryError):
            raise Invalid(
                f"{self.folder.parent} is no working copy: `checkout PROJECT` makes one."
            ) from None
        except msgspec.MsgspecError as error:
            raise Invalid(
                f"{at} cannot be read ({error}). Check the project out into a new folder and "
                "copy your changes into it."
            ) from None


def default_folder(project: str, here: Path) -> Path:
    """Where a copy of the project goes: into the folder that its kernels work in, if that is
    where we are, else into a folder of its name.
    """
    for each in (here, *here.parents):
        if (each.parent.name, each.name) == (COPIES, project):
            return each
    return here / project


def _refuse_projects_own(root: Path) -> None:
    """A copy in a project's own folder, where its kernels work on one server, would be files of
    that project.
    """
    for each in (root, *root.parents):
        if (each.parent / ".blobs").is_dir() and (each.parent / ".locks").is_dir():
            raise Invalid(
                f"{root} is in the project {each.name} itself: its files are here already, and "
                "its modules can be imported. Name a folder elsewhere for a working copy."
            )


def _holds_files(root: Path) -> bool:
    """Whether there is more than empty folders, such as kernels are started in."""
    visible = [each for each in root.iterdir() if not each.name.startswith(".")]
    return any(each.is_symlink() or not each.is_dir() or _holds_files(each) for each in visible)


def nearest(folder: Path) -> Path | None:
    """The working copy that ``folder`` is in; else the only one that is in ``folder``."""
    for each in (folder, *folder.parents):
        if (each / FOLDER / STATE).is_file():
            return each
    inside = [each.parent.parent for each in folder.glob(f"*/{FOLDER}/{STATE}")]
    return inside[0] if len(inside) == 1 else None


def _write(folder: Path, state: State) -> None:
    """The old one or the new one, whole, whenever we are killed."""
    new = folder / f"{INCOMING}{STATE}"
    with new.open("wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / STATE)
