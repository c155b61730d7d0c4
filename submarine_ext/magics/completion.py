"""Tab completion of ``%submarine``: commands, options, ids, files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from submarine_ext.cli.grammar import PARSERS, parser
from submarine_ext.domain.jobs import Framework, JobState

_VALUES = {
    "--framework": [str(f) for f in Framework],
    "--state": [str(s) for s in JobState],
}
_WITHOUT_ID = ("run", "jobs")


def completions(before: str, symbol: str, recent: Callable[[], list[str]]) -> list[str]:
    """What can stand in place of ``symbol``, which ends ``before`` (all after the magic's name).

    ``recent`` is asked for the ids of the latest jobs only where an id can stand.
    """
    words = before.removesuffix(symbol).split()
    if "--" in words:
        return []
    return [word for word in _candidates(words, symbol, recent) if word.startswith(symbol)]


def _candidates(words: list[str], symbol: str, recent: Callable[[], list[str]]) -> list[str]:
    if not words:
        return [*PARSERS, "-h"]
    command, last = words[0], words[-1]
    if command not in PARSERS:
        return []
    if last in _VALUES:
        return _VALUES[last]
    if symbol.startswith("-"):
        return parser("", command).options
    if command == "run":
        return _files(symbol)
    return [] if command in _WITHOUT_ID else ["last", *recent()]


def _files(start: str) -> list[str]:
    folder = Path(start).parent if "/" in start else Path()
    names = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.is_dir() and not path.name.startswith("."):
            names.append(f"{path}/")
        elif path.suffix in (".py", ".ipynb"):
            names.append(str(path))
    return names
