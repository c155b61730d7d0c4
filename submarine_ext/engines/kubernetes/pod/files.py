"""The job's files: into the pod before it runs, and out of it afterwards.

In: the parts of a tar.gz that ConfigMaps hold, or one fetched from a staging area. Out:
``outputs``, tracked artifacts and the executed notebook, the small ones as records in the
log, the others as one archive to where the plan says.

Standard library only, Python 3.8: this runs in pods.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from submarine_ext.engines.kubernetes.pod.stream import Stream, measure
from submarine_ext.engines.local import keep

TRIES = 5
PAUSE = 1.0  # seconds before the second try, then twice as long each time
_ENTRY = 1024  # bytes that a file and each of its folders count, as with who receives them


class NotPreparedError(Exception):
    """The job's files are not there; the text is for people. Another attempt may help."""


def unpack(parts: Path, work: Path, plan: dict[str, Any]) -> None:
    """Make ``work`` and put the job's files there. Raises :class:`NotPreparedError`."""
    work.mkdir(parents=True, exist_ok=True)
    try:
        if plan["fetch"]:
            with _fetched(plan["fetch"], work.parent) as archive:
                _extract(archive, work)
        elif found := sorted(parts.glob("part-*")):
            _extract(io.BytesIO(b"".join(part.read_bytes() for part in found)), work)
    except (OSError, EOFError, tarfile.TarError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NotPreparedError(f"The job's files could not be unpacked: {why}.") from error


def _extract(archive: IO[bytes], work: Path) -> None:
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(str(work), filter="data")
        else:  # an older Python; the archive is the server's, packed from files it looked over
            tar.extractall(str(work))  # noqa: S202


@contextlib.contextmanager
def _fetched(fetch: dict[str, Any], folder: Path) -> Iterator[IO[bytes]]:
    path = Path(fetch["path"]) if "path" in fetch else folder / ".bundle"
    if "path" not in fetch:
        _persist(lambda: _download(os.environ[fetch["url_from"]], path), "fetched")
    if measure(path)[1] != fetch["sha256"]:
        raise NotPreparedError("The job's files in the staging area are not those it was sent.")
    with path.open("rb") as archive:
        yield archive
    if "path" not in fetch:
        path.unlink()


def _download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=60) as source, path.open("wb") as target:  # noqa: S310 - the server's own
        shutil.copyfileobj(source, target, 1 << 20)


def _persist(act: Callable[[], None], what: str) -> None:
    for attempt in range(TRIES):
        try:
            act()
        except OSError as error:
            if attempt == TRIES - 1:
                why = getattr(error, "reason", None) or error.strerror or error
                raise NotPreparedError(f"The job's files could not be {what}: {why}.") from error
            time.sleep(PAUSE * 2**attempt)
        else:
            return


class Keeper:
    """What a node leaves: found by :meth:`find`, sent away by :meth:`send`.

    Everything that could not be kept is in ``notes``, a sentence each.
    """

    def __init__(self, plan: dict[str, Any], node: int) -> None:
        self._plan = plan
        self._node = node
        self._framed = 0
        self.notes: list[str] = []

    def find(self, work: Path, artifacts: Path) -> dict[str, Path]:
        """Name → file; the executed notebook first, since it must get through."""
        found = dict(self._artifacts(artifacts.resolve()))
        for pattern in self._plan["outputs"]:
            matched = list(keep.matches(work.resolve(), pattern))
            found.update({str(path.relative_to(work.resolve())): path for path in matched})
            if not matched and self._node == 0:
                self.notes.append(f"No file matched {pattern!r}.")
        return dict(sorted(found.items(), key=lambda item: (item[0] != self._notebook, item[0])))

    @property
    def _notebook(self) -> str | None:
        path = self._plan.get("notebook")
        return Path(path).name if path else None

    @staticmethod
    def _artifacts(folder: Path) -> Iterator[tuple[str, Path]]:
        for path in folder.rglob("*"):
            name = str(path.relative_to(folder))
            if path.is_file() and not path.is_symlink() and not name.startswith("."):
                yield name, path

    def send(self, stream: Stream, found: dict[str, Path], spare: Path) -> None:
        """Small files into the log, the others where the plan says; ``spare`` is a free path."""
        large = {}
        for name, path in found.items():
            try:
                if self._fits(name, path.stat().st_size):
                    stream.send(name, path)
                else:
                    large[name] = path
            except OSError as error:
                self.notes.append(f"{name!r} could not be kept: {error.strerror}.")
        if large:
            self._deliver(large, spare)

    def _fits(self, name: str, size: int) -> bool:
        if name == self._notebook:
            return True
        cost = size + _ENTRY * (1 + name.count("/"))
        if self._framed + cost > self._plan["max_framed"]:
            return False
        self._framed += cost
        return True

    def _deliver(self, large: dict[str, Path], spare: Path) -> None:
        if not self._plan["deliver"]:
            self.notes.append(_too_large(large, self._plan["max_framed"]))
            return
        try:
            with tarfile.open(str(spare), "w:gz", compresslevel=1) as tar:
                for name, path in large.items():
                    tar.add(str(path), name, recursive=False)
            self._hand_over(self._plan["deliver"], spare)
        except (OSError, NotPreparedError, IndexError) as error:
            why = str(error).rstrip(".")
            self.notes.append(f"{_listed(large)} could not be kept: {why}.")
        finally:
            with contextlib.suppress(OSError):
                spare.unlink()

    def _hand_over(self, deliver: dict[str, Any], archive: Path) -> None:
        if "folder" in deliver:
            target = Path(deliver["folder"], f"node-{self._node}.tar.gz")
            draft = target.with_name(f".{target.name}")
            shutil.copyfile(str(archive), str(draft))
            draft.replace(target)
            return
        urls = os.environ.get(deliver["urls_from"], "").split()
        if self._node >= len(urls):
            raise NotPreparedError("there is no place for this node's files")
        _persist(lambda: _upload(urls[self._node], archive), "delivered")


def _upload(url: str, archive: Path) -> None:
    with archive.open("rb") as body:
        size = {"Content-Length": str(archive.stat().st_size)}
        request = urllib.request.Request(url, data=body, headers=size, method="PUT")  # noqa: S310
        urllib.request.urlopen(request, timeout=600).close()  # noqa: S310


def _too_large(large: dict[str, Path], limit: int) -> str:
    return (
        f"{_listed(large)} could not be kept: files that are larger than {limit / 2**20:.1f} MiB, "
        "all together, need a staging area; an administrator can configure one."
    )


def _listed(names: dict[str, Path]) -> str:
    shown = ", ".join(map(repr, list(names)[:3]))
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
