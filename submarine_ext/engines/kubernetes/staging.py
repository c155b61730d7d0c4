"""A place outside the cluster's objects, for files that are too large for them.

Either a PersistentVolumeClaim that this server sees as a folder as well, or an object
store through fsspec. Pods never get the store's credentials: only URLs, presigned for one
object each and for a limited time, as variables from the job's Secret. What the launcher
is told is ``pod.plan``'s ``Fetch`` (the bundle) and ``Deliver`` (large outputs).

Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol, cast

from msgspec import Struct

from submarine_ext.domain.archives import Header
from submarine_ext.domain.bundles import MAX_ENTRIES, check_name
from submarine_ext.engines.kubernetes.cargo import STAGED, Claim
from submarine_ext.engines.kubernetes.pod.plan import Deliver, Fetch
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.errors import Invalid, Unavailable

_BUNDLE = "bundle.tar.gz"
_OUT = "out"
FETCH_URL = "SUBMARINE_FETCH_URL"
DELIVER_URLS = "SUBMARINE_DELIVER_URLS"
#: As long as object stores sign for at most: seven days. A job that waits longer fails.
EXPIRES = 604_800
#: One variable holds the URLs of so many nodes (128 KiB); the others have nowhere to put
#: large outputs, and say so.
MAX_NODES = 64
#: How often, and with which first pause (seconds, then doubled), an area that is away is tried.
TRIES = 5
PAUSE = 1.0
#: How a PUT is asked of ``sign``, by protocol, where it is not ``method="PUT"``.
_PUT: dict[str, dict[str, str]] = {"s3": {"client_method": "put_object"}}
#: These sign for reading, whatever they are asked.
_READS_ONLY = frozenset({"abfs", "az", "adl"})


class Order(Struct, frozen=True, kw_only=True):
    """What the launcher's plan, the job's Secret and the pod's volumes get."""

    fetch: Fetch | None = None
    deliver: Deliver | None = None
    urls: Mapping[str, str] = {}
    claim: Claim | None = None


NOTHING = Order()


class Area(Protocol):
    """A staging area. ``name`` is an attempt's."""

    def send(self, name: str, file: IO[bytes]) -> Order:
        """Bring the bundle there. Raises Invalid or Unavailable, in words."""
        ...

    def expect(self, name: str, nodes: int) -> Order:
        """Let each node deliver."""
        ...

    def collect(self, name: str, into: Path) -> list[str]:
        """Unpack what nodes delivered; a sentence for each delivery that is not usable."""
        ...

    def forget(self, name: str) -> None:
        """Remove all that belongs to the attempt; no error if nothing does."""
        ...


def area(settings: Settings) -> Area | None:
    """The configured one; a claim goes before a URL. Raises Invalid where it is half set."""
    if settings.staging_claim is not None:
        if settings.staging_path is None:
            raise Invalid(
                "staging_claim needs staging_path: where this server sees the same volume.",
                field="staging_path",
            )
        return ClaimArea(settings.staging_claim, Path(settings.staging_path))
    if settings.staging_url is not None:
        return UrlArea(settings.staging_url, settings.staging_options)
    return None


def bring(settings: Settings, name: str, into: Path) -> list[str]:
    """Everything that nodes delivered, into this folder; then nothing of the attempt is left
    there. A sentence for each delivery that could not be had; what is away for longer stays.
    """
    place = area(settings)
    if place is None:
        return []
    for attempt in range(TRIES):
        try:
            problems = place.collect(name, into)
        except Unavailable as error:
            last = error.detail
            time.sleep(PAUSE * 2**attempt if attempt < TRIES - 1 else 0)
        else:
            place.forget(name)
            return problems
    return [f"{last} Large outputs stay in the staging area."]


class ClaimArea:
    """A volume that pods mount and this server sees at ``root``: one folder an attempt."""

    def __init__(self, claim: str, root: Path) -> None:
        self._claim = claim
        self._root = root

    def send(self, name: str, file: IO[bytes]) -> Order:
        """Written beside, then renamed: nobody sees half of it."""
        order = self.expect(name, 1)
        target = self._root / name / _BUNDLE
        draft = target.with_name(f".{_BUNDLE}-{os.getpid()}")
        with self._away("The job's files cannot be staged"):
            with draft.open("wb") as out:
                shutil.copyfileobj(file, out)
            draft.chmod(0o644)
            draft.replace(target)
        return Order(fetch=_fetch(file, path=f"{STAGED}/{_BUNDLE}"), claim=order.claim)

    def expect(self, name: str, nodes: int) -> Order:
        """Pods run as another user: the folder is open to whoever has this volume mounted,
        and jobs have only their own part of it.
        """
        folder = self._root / name
        with self._away("The staging area cannot be used"):
            (folder / _OUT).mkdir(parents=True, exist_ok=True)
            folder.chmod(0o755)
            (folder / _OUT).chmod(0o777)
        return Order(deliver=Deliver(folder=f"{STAGED}/{_OUT}"), claim=Claim(self._claim, name))

    def collect(self, name: str, into: Path) -> list[str]:
        """Read as anybody's files: a link in their place is refused."""
        with self._away("Outputs cannot be fetched"):
            self._root.stat()
        problems = []
        out = self._root / name / _OUT
        for path in _deliveries(out.glob("node-*.tar.gz")):
            try:
                with _delivery(out, path.name) as file:
                    unpack(file, into)
            except Exception as error:  # noqa: BLE001 - whatever a hostile archive makes of tarfile
                problems.append(_unusable(path.name, error))
        return problems

    def forget(self, name: str) -> None:
        """The attempt's folder."""
        shutil.rmtree(self._root / name, ignore_errors=True)

    @contextmanager
    def _away(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(f"{what}: {error.strerror} ({self._root}).") from error


class UrlArea:
    """An object store that can presign."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        import fsspec  # only where a staging area is used

        self._files, root = fsspec.url_to_fs(url, **options)  # type: ignore[no-untyped-call]
        self._root = root.rstrip("/")
        protocol = self._files.protocol
        self._protocol = protocol if isinstance(protocol, str) else protocol[0]

    def send(self, name: str, file: IO[bytes]) -> Order:
        """Uploaded, then signed for reading."""
        path = f"{self._root}/{name}/{_BUNDLE}"
        with self._away("The job's files cannot be staged"), self._files.open(path, "wb") as out:
            shutil.copyfileobj(file, out)
        fetch = _fetch(file, url_from=FETCH_URL)
        return Order(fetch=fetch, urls={FETCH_URL: self._sign(path, {})})

    def expect(self, name: str, nodes: int) -> Order:
        """One signed object for each node, so that none can overwrite another's."""
        if self._protocol in _READS_ONLY:
            raise self._cannot("upload")
        how = _PUT.get(self._protocol, {"method": "PUT"})
        urls = [self._sign(self._out(name, node), how) for node in range(min(nodes, MAX_NODES))]
        deliver = Deliver(urls_from=DELIVER_URLS)
        return Order(deliver=deliver, urls={DELIVER_URLS: " ".join(urls)})

    def collect(self, name: str, into: Path) -> list[str]:
        """Downloaded to a temporary file each."""
        problems = []
        with self._away("Outputs cannot be fetched"):
            found = self._files.glob(f"{self._root}/{name}/{_OUT}/node-*.tar.gz")
            for path in _deliveries(map(Path, found)):
                with tempfile.TemporaryFile() as file:
                    with self._files.open(str(path), "rb") as source:
                        shutil.copyfileobj(cast("IO[bytes]", source), file)
                    file.seek(0)
                    try:
                        unpack(file, into)
                    except Exception as error:  # noqa: BLE001 - whatever a hostile archive makes of tarfile
                        problems.append(_unusable(path.name, error))
        return problems

    def forget(self, name: str) -> None:
        """The attempt's objects; what cannot be removed now is the bucket's rules' business."""
        with suppress(OSError, FileNotFoundError):
            self._files.rm(f"{self._root}/{name}", recursive=True)

    def _out(self, name: str, node: int) -> str:
        return f"{self._root}/{name}/{_OUT}/node-{node}.tar.gz"

    def _sign(self, path: str, how: Mapping[str, str]) -> str:
        try:
            return str(self._files.sign(path, expiration=EXPIRES, **how))
        except (NotImplementedError, TypeError):
            raise self._cannot("upload" if how else "download") from None

    def _cannot(self, what: str) -> Invalid:
        return Invalid(
            f'staging_url: files of type "{self._protocol}" cannot presign an {what}. An '
            "administrator can configure an S3 or Google Cloud Storage URL, or staging_claim.",
            field="staging_url",
        )

    @contextmanager
    def _away(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # what fsspec's file systems turn the store's errors into
            raise Unavailable(f"{what}: the object store answers {error!s:.200}.") from error


@contextmanager
def _delivery(folder: Path, name: str) -> Iterator[IO[bytes]]:
    """A regular file; jobs may have put a link in its place or in the folder's, which would
    lead to what is others', or a pipe, at which one waits for ever.
    """
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=place)
    finally:
        os.close(place)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        yield file


def unpack(file: IO[bytes], into: Path) -> None:
    """Write the files of a delivery below ``into``; later ones replace earlier ones.

    Nothing in it is trusted: regular files under plain relative names only.
    """
    with tarfile.open(fileobj=file, mode="r|gz", tarinfo=Header) as archive:
        for number, member in enumerate(archive):
            if number == MAX_ENTRIES:
                raise ValueError(f"there are more than {MAX_ENTRIES} files")
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():  # which may claim to be of any length
                raise ValueError(f"{member.name[:80]!r} is a link, a device or sparse")
            target = into / check_name(member.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            body = archive.extractfile(member)
            assert body is not None, "it is a regular file"
            _write(body, target)


def _write(body: IO[bytes], target: Path) -> None:
    """All of it or nothing: half a file would pass for a whole one."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as out:
        try:
            shutil.copyfileobj(body, out)
            Path(out.name).replace(target)
        except BaseException:
            Path(out.name).unlink()
            raise


def _unusable(name: str, error: BaseException) -> str:
    return f"Outputs of {name.removesuffix('.tar.gz')} could not be unpacked: {error!s:.200}."


def _deliveries(paths: Iterator[Path]) -> list[Path]:
    """Node 0's last: of equally named files its own is kept."""
    return sorted(paths, key=lambda path: (len(path.name), path.name), reverse=True)


def _fetch(file: IO[bytes], *, path: str | None = None, url_from: str | None = None) -> Fetch:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    digest = hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
    return Fetch(sha256=digest, size=size, path=path, url_from=url_from)
