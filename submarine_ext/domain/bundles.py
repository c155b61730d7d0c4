"""What may travel in a bundle: limits and names, the same for who packs and who unpacks.

A bundle is a gzipped tar of a working folder, named by the SHA-256 of its bytes. It holds
regular files and folders under relative names; links and devices have no place in it.
This module must not read or write one: the client packs, ``files`` unpacks.
"""

from __future__ import annotations

import unicodedata

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

MAX_NAME = 255
MAX_PATH = 1024


class Packed(Struct, frozen=True):
    """A folder of the server as a bundle; ``size`` in bytes, gzipped."""

    sha256: str
    files: int
    size: int
    warnings: list[str]


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
