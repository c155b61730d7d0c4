"""argparse without its manners: no exit, no print; errors are sentences that help.

What goes wrong is raised as ``Invalid``, ``-h`` as :class:`HelpAsked`, so that the same
parser serves a terminal and a kernel, which must never exit.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from submarine_ext.errors import Invalid

_NEEDS_VALUE = re.compile(r"argument (\S+?)(?:/\S+)?: expected (?:one|at least one) argument")
_BAD_VALUE = re.compile(r"argument (\S+?)(?:/\S+)?: (.*)", re.DOTALL)


class HelpAsked(Exception):
    """Somebody asked for help; ``str()`` is the text."""


class _Help(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        raise HelpAsked(parser.format_help())


class Parser(argparse.ArgumentParser):
    """A parser for one command; ``prog`` is how it is written, e.g. ``submarine run``.

    ``hint`` ends the sentence about a word that does not fit.
    """

    def __init__(
        self, prog: str, usage: str, description: str, *, examples: str = "", hint: str = ""
    ) -> None:
        super().__init__(
            prog=prog,
            usage=f"{prog} {usage}".replace("%", "%%"),
            description=description,
            epilog=examples.replace("%(prog)s", prog),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.hint = hint or f"`{prog} -h` shows how."
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="show this")

    def read(self, tokens: Sequence[str]) -> argparse.Namespace:
        """What the tokens say; raises ``Invalid`` or :class:`HelpAsked`."""
        options, left = self.parse_known_intermixed_args(tokens)
        if left:
            raise Invalid(self._surplus(left[0]))
        return options

    @property
    def options(self) -> list[str]:
        """All option strings, for completion."""
        return [text for action in self._actions for text in action.option_strings]

    def expected(self, words: Sequence[str]) -> argparse.Action | None:
        """What comes after these words: the value of an option, or the next word without one."""
        places = [action for action in self._actions if not action.option_strings]
        waiting = None
        for word in words:
            option = self._option_string_actions.get(word)
            if option is not None:
                waiting = option if option.nargs != 0 else None
            elif waiting is not None:
                waiting = None
            else:
                places = places[1:]
        return waiting or next(iter(places), None)

    def error(self, message: str) -> NoReturn:
        """What argparse found wrong, in our words."""
        if match := _NEEDS_VALUE.fullmatch(message):
            raise Invalid(f"{match[1]} needs a value. `{self.prog} -h` shows how.")
        if match := _BAD_VALUE.fullmatch(message):
            raise Invalid(f"{match[1]}: {match[2]}")
        raise Invalid(f"{self.prog}: {message}. `{self.prog} -h` shows how.")

    def _surplus(self, token: str) -> str:
        if token.startswith("-"):
            name = token.split("=", maxsplit=1)[0]
            return f"`{self.prog}` has no option {name}{meant(name, self.options)} {self.hint}"
        return f"`{self.prog}` cannot use {token!r}. {self.hint}"


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: ``: did you mean --memory?``"""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f": did you mean {close[0]}?" if close else "."


def pair(text: str) -> tuple[str, str]:
    """``NAME=VALUE``."""
    name, found, value = text.partition("=")
    if not found or not name:
        raise argparse.ArgumentTypeError(f"write NAME=VALUE, not {text!r}.")
    return name, value


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number.") from None


def limit(number: Callable[[str], Any]) -> Callable[[str], Any]:
    """A number, or ``none`` for no limit."""

    def read(text: str) -> Any:
        return None if text == "none" else number(text)

    return read


def hours(text: str) -> float:
    """Hours, with a fraction."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours.") from None


def in_project(it: Parser) -> Parser:
    """The option that all commands about something in a project have."""
    it.add_argument("--project", metavar="PROJECT", help="the project to look in (default: yours)")
    return it


def sure(it: Parser) -> Parser:
    """The option of what cannot be undone."""
    it.add_argument("--yes", action="store_true", help="do not ask")
    return it


def seconds(text: str) -> int:
    """A duration: ``90``, ``90s``, ``15m``, ``2h``, ``1d``, in seconds."""
    match = re.fullmatch(r"(\d+)([smhd]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 15m or 2h.")
    return int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
