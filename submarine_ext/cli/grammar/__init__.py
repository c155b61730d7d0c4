"""One grammar for ``%submarine`` and ``submarine``: commands, their options, their words.

Only words are understood here; what a command does is in :mod:`submarine_ext.cli.commands`.
A command is one word (``run``) or, in a group, two (``project use``).
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence

from submarine_ext.cli.grammar import copies, files, jobs, people, projects
from submarine_ext.cli.parsing import HelpAsked, Parser, meant
from submarine_ext.errors import Invalid

PARSERS: dict[str, Callable[[str], Parser]] = {
    **jobs.PARSERS,
    **projects.PARSERS,
    **files.PARSERS,
    **copies.PARSERS,
    **people.PARSERS,
}

#: What a group is for, and the command that its name alone stands for.
GROUPS = {
    "project": ("choose, make, change and share projects", "list"),
    "secrets": ("values that only a project's jobs get", "list"),
    "teams": ("people under one name, to share with", "list"),
    "users": ("who is here; accounts and quotas (admins)", "search"),
}

#: All first words, in the order of the overview.
FIRST = [*dict.fromkeys(name.split()[0] for name in PARSERS)]
_HELP = ("-h", "--help", "help")


def parse(prog: str, tokens: Sequence[str]) -> Namespace:
    """What was asked: ``.command`` and its options.

    Raises ``Invalid`` with a sentence that says what was meant, :class:`HelpAsked` for ``-h``.
    """
    if not tokens:
        return Namespace(command="where", project=None)
    name, *rest = tokens
    if name in _HELP:
        raise HelpAsked(overview(prog))
    if name in GROUPS:
        return _parse_group(prog, name, rest)
    if name not in PARSERS:
        raise Invalid(
            f"There is no command {name!r}{_probably(name)} "
            f"Commands: {', '.join(FIRST)}; `{prog} -h` explains them."
        )
    return _read(name, parser(prog, name), rest)


def parser(prog: str, name: str) -> Parser:
    """The parser of one command."""
    return PARSERS[name](f"{prog} {name}")


def verbs(group: str) -> list[str]:
    """The second words of a group."""
    return [name.split()[1] for name in PARSERS if name.startswith(f"{group} ")]


def overview(prog: str) -> str:
    """All commands with a line each; a group is one line."""
    lines = {
        name: GROUPS[name][0] if name in GROUPS else parser(prog, name).description or ""
        for name in FIRST
    }
    return "\n".join(
        [
            f"usage: {prog} COMMAND …   (alone: where am I)",
            "",
            *_columns(lines.items()),
            "",
            f"`{prog} COMMAND -h` shows a command's options. ID may be the beginning of an id,",
            "or `last` for the latest job.",
        ]
    )


def group_overview(prog: str, group: str) -> str:
    """The commands of a group with a line each."""
    purpose, alone = GROUPS[group]
    parsers = [parser("", f"{group} {verb}") for verb in verbs(group)]
    lines = [(str(p.usage).strip(), p.description or "") for p in parsers]
    head = f"usage: {prog} {group} COMMAND …   (alone: {alone})\n\n{purpose}\n"
    return "\n".join([head, *_columns(lines)])


def _parse_group(prog: str, group: str, tokens: list[str]) -> Namespace:
    """The group's name alone, or with options only, is the command it stands for."""
    if tokens and tokens[0] in _HELP:
        raise HelpAsked(group_overview(prog, group))
    if not tokens or tokens[0].startswith("-"):
        tokens = [GROUPS[group][1], *tokens]
    verb, *rest = tokens
    name = f"{group} {verb}"
    if name not in PARSERS:
        raise Invalid(
            f"`{prog} {group}` has no {verb!r}{meant(verb, verbs(group))} "
            f"It has {', '.join(verbs(group))}; `{prog} {group} -h` explains them."
        )
    return _read(name, parser(prog, name), rest)


def _probably(word: str) -> str:
    """Also a second word without its first: ``use`` is ``project use``."""
    whole = next((name for name in PARSERS if name.endswith(f" {word}")), None)
    return f": did you mean {whole}?" if whole else meant(word, FIRST)


def _columns(lines: Iterable[tuple[str, str]]) -> list[str]:
    pairs = list(lines)
    width = max(len(left) for left, _ in pairs)
    return [f"  {left:{width}}  {right}" for left, right in pairs]


def _read(name: str, reader: Parser, tokens: list[str]) -> Namespace:
    """Everything after the first ``--`` is not ours to read."""
    mark = tokens.index("--") if "--" in tokens else None
    ours, rest = (tokens, []) if mark is None else (tokens[:mark], tokens[mark + 1 :])
    options = reader.read(ours)
    if rest and name != "run":
        raise Invalid(f"`{reader.prog}` takes nothing after --.")
    options.command, options.rest = name, rest
    return options
