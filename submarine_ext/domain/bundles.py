"""What may travel in a bundle: limits and names, the same for who packs and who unpacks.

A bundle is a gzipped tar of a working folder, named by the SHA-256 of its bytes. It holds
regular files and folders under relative names; links and devices have no place in it.
This module must not read or write one: the client packs, ``files`` unpacks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from submarine_ext.errors import Invalid

MIB = 1024 * 1024

#: The gzipped tar, in bytes: what one PUT may carry.
MAX_PACKED = 50 * MIB
#: All files unpacked, in bytes. Source code shrinks three- to fivefold; bombs a thousandfold.
MAX_UNPACKED = 512 * MIB
#: Files and folders in one bundle.
MAX_ENTRIES = 20_000
#: A single file over this many bytes is probably data: whoever packs is warned.
LARGE_FILE = 5_000_000

#: Names of what stays at home, where somebody is told of it.
MOST_TOLD = 20

MAX_NAME = 255
MAX_PATH = 1024


class Packed(Struct, frozen=True):
    """A folder of the server as a bundle; ``size`` in bytes, gzipped; ``unpacked`` is not.

    ``left_out`` counts what stays at home, ``ignored`` names the first of it.
    """

    sha256: str
    files: int
    size: int
    warnings: list[str]
    unpacked: int = 0
    left_out: int = 0
    ignored: list[str] = []


def check_name(name: str) -> str:
    """The name itself if it may stand in a bundle, else :class:`Invalid`.

    Relative, with ``/`` between its parts, without ``..``, empty parts, backslashes or
    control characters, in valid Unicode; at most 255 bytes a part and 1024 in all.
    """
    problem = _problem(name)
    if problem:
        shown = name.encode("ascii", "backslashreplace").decode()[:80]
        raise Invalid(f"The file name {shown!r} cannot be in a bundle: {problem}.", field="bundle")
    return name


def of_project(
    members: Mapping[str, str], versions: Iterable[tuple[str, str, int]]
) -> dict[str, int]:
    """Which versions of a project's files a bundle consists of: version by the file's path.

    ``members`` are the bundle's SHA-256 by name, ``versions`` (path, SHA-256, version) in
    their order of age. A bundle is of one folder of the project: the one below which most
    members are found (of several, the one nearest to the top).
    """
    folders: dict[str, dict[str, int]] = {}
    for path, sha256, version in versions:
        for name in _ends(path):
            if members.get(name) == sha256:
                folders.setdefault(path[: -len(name)], {})[path] = version
    most = sorted(folders, key=lambda folder: (-len(folders[folder]), folder.count("/"), folder))
    return folders[most[0]] if most else {}


def _ends(path: str) -> Iterator[str]:
    """``a/b/c``, ``b/c``, ``c``."""
    yield path
    while "/" in path:
        path = path.partition("/")[2]
        yield path


def _problem(name: str) -> str | None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    parts = name.split("/")
    if name.startswith("/"):
        return "it is absolute"
    if any(part in ("", ".", "..") for part in parts):
        return 'a part of it is empty, "." or ".."'
    if "\\" in name or any(unicodedata.category(c) == "Cc" for c in name):
        return "it holds a backslash or a control character"
    if size > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        return "it is too long"
    return None
