"""The project's side of a working copy: which files it has, of which version each.

A listing is cheap and says when a file was changed and how long it is; its ETag is asked for
only where that is not what it was.
"""

from __future__ import annotations

from pathlib import Path

from submarine_ext.client.copies.here import is_hidden
from submarine_ext.client.files import File, Files
from submarine_ext.domain.bundles import check_name
from submarine_ext.domain.copies import Known
from submarine_ext.errors import Invalid, NotFound, SubmarineError


class There:
    """What :class:`Copy` compares its folder with."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def marks(self, strange: list[str]) -> dict[str, str]:
        """A mark for each file: it changes with the file. ``strange`` gets names that cannot be
        taken because they might do harm here, whoever made them.
        """
        found: dict[str, str] = {}
        folders = [""]
        while folders:
            folder = folders.pop()
            for each in self.files.list(folder):
                path = f"{folder}/{each.name}".lstrip("/")
                if not _is_harmless(path):
                    strange.append(path)
                elif each.type == "directory":
                    folders.append(path)
                else:
                    found[path] = _mark(each)
        return found

    def etag(self, path: str, mark: str, known: Known | None) -> str | None:
        """The file's version; None where it has just gone."""
        if known is not None and known.mark == mark:
            return known.etag
        try:
            return self.files.info(path).etag
        except NotFound:
            return None

    def receive(self, path: str, to: Path) -> str:
        """Save a file at ``to``; its ETag, which is that of the bytes that came."""
        return self.files.receive(path, to)

    def is_version(self, path: str, etag: str) -> bool:
        """Whether the file once was this, so that nothing is lost with it."""
        return any(version.etag == etag for version in self.files.history(path))

    def who(self, path: str) -> str:
        """Who changed the file last, and when, to begin a sentence with."""
        try:
            version = self.files.current(path)
        except SubmarineError:
            version = None
        return f"{version.author} saved" if version else "Somebody deleted"


def _mark(file: File) -> str:
    return f"{file.last_modified} {file.size}"


def _is_harmless(path: str) -> bool:
    try:
        return check_name(path) == path and not is_hidden(path)
    except Invalid:
        return False
