"""The words of commands about people and teams."""

from __future__ import annotations

from argparse import SUPPRESS
from collections.abc import Callable

from submarine_ext.cli.parsing import Parser, hours, limit, sure, whole


def _list_teams(prog: str) -> Parser:
    it = Parser(prog, "[TEXT]", "list teams")
    it.add_argument("text", nargs="?", metavar="TEXT", help="with this in the name")
    return it


def _show_team(prog: str) -> Parser:
    return _team(prog, "TEAM", "show a team: members, quota, use")


def _create_team(prog: str) -> Parser:
    it = Parser(prog, "NAME [--title TITLE]", "make a team (admins)")
    it.add_argument("name", metavar="NAME", help="small letters, digits and -; it stays")
    it.add_argument("--title", help="what people read (default: the name)")
    return it


def _rename_team(prog: str) -> Parser:
    it = _team(prog, "TEAM TITLE", "give a team another title (managers, admins)")
    it.add_argument("title", metavar="TITLE", help="what people read; the name stays")
    return it


def _add_member(prog: str) -> Parser:
    it = _team(prog, "TEAM PERSON [--manager]", "take a person in (managers, admins)")
    it.add_argument("person", metavar="PERSON", help="their name")
    it.add_argument("--manager", action="store_true", help="who looks after the members")
    return it


def _remove_member(prog: str) -> Parser:
    it = _team(prog, "TEAM PERSON", "take a person out (managers, admins, themselves)")
    it.add_argument("person", metavar="PERSON", help="their name")
    return it


def _team_quota(prog: str) -> Parser:
    return _limits(_team(prog, "TEAM [limits]", "show a team's quota, or set it (admins)"))


def _delete_team(prog: str) -> Parser:
    return sure(_team(prog, "TEAM", "delete a team and what was shared with it (admins)"))


def _search(prog: str) -> Parser:
    it = Parser(prog, "[TEXT]", "find people")
    it.add_argument("text", nargs="?", metavar="TEXT", help="with this in the name")
    return it


def _admin(prog: str) -> Parser:
    return _person(prog, "PERSON", "make somebody an admin (admins)")


def _unadmin(prog: str) -> Parser:
    return _person(prog, "PERSON", "let somebody be an admin no more (admins)")


def _disable(prog: str) -> Parser:
    return sure(_person(prog, "PERSON", "close an account and stop its jobs (admins)"))


def _enable(prog: str) -> Parser:
    return _person(prog, "PERSON", "open an account again (admins)")


def _user_quota(prog: str) -> Parser:
    return _limits(_person(prog, "PERSON [limits]", "show a person's quota, or set it (admins)"))


def _limits(it: Parser) -> Parser:
    """Limits; what is not named stays, and does not appear among the options."""
    add = it.add_argument_group("limits (none: no limit)").add_argument
    add("--jobs", type=limit(whole), metavar="N", default=SUPPRESS, help="unfinished jobs")
    add("--cpu", type=limit(str), metavar="N", default=SUPPRESS, help="CPUs: 8 or 500m")
    add("--memory", type=limit(str), metavar="SIZE", default=SUPPRESS, help="memory: 64Gi")
    add("--gpu", type=limit(whole), metavar="N", default=SUPPRESS, help="GPUs")
    add("--gpu-hours", type=limit(hours), metavar="N", default=SUPPRESS, help="in a month")
    return it


def _team(prog: str, usage: str, description: str) -> Parser:
    it = Parser(prog, usage, description)
    it.add_argument("team", metavar="TEAM", help="its name")
    return it


def _person(prog: str, usage: str, description: str) -> Parser:
    it = Parser(prog, usage, description)
    it.add_argument("person", metavar="PERSON", help="their name")
    return it


PARSERS: dict[str, Callable[[str], Parser]] = {
    "teams list": _list_teams,
    "teams show": _show_team,
    "teams create": _create_team,
    "teams rename": _rename_team,
    "teams add": _add_member,
    "teams remove": _remove_member,
    "teams quota": _team_quota,
    "teams delete": _delete_team,
    "users search": _search,
    "users admin": _admin,
    "users unadmin": _unadmin,
    "users disable": _disable,
    "users enable": _enable,
    "users quota": _user_quota,
}
