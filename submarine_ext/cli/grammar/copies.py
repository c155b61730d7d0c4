"""The words of commands about working copies: check out, look, push."""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.cli.parsing import Parser

_CHECKOUT = """examples:
  %(prog)s vision             into ./vision, or update what is there
  %(prog)s                    update the working copy that you are in"""
_FOLDER = "a working copy (default: the one you are in, or the only one in here)"


def _checkout(prog: str) -> Parser:
    usage = "[PROJECT [FOLDER]] [--merge] [--dry-run]"
    it = Parser(prog, usage, "make or update a working copy of a project", examples=_CHECKOUT)
    it.add_argument("project", nargs="?", metavar="PROJECT", help="its name")
    it.add_argument("folder", nargs="?", metavar="FOLDER", help="where (default: its name)")
    text = "merge files that both sides changed, where they did not change the same"
    it.add_argument("--merge", action="store_true", help=text)
    return _dry(it)


def _push(prog: str) -> Parser:
    return _dry(_in_copy(prog, "[FOLDER] [--dry-run]", "save a working copy's changes"))


def _status(prog: str) -> Parser:
    return _in_copy(prog, "[FOLDER]", "show what differs between a working copy and its project")


def _in_copy(prog: str, usage: str, description: str) -> Parser:
    it = Parser(prog, usage, description)
    it.add_argument("folder", nargs="?", metavar="FOLDER", help=_FOLDER)
    return it


def _dry(it: Parser) -> Parser:
    it.add_argument("--dry-run", action="store_true", help="only say what would be done")
    return it


PARSERS: dict[str, Callable[[str], Parser]] = {
    "checkout": _checkout,
    "push": _push,
    "status": _status,
}
