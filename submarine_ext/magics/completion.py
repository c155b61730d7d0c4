"""Tab completion of ``%submarine``: commands, options, names, files.

The grammar says what can stand where: an option's choices, or by its metavar a kind of name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from submarine_ext.cli.grammar import FIRST, GROUPS, PARSERS, parser, verbs

Known = Callable[[str, str], list[str]]

#: Files of the working folder by the metavar that asks for them.
_LOCAL = {"FILE": (".py", ".ipynb"), "NOTE": (".json", ".zpln")}


def completions(before: str, symbol: str, known: Known) -> list[str]:
    """What can stand in place of ``symbol``, which ends ``before`` (all after the magic's name).

    ``known`` is asked for the server's names of a kind only where one can stand.
    """
    words = before.removesuffix(symbol).split()
    if "--" in words:
        return []
    return [word for word in _candidates(words, symbol, known) if word.startswith(symbol)]


def _candidates(words: list[str], symbol: str, known: Known) -> list[str]:
    if not words:
        return [*FIRST, "-h"]
    first, *rest = words
    if first in GROUPS and not rest:
        return [*verbs(first), "-h"]
    name, rest = (f"{first} {rest[0]}", rest[1:]) if first in GROUPS else (first, rest)
    return _of_command(name, rest, symbol, known) if name in PARSERS else []


def _of_command(name: str, words: list[str], symbol: str, known: Known) -> list[str]:
    reader = parser("", name)
    if symbol.startswith("-"):
        return reader.options
    wanted = reader.expected(words)
    if wanted is None:
        return []
    if wanted.choices is not None:
        return [str(choice) for choice in wanted.choices]
    kind = str(wanted.metavar)
    return _files(symbol, _LOCAL[kind]) if kind in _LOCAL else known(kind, symbol)


def _files(start: str, endings: tuple[str, ...]) -> list[str]:
    folder = Path(start).parent if "/" in start else Path()
    names = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.is_dir() and not path.name.startswith("."):
            names.append(f"{path}/")
        elif path.suffix in endings:
            names.append(str(path))
    return names
