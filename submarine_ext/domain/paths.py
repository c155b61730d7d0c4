"""Paths that people give us are relative, plain and stay inside their folder."""

from __future__ import annotations

from typing import NamedTuple

from submarine_ext.errors import Invalid


class Where(NamedTuple):
    """A file or folder of a project."""

    project: str
    path: str


def inside(path: str, field: str) -> str:
    """``path`` normalised, or Invalid naming ``field``.

    Refused: absolute paths, ``..``, backslashes (a separator elsewhere), control
    characters and parts over 255 bytes. ``.`` and doubled slashes are folded away.
    """
    if path.startswith("/") or "\\" in path:
        raise Invalid(f"{field}: {path[:80]!r} must be a relative path with '/'.", field=field)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Invalid(f"{field}: {path[:80]!r} leaves its folder ('..').", field=field)
    if any(ord(c) < 32 or ord(c) == 127 for c in path):
        raise Invalid(f"{field}: {path[:80]!r} has control characters.", field=field)
    if any(len(part.encode("utf-8", "surrogatepass")) > 255 for part in parts):
        raise Invalid(f"{field}: a part of the path is longer than 255 bytes.", field=field)
    return "/".join(parts)
