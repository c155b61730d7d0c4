"""The words of commands about projects, and who is what in them."""

from __future__ import annotations

from collections.abc import Callable

from submarine_ext.cli.parsing import Parser, in_project, sure, whole
from submarine_ext.domain.access import Role
from submarine_ext.domain.projects import Visibility

_SHARE = """examples:
  %(prog)s bob --role editor
  %(prog)s team:vision"""
_SUBJECT = "a person's name, or team:NAME"


def _list(prog: str) -> Parser:
    it = Parser(prog, "[options]", "list the projects that you may see")
    it.add_argument("--json", action="store_true", help="for programs")
    return it


def _use(prog: str) -> Parser:
    return _of(prog, "[PROJECT]", "make a project the one that is meant; alone: your own")


def _create(prog: str) -> Parser:
    it = Parser(prog, "NAME [options]", "make a project; you are its owner")
    it.add_argument("name", metavar="NAME", help="small letters, digits and -; it stays")
    it.add_argument("--title", help="what people read (default: the name)")
    it.add_argument("--description", metavar="TEXT", help="what it is about")
    it.add_argument("--internal", action="store_true", help="everybody here may read notebooks")
    it.add_argument("--use", action="store_true", help="go on in it: `project use`")
    return it


def _show(prog: str) -> Parser:
    return _of(prog, "[PROJECT]", "show a project: state, settings, your role")


def _rename(prog: str) -> Parser:
    it = _of(prog, "PROJECT TITLE", "give a project another title")
    it.add_argument("title", metavar="TITLE", help="what people read; the name stays")
    return it


def _archive(prog: str) -> Parser:
    return _of(prog, "PROJECT", "make a project read-only")


def _activate(prog: str) -> Parser:
    return _of(prog, "PROJECT", "take a project out of the archive")


def _delete(prog: str) -> Parser:
    it = _of(prog, "PROJECT [--purge]", "put a project into the trash")
    it.add_argument("--purge", action="store_true", help="delete one that is there, for good")
    return sure(it)


def _restore(prog: str) -> Parser:
    return _of(prog, "PROJECT", "take a project out of the trash")


def _offer(prog: str) -> Parser:
    it = _of(prog, "PROJECT PERSON", "offer a project to a person, who becomes its owner")
    it.add_argument("person", metavar="PERSON", help="who must accept")
    return it


def _accept(prog: str) -> Parser:
    return _of(prog, "PROJECT", "accept a project that was offered to you")


def _decline(prog: str) -> Parser:
    return _of(prog, "PROJECT", "decline an offer, or take yours back")


def _visibility(prog: str) -> Parser:
    it = _of(prog, "PROJECT private|internal", "say who may read its notebooks")
    it.add_argument(
        "visibility",
        metavar="VISIBILITY",
        choices=[str(v) for v in Visibility],
        help="private: members; internal: everybody here, without outputs",
    )
    return it


def _settings(prog: str) -> Parser:
    it = _of(prog, "[PROJECT] [options]", "show or change a project's settings")
    it.add_argument("--description", metavar="TEXT", help="what it is about")
    it.add_argument("--viewer-logs", choices=["on", "off"], help="viewers may read job logs")
    it.add_argument("--version-outputs", choices=["on", "off"], help="versions keep outputs")
    return it


def _leave(prog: str) -> Parser:
    return sure(_of(prog, "PROJECT", "give your own role in a project up"))


def _break_glass(prog: str) -> Parser:
    it = _of(prog, "PROJECT --reason TEXT", "enter a project in an emergency (admins)")
    either = it.add_mutually_exclusive_group(required=True)
    either.add_argument("--reason", metavar="TEXT", help="why; its owners are told")
    either.add_argument("--end", action="store_true", help="give the access back")
    it.add_argument("--minutes", type=whole, default=60, metavar="N", help="at most 60 (default)")
    return it


def _share_in(prog: str) -> Parser:
    it = _of(prog, "PROJECT SUBJECT [--role ROLE]", "give a person or a team a role")
    it.add_argument("subject", metavar="SUBJECT", help=_SUBJECT)
    return _with_role(it)


def _unshare_in(prog: str) -> Parser:
    it = _of(prog, "PROJECT SUBJECT", "take a person's or a team's role away")
    it.add_argument("subject", metavar="SUBJECT", help=_SUBJECT)
    return it


def _members_of(prog: str) -> Parser:
    return _of(prog, "[PROJECT]", "show who is what in a project")


def _share(prog: str) -> Parser:
    usage = "SUBJECT [--role ROLE] [--project PROJECT]"
    it = Parser(prog, usage, "give a person or a team a role in the project", examples=_SHARE)
    it.add_argument("subject", metavar="SUBJECT", help=_SUBJECT)
    return in_project(_with_role(it))


def _unshare(prog: str) -> Parser:
    it = Parser(prog, "SUBJECT [options]", "take a person's or a team's role away")
    it.add_argument("subject", metavar="SUBJECT", help=_SUBJECT)
    return in_project(it)


def _members(prog: str) -> Parser:
    return in_project(Parser(prog, "[options]", "show who is what in the project"))


def _of(prog: str, usage: str, description: str) -> Parser:
    """A command whose first word is a project."""
    it = Parser(prog, usage, description)
    many = "?" if usage.startswith("[") else None
    it.add_argument("project", nargs=many, metavar="PROJECT", help="its name")
    return it


def _with_role(it: Parser) -> Parser:
    roles = [str(role) for role in Role]
    it.add_argument("--role", choices=roles, default="viewer", help="viewer where not given")
    return it


PARSERS: dict[str, Callable[[str], Parser]] = {
    "project list": _list,
    "project use": _use,
    "project create": _create,
    "project show": _show,
    "project rename": _rename,
    "project settings": _settings,
    "project visibility": _visibility,
    "project members": _members_of,
    "project share": _share_in,
    "project unshare": _unshare_in,
    "project leave": _leave,
    "project offer": _offer,
    "project accept": _accept,
    "project decline": _decline,
    "project archive": _archive,
    "project activate": _activate,
    "project delete": _delete,
    "project restore": _restore,
    "project break-glass": _break_glass,
    "share": _share,
    "unshare": _unshare,
    "members": _members,
}
