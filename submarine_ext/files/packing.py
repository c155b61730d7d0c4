"""A working folder as one content-addressed archive: what a job's code travels in.

The same files give the same bytes: sorted names, no times, no owners. What git would
ignore stays at home (``.gitignore``), and so does what ``.submarineignore`` names.
The server is not asked anything here; limits come from :mod:`submarine_ext.domain.bundles`.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from msgspec import Struct

from submarine_ext.domain.bundles import LARGE_FILE, MAX_PACKED, MAX_UNPACKED, MOST_TOLD, Packed
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import TooLarge
from submarine_ext.files.folder import Found, scan


class Bundle(Struct, frozen=True, kw_only=True):
    """An archive on disk, for as long as its context lasts.

    ``size`` is packed, ``unpacked`` is not, in bytes; ``warnings`` are sentences for people;
    ``left_out`` names what stays at home.
    """

    file: Path
    sha256: str
    size: int
    files: int
    unpacked: int
    warnings: list[str]
    left_out: list[str]

    def described(self) -> Packed:
        """What is told of it to whoever asked for it from afar."""
        return Packed(
            sha256=self.sha256,
            files=self.files,
            size=self.size,
            warnings=self.warnings,
            unpacked=self.unpacked,
            left_out=len(self.left_out),
            ignored=self.left_out[:MOST_TOLD],
        )


@contextmanager
def packed(folder: Path) -> Iterator[Bundle]:
    """Pack ``folder``; the archive is removed at the end.

    Raises ``Invalid`` for a link out of the folder or an impossible name, ``TooLarge``
    with the largest files where a limit is passed.
    """
    left_out: list[str] = []
    found = scan(folder, left_out)
    unpacked = sum(f.size for f in found)
    if unpacked > MAX_UNPACKED:
        raise _too_large(folder, found, MAX_UNPACKED, "")
    with tempfile.TemporaryDirectory(prefix="submarine-bundle-") as place:
        file = Path(place, "bundle.tar.gz")
        with file.open("wb") as raw:
            writer = _Hashing(raw, folder, found)
            _write(writer, found)
        yield Bundle(
            file=file,
            sha256=writer.digest.hexdigest(),
            size=writer.size,
            files=len(found),
            unpacked=unpacked,
            warnings=_warnings(found),
            left_out=left_out,
        )


class _Hashing:
    """A file that hashes what is written, and refuses to grow over the limit."""

    def __init__(self, raw: IO[bytes], folder: Path, found: list[Found]) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._raw, self._folder, self._found = raw, folder, found

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size > MAX_PACKED:
            raise _too_large(self._folder, self._found, MAX_PACKED, " packed")
        self.digest.update(data)
        return self._raw.write(data)

    def flush(self) -> None:
        self._raw.flush()


def _write(target: _Hashing, found: list[Found]) -> None:
    zipped = gzip.GzipFile("", "wb", compresslevel=6, fileobj=cast("IO[bytes]", target), mtime=0)
    with zipped, tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for each in found:
            entry = tarfile.TarInfo(each.name)
            entry.mode = 0o755 if each.executable else 0o644
            with each.path.open("rb") as content:
                entry.size = content.seek(0, 2)
                content.seek(0)
                tar.addfile(entry, content)


def _warnings(found: list[Found]) -> list[str]:
    large = sorted((f for f in found if f.size > LARGE_FILE), key=lambda f: -f.size)
    return [
        f"{f.name} is {human_bytes(f.size)} and travels with every version of this folder. "
        "If it is data, name it in .submarineignore and read it by an absolute path."
        for f in large[:3]
    ]


def _too_large(folder: Path, found: list[Found], limit: int, how: str) -> TooLarge:
    largest = sorted(found, key=lambda f: -f.size)[:3]
    names = ", ".join(f"{f.name} ({human_bytes(f.size)})" for f in largest)
    total = human_bytes(sum(f.size for f in found))
    return TooLarge(
        f"The folder {folder} holds {total} in {len(found)} files; a job's folder may have "
        f"{human_bytes(limit)}{how}. The largest: {names}. Name what the job does not need "
        f"in .submarineignore, for example with the line /{largest[0].name}.",
        field="bundle",
    )
