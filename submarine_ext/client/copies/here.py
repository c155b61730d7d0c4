"""The folder of a working copy. Files are looked at and placed through open folders, never
through a link: whatever a project says they are called, they stay inside.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from submarine_ext.client.copies.notes import FOLDER
from submarine_ext.errors import Conflict, Invalid, NotFound
from submarine_ext.files.folder import is_ignored, scan
from submarine_ext.files.places import Place, place
from submarine_ext.files.projects import sha256


class Here:
    """Paths are relative to ``root``, as in the project."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def etags(self) -> dict[str, str]:
        """The SHA-256 of all files that may travel. Raises Invalid for links among them."""
        names = [each.name for each in scan(self.root) if not is_hidden(each.name)]
        return {name: etag for name in names if (etag := self.etag(name)) is not None}

    def etag(self, path: str) -> str | None:
        """The SHA-256 of a file; None where there is nothing. Raises Invalid for a link."""
        try:
            with place(self.root, path) as at, at.open() as file:
                return sha256(file)
        except NotFound:
            if not self.is_there(path):
                return None
            raise Invalid(
                f"{path[:80]!r} is or lies behind a link or a folder, where a file should be: "
                "put a file there, or name it in .submarineignore."
            ) from None

    def is_there(self, path: str) -> bool:
        """Whether there is anything, a link and a folder included."""
        return os.path.lexists(self.root / path)

    def stays_home(self, path: str) -> bool:
        """Whether the ignore files say that it does not travel."""
        return is_ignored(self.root, path)

    def put(self, incoming: str, path: str, etag: str, *, over: str | None) -> None:
        """Move a file from our own folder into its place, where ``over`` (or the very same) is.

        Raises Conflict where something else is there by now, or it is not ``etag``.
        """
        source = place(self.root, f"{FOLDER}/{incoming}")
        with source as new, place(self.root, path, make=True) as at:
            if _etag(new) != etag:
                raise Conflict("It did not arrive whole: do it again.")
            if at.status() is not None and self.etag(path) not in (over, etag):
                raise Conflict("It was changed here just now: do it again.")
            new.move(at)
            at.sync()

    def remove(self, path: str, *, over: str) -> None:
        """Remove a file that is ``over``, and the folders that it leaves empty."""
        with place(self.root, path) as at:
            if self.etag(path) != over:
                raise Conflict("It was changed here just now: do it again.")
            at.remove()
        for above in PurePosixPath(path).parents[:-1]:
            with suppress(OSError):  # something else is in it
                (self.root / above).rmdir()


def is_hidden(path: str) -> bool:
    """What projects cannot hold: a part of it begins with a dot."""
    return any(part.startswith(".") for part in path.split("/"))


def _etag(at: Place) -> str:
    with at.open() as file:
        return sha256(file)
