"""The words of commands about what a project keeps: files, history, secrets, the audit log."""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.cli.parsing import Parser, in_project, sure, whole

_HISTORY = """examples:
  %(prog)s train.ipynb
  %(prog)s train.ipynb --diff 12
  %(prog)s train.ipynb --name 12 'as submitted'"""


def _files(prog: str) -> Parser:
    it = Parser(prog, "[FOLDER] [options]", "list the project's files")
    it.add_argument("path", nargs="?", default="", metavar="PATH", help="a folder of the project")
    it.add_argument("--trash", action="store_true", help="what is in the trash")
    return in_project(it)


def _history(prog: str) -> Parser:
    usage = "PATH [--diff A [B] | --restore V | --name V TEXT] [options]"
    it = Parser(prog, usage, "show, compare, name and restore versions", examples=_HISTORY)
    it.add_argument("path", metavar="PATH", help="a file of the project")
    either = it.add_mutually_exclusive_group()
    either.add_argument("--diff", nargs="+", metavar="V", help="what changed since A, or up to B")
    either.add_argument("--restore", metavar="V", help="make it the file's content again")
    either.add_argument("--name", nargs=2, metavar=("V", "TEXT"), help="keep it under a name")
    return in_project(it)


def _import(prog: str) -> Parser:
    it = Parser(prog, "FILE [PATH] [options]", "make a notebook of a Zeppelin note")
    it.add_argument("note", metavar="NOTE", help="a .zpln, or a .json of Zeppelin 0.8")
    it.add_argument("path", nargs="?", metavar="PATH", help="the notebook (default: its name)")
    return in_project(it)


def _export(prog: str) -> Parser:
    it = Parser(prog, "PATH [FILE] [options]", "save a notebook as a Zeppelin note (.zpln)")
    it.add_argument("path", metavar="PATH", help="a notebook of the project")
    it.add_argument("note", nargs="?", metavar="NOTE", help="the note (default: its name)")
    return in_project(it)


def _audit(prog: str) -> Parser:
    it = Parser(prog, "[options]", "show who did what, newest first (owners, admins)")
    it.add_argument("--all", action="store_true", help="on the whole server (admins)")
    it.add_argument("--actor", metavar="PERSON", help="what this person did")
    it.add_argument("--action", metavar="NAME", help="such as grant.put")
    it.add_argument("--object", metavar="NAME", help="what was done to this, such as user:bob")
    it.add_argument("--limit", type=whole, default=20, metavar="N", help="at most N (20)")
    it.add_argument("--json", action="store_true", help="for programs")
    return in_project(it)


def _list_secrets(prog: str) -> Parser:
    return in_project(Parser(prog, "[options]", "list the names of the project's secrets"))


def _set_secret(prog: str) -> Parser:
    it = _one_secret(prog, "write a secret; its value is asked for and never shown")
    it.add_argument("--stdin", action="store_true", help="read the value from standard input")
    return it


def _delete_secret(prog: str) -> Parser:
    return sure(_one_secret(prog, "forget a secret"))


def _one_secret(prog: str, description: str) -> Parser:
    it = Parser(prog, "NAME [options]", description)
    it.add_argument("secret", metavar="SECRET", help="also the environment variable in jobs")
    return in_project(it)


PARSERS: dict[str, Callable[[str], Parser]] = {
    "files": _files,
    "history": _history,
    "import": _import,
    "export": _export,
    "secrets list": _list_secrets,
    "secrets set": _set_secret,
    "secrets delete": _delete_secret,
    "audit": _audit,
}
