"""What a training script inside a job calls: metrics, parameters, progress, artifacts.

::

    from submarine_ext import track

    track.log_params({"lr": 0.1})
    track.log_metric("loss", loss)
    track.progress(epoch / epochs, f"epoch {epoch}/{epochs}")
    track.artifact("model.pkl")

Why it exists: a job may run anywhere, so it talks to nobody. Each call appends one record
(RFC 7464: 0x1E, JSON, line feed; under 16 KiB) to the job's own output with one ``write``
to a descriptor opened ``O_APPEND``; whoever follows the output takes the records out.

It keeps no counters: a metric without a step gets the next one of its key from the reader,
in the order of the records. So threads, forked and spawned workers need no agreement.

Outside a job (no ``SUBMARINE_STREAM``) every function does nothing. Wrong values raise
``TypeError`` or ``ValueError`` and name the key; a full disk or a lost stream only warns,
once: training goes on. This file must work alone, with the standard library only.
"""

from __future__ import annotations

import os
import sys
from math import isfinite, isnan
from operator import index
from time import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

__all__ = ["artifact", "log_metric", "log_metrics", "log_params", "progress"]

_LIMIT = 16_383  # bytes of one record, the frame included
_KEY_LIMIT = 250  # characters
_MESSAGE_LIMIT = 500  # characters
_PIECE = 1 << 20
_LARGEST_STEP = 1 << 53  # what a double, and so a browser, holds exactly


class _Stream:
    """The place where records go. Opened at the first record, then kept."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._warned = False

    def append(self, body: str) -> None:
        record = f"\x1e{{{body}}}\n".encode()
        try:
            if self._descriptor is None:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._descriptor = os.open(self._path, flags, 0o600)
            written = os.write(self._descriptor, record)
        except OSError as error:
            self._descriptor = None  # another try at the next record
            self.warn(error.strerror or str(error))
        else:
            if written < len(record):
                self.warn("no room left")

    def warn(self, why: str) -> None:
        """Say it once; stderr is often the same full disk, so its failure is no news."""
        if self._warned:
            return
        self._warned = True
        try:
            sys.stderr.write(f"submarine: some tracking is lost ({why}); the job goes on.\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):  # full too, closed, or None
            return


_path = os.environ.get("SUBMARINE_STREAM")
_stream = _Stream(_path) if _path else None
_names: dict[object, str] = {}


def log_metric(key: str, value: Any, step: int | None = None) -> None:
    """Record one number at a step (absent: the next step of this key).

    ``value`` is whatever ``float()`` understands: a number, a NumPy or torch scalar. NaN
    and infinities are kept. Raises ``TypeError`` or ``ValueError``, naming the key.
    """
    if _stream is not None:
        name = _name(key)
        at = "" if step is None else f',"s":{_step(step, key)}'
        _stream.append(f'"m":{{{name}:{_number(value, key)}}}{at},"t":{time():.3f}')


def log_metrics(metrics: Mapping[str, Any], step: int | None = None) -> None:
    """Record several numbers at one step; see :func:`log_metric`."""
    if _stream is not None and metrics:
        pairs = [f"{_name(key)}:{_number(value, key)}" for key, value in metrics.items()]
        at = "" if step is None else f',"s":{_step(step, next(iter(metrics)))}'
        for part in _parts(pairs, 60):
            _stream.append(f'"m":{{{part}}}{at},"t":{time():.3f}')


def log_params(params: Mapping[str, Any]) -> None:
    """Record what the run was made with; the last value of a name counts.

    Values are JSON (numbers, strings, lists, …); anything else is recorded as its text.
    """
    if _stream is not None and params:
        pairs = [f"{_name(key)}:{_json(value, key)}" for key, value in params.items()]
        for part in _parts(pairs, 10):
            _stream.append(f'"p":{{{part}}}')


def progress(fraction: float | None, message: str | None = None) -> None:
    """Say how far the job is: 0 to 1, or None where nobody knows; with a short message."""
    if _stream is not None:
        done = "null" if fraction is None else _fraction(fraction)
        note = "" if message is None else f',"n":{_text(str(message)[:_MESSAGE_LIMIT])}'
        _stream.append(f'"g":{done}{note},"t":{time():.3f}')


def artifact(path: str | os.PathLike[str], name: str | None = None) -> None:
    """Keep a copy of a file or folder with the job, under ``name`` (absent: its own).

    The copy appears whole or not at all and replaces an earlier one of that name. Raises
    ``FileNotFoundError`` if there is no such file, ``ValueError`` for a name that leaves
    the job's folder.
    """
    if _stream is None:
        return
    from pathlib import Path  # on first need

    source = Path(path).resolve(strict=True)
    name = _artifact_name(Path(path).absolute().name if name is None else name)
    root = os.environ.get("SUBMARINE_ARTIFACTS")
    if not root:
        _stream.warn("SUBMARINE_ARTIFACTS is not set")
        return
    try:
        for kept, size, digest in _keep(source, Path(root), name):
            _stream.append(f'"a":{_text(kept)},"size":{size},"sha256":"{digest}"')
    except OSError as error:
        _stream.warn(f"artifact {name}: {error.strerror or error}")


# --- values -----------------------------------------------------------------------------


def _number(value: Any, key: str) -> str:
    number = value if type(value) is float else _float(value, f"The metric {key!r}")
    if isfinite(number):
        return repr(number)
    return '"NaN"' if isnan(number) else '"Infinity"' if number > 0 else '"-Infinity"'


def _float(value: Any, what: str) -> float:
    if not isinstance(value, (str, bytes, bytearray)):  # float() would read digits
        # A torch tensor under grad warns when float() converts it, but not in item().
        item = getattr(value, "item", None)
        try:
            return float(item() if callable(item) else value)
        except (TypeError, ValueError, RuntimeError):  # torch: RuntimeError for many values
            pass
        except OverflowError:
            raise ValueError(f"{what} is too large for a float.") from None
    kind = type(value).__name__
    raise TypeError(f"{what} must be one number, not {kind} ({str(value)[:40]!r}).")


def _step(step: Any, key: str) -> int:
    try:
        number = index(step)
    except TypeError:
        kind = type(step).__name__
        raise TypeError(f"The step of {key!r} must be a whole number, not {kind}.") from None
    if abs(number) > _LARGEST_STEP:
        raise ValueError(f"The step of {key!r} is beyond 2**53.")
    return number


def _fraction(fraction: Any) -> str:
    number = _float(fraction, "The progress")
    if not -1e-6 <= number <= 1 + 1e-6:
        raise ValueError(f"The progress must be from 0 to 1, not {number}.")
    return repr(min(max(number, 0.0), 1.0))


def _name(key: object) -> str:
    """The key as JSON text, remembered while there are few."""
    known = _names.get(key) if isinstance(key, str) else None
    return _new_name(key) if known is None else known


def _new_name(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"The name {key!r} must be text, not {type(key).__name__}.")
    if not 0 < len(key) <= _KEY_LIMIT:
        raise ValueError(f"The name {key[:40]!r} must have 1 to {_KEY_LIMIT} characters.")
    name = _text(key)
    if len(_names) < 1000:
        _names[key] = name
    return name


def _text(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # on first need: most keys are plain

    # a lone surrogate (a strange file name) has no UTF-8; readers would refuse it
    return json.dumps(text.encode("utf-8", "replace").decode())


def _json(value: Any, key: str) -> str:
    if isinstance(value, float) and not isfinite(value):
        return _number(float(value), key)
    import json  # on first need

    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"The parameter {key!r} can't be written as JSON: {error}.") from None
    except TypeError as error:
        raise TypeError(f"The parameter {key!r} can't be written as JSON: {error}.") from None


def _plain(value: Any) -> Any:
    """A NumPy or torch scalar as the Python number, anything else as its text."""
    if getattr(value, "shape", None) == ():
        return value.item()
    return str(value)


def _parts(pairs: list[str], frame: int) -> Iterator[str]:
    """Join pairs to JSON bodies that fit into one record with ``frame`` bytes around them."""
    part: list[str] = []
    size = frame
    for pair in pairs:
        length = len(pair.encode()) + 1
        if frame + length > _LIMIT:
            raise ValueError(f"{pair[:40]}… is too long: a record holds {_LIMIT} bytes.")
        if size + length > _LIMIT:
            yield ",".join(part)
            part, size = [], frame
        part.append(pair)
        size += length
    yield ",".join(part)


# --- artifacts --------------------------------------------------------------------------


def _artifact_name(name: str) -> str:
    parts = name.split("/")
    hidden = name.startswith(".submarine-")  # our own unfinished copies
    if hidden or not name.isprintable() or any(part in {"", ".", ".."} for part in parts):
        raise ValueError(f"{name!r} can't name an artifact: use a relative path without '..'.")
    if len(name) > 1000:
        raise ValueError(f"The artifact's name {name[:40]!r}… is longer than 1000 characters.")
    return name


def _keep(source: Path, root: Path, name: str) -> Iterator[tuple[str, int, str]]:
    """Copy beside the target, then rename. Yields (name, size, SHA-256) of each file."""
    if source in (root.resolve(), *root.resolve().parents):  # Python 3.8 has no is_relative_to
        raise ValueError(f"{source} holds the artifacts folder itself: give a folder in it.")
    target = root / name
    files = _files(source)
    if source != target.resolve():
        unfinished = root / f".submarine-{os.urandom(6).hex()}"
        try:
            _copy(source, files, unfinished)
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(unfinished, target)
        finally:
            _remove(unfinished)
    for file in files:
        yield (name + file, *_digest(target / file[1:] if file else target))


def _files(source: Path) -> list[str]:
    """The files below a folder as "/name"; for a file, the one that is called ""."""
    if not source.is_dir():
        return [""]
    found = []
    for top, folders, names in os.walk(source):
        linked = [name for name in folders if os.path.islink(f"{top}/{name}")]  # noqa: PTH114
        if linked:
            raise ValueError(f"{top}/{linked[0]} is a link to a folder: give the folder itself.")
        found += [f"{top}/{name}"[len(str(source)) :] for name in names]
    return sorted(found)


def _copy(source: Path, files: list[str], unfinished: Path) -> None:
    import shutil  # on first need

    if source.is_dir():
        unfinished.mkdir()
    for file in files:
        copy = unfinished / file[1:] if file else unfinished
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(f"{source}{file}", copy)


def _digest(path: Path) -> tuple[int, str]:
    import hashlib  # on first need

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
        return file.tell(), digest.hexdigest()


def _replace(unfinished: Path, target: Path) -> None:
    """Rename; a folder that is in the way (rename can't replace it) steps aside first."""
    if target.is_dir():
        old = unfinished.with_name(unfinished.name + "-old")
        target.rename(old)
        _remove(old)
    unfinished.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir():
        import shutil  # on first need

        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
