"""Code bundles, by content: received, checked, looked into and unpacked.

A bundle is accepted only after every member was looked at (a regular file or a folder,
a plain relative name, sizes and count within limits), so that later readers need not ask.
Unpacking writes member by member; ``tarfile``'s own extraction is not used, because its
filters have been escaped before (CVE-2025-4517).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from submarine_ext.domain.archives import Header
from submarine_ext.domain.bundles import MAX_ENTRIES, MAX_UNPACKED, check_name
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.errors import Invalid, NotFound, TooLarge

_CHUNK = 1024 * 1024
_ENDING = ".tar.gz"
_members = msgspec.json.Decoder(dict[str, str]).decode
_ARCHIVE_ERRORS = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError)


class BundleFiles:
    """Bundles below ``root``; ``max_bytes`` is the limit of one, gzipped."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root
        self.max_bytes = max_bytes

    def has(self, sha256: str) -> bool:
        """Whether this bundle is here."""
        return self._path(sha256).is_file()

    def receive(self, sha256: str) -> BundleWriter:
        """A writer for a bundle that is to have this hash; use it as a context."""
        return BundleWriter(self.root, self._path(sha256), sha256, self.max_bytes)

    def members(self, sha256: str) -> dict[str, str]:
        """The SHA-256 of each file in the bundle, by name, in its order. Raises NotFound.

        Read from the index beside it; a bundle that came before there were any gets one now.
        """
        index = _index(self._path(sha256))
        try:
            return _members(index.read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            with self._open(sha256) as archive:
                members = {m.name: _digest(archive, m) for m in archive if m.isreg()}
            _write_index(index, members)
            return members

    def read(self, sha256: str, name: str) -> bytes:
        """One file's content. Raises NotFound."""
        with self._open(sha256) as archive:
            for member in archive:
                if member.isreg() and member.name == name:
                    return _body(archive, member).read()
        raise NotFound

    def sources(self, sha256: str, endings: tuple[str, ...], most: int) -> dict[str, bytes]:
        """The content of all files with one of these endings, of at most ``most`` bytes each.

        Raises NotFound.
        """
        with self._open(sha256) as archive:
            return {
                member.name: _body(archive, member).read()
                for member in archive
                if member.isreg() and member.size <= most and member.name.endswith(endings)
            }

    def unpack(self, sha256: str, to: Path) -> None:
        """Write the bundle's files below ``to``, a folder that this call fills alone."""
        with self._open(sha256) as archive:
            for member in archive:
                target = to / check_name(member.name)
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                else:
                    mode = 0o755 if member.mode & 0o100 else 0o644
                    _write_file(target, _body(archive, member), mode)

    def opened(self, sha256: str) -> IO[bytes]:
        """The bundle as it came, to be sent on. Raises NotFound."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound from None

    def forget(self, sha256: str) -> None:
        """Remove it; what is already gone is no error."""
        self._path(sha256).unlink(missing_ok=True)
        _index(self._path(sha256)).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self.root / f"{sha256}{_ENDING}"

    @contextmanager
    def _open(self, sha256: str) -> Iterator[tarfile.TarFile]:
        try:
            with tarfile.open(self._path(sha256), "r|gz") as archive:
                yield archive
        except FileNotFoundError:
            raise NotFound from None


class BundleWriter:
    """Receives a bundle in pieces. Left without :meth:`commit`, nothing remains of it."""

    def __init__(self, folder: Path, path: Path, sha256: str, max_bytes: int) -> None:
        self._folder = folder
        self._path = path
        self._sha256 = sha256
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.NamedTemporaryFile(dir=self._folder, prefix=".receiving-")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()  # the temporary file goes with it

    def write(self, chunk: bytes) -> None:
        """Add bytes. Raises TooLarge as soon as the limit is passed."""
        assert self._file is not None
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise too_large(self._max_bytes)
        self._hash.update(chunk)
        self._file.write(chunk)

    def commit(self) -> bool:
        """Check hash and members, then keep it. True if it was not here before."""
        assert self._file is not None
        if self._hash.hexdigest() != self._sha256:
            raise Invalid(
                "The bytes that arrived do not have this sha256; send them again.", field="sha256"
            )
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.seek(0)
        members = check_archive(self._file)
        new = self._keep(Path(self._file.name))
        _write_index(_index(self._path), members)
        return new

    def _keep(self, received: Path) -> bool:
        try:
            os.link(received, self._path)
        except FileExistsError:
            return False
        return True


def too_large(limit: int) -> TooLarge:
    """The refusal, with the limit and what to do."""
    return TooLarge(
        f"The bundle is larger than {human_bytes(limit)}: leave data and results out of it "
        "with a .submarineignore file.",
        field="bundle",
    )


def check_archive(file: IO[bytes]) -> dict[str, str]:
    """Look at every member without keeping one; the SHA-256 of each file by its name.

    Raises Invalid, TooLarge.
    """
    try:
        with tarfile.open(fileobj=file, mode="r|gz", tarinfo=Header) as archive:
            return _check_members(archive)
    except _ARCHIVE_ERRORS as error:
        raise Invalid(f"This is not a gzipped tar archive: {error}.", field="bundle") from None


def _check_members(archive: tarfile.TarFile) -> dict[str, str]:
    size = 0
    seen: set[str] = set()
    digests: dict[str, str] = {}
    for number, member in enumerate(archive, 1):
        check_name(member.name)
        if not (member.isreg() or member.isdir()):
            raise Invalid(
                f"{member.name[:80]!r} is a link or a device; a bundle holds files and folders.",
                field="bundle",
            )
        if member.isreg() and member.name in seen:
            raise Invalid(f"{member.name[:80]!r} is in the bundle twice.", field="bundle")
        seen.add(member.name)
        size += member.size
        if size > MAX_UNPACKED or number > MAX_ENTRIES:
            raise TooLarge(
                f"Unpacked, the bundle is over {human_bytes(MAX_UNPACKED)} or {MAX_ENTRIES} files.",
                field="bundle",
            )
        if member.isreg():
            digests[member.name] = _digest(archive, member)
    return digests


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    digest = hashlib.sha256()
    body = _body(archive, member)
    while chunk := body.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _index(bundle: Path) -> Path:
    return bundle.with_name(f"{bundle.name.removesuffix(_ENDING)}.members")


def _write_index(index: Path, members: dict[str, str]) -> None:
    """Readers see all of it or none; without one it is made again from the bundle."""
    if index.exists():
        return
    draft = index.with_name(f".{index.name}-{secrets.token_hex(8)}")
    draft.write_bytes(msgspec.json.encode(members))
    draft.replace(index)


def _body(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    body = archive.extractfile(member)
    assert body is not None, "only regular files are asked for"
    return body


def _write_file(target: Path, body: IO[bytes], mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # O_EXCL and O_NOFOLLOW: never through a link, never over what is there.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(target, flags, mode), "wb") as out:
        while chunk := body.read(_CHUNK):
            out.write(chunk)
