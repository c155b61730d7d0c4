"""What the commands about people and teams do."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from msgspec import structs

from submarine_ext.cli import tables
from submarine_ext.cli.face import Face
from submarine_ext.domain.people import User
from submarine_ext.domain.quotas import Quota
from submarine_ext.domain.teams import Standing, Team


def _list_teams(face: Face, options: Namespace) -> None:
    found = tables.table("team", "title", "you", "members")
    for team in face.client.teams.list(options.text):
        members = str(len(team.members)) if team.members else ""
        tables.row(found, team.name, team.title, str(team.role or ""), members)
    if found.row_count:
        face.show(found)
    else:
        face.say("There are no such teams." if options.text else "There are no teams yet.")


def _show_team(face: Face, options: Namespace) -> None:
    team = face.client.teams.get(options.team)
    managers = [m.user for m in team.members if m.role is Standing.MANAGER]
    members = [m.user for m in team.members if m.role is not Standing.MANAGER]
    facts = [
        ("team", team.name),
        ("title", team.title),
        ("you", f"you are its {team.role}" if team.role else ""),
        ("managers", ", ".join(managers)),
        ("members", ", ".join(members)),
        ("use", tables.used(team) if team.use is not None else ""),
    ]
    face.show(tables.facts(facts))


def _create_team(face: Face, options: Namespace) -> None:
    team = face.client.teams.create(options.name, title=options.title or "")
    face.say(f"team:{team.name} is there; `{face.prog} teams add {team.name} PERSON` fills it.")


def _rename_team(face: Face, options: Namespace) -> None:
    team = face.client.teams.update(options.team, title=options.title)
    face.say(f"team:{team.name} is called {team.title!r} now.")


def _add_member(face: Face, options: Namespace) -> None:
    role = Standing.MANAGER if options.manager else Standing.MEMBER
    face.client.teams.add(options.team, options.person, role)
    face.say(f"{options.person} is a {role} of {options.team} now.")


def _remove_member(face: Face, options: Namespace) -> None:
    face.client.teams.remove(options.team, options.person)
    face.say(f"{options.person} is in {options.team} no more.")


def _team_quota(face: Face, options: Namespace) -> None:
    team = face.client.teams.get(options.team)
    if wanted := _changed(team.quota, options):
        team = face.client.teams.update(options.team, quota=wanted)
    face.say(_quota_words(team))


def _delete_team(face: Face, options: Namespace) -> None:
    question = f"The team {options.team} goes, and what its members had through it."
    face.sure(question, yes=options.yes)
    face.client.teams.delete(options.team)
    face.say(f"{options.team} is gone.")


def _search(face: Face, options: Namespace) -> None:
    found = tables.table("name", "last seen", "", "quota")
    for user in face.client.users.search(options.text):
        seen = f"{tables.age(user.seen)} ago" if user.seen else "never"
        tables.row(found, user.name, seen, _standing(user), tables.limits(user.quota))
    face.show(found)


def _admin(face: Face, options: Namespace) -> None:
    face.client.users.change(options.person, admin=True)
    face.say(f"{options.person} is an admin now.")


def _unadmin(face: Face, options: Namespace) -> None:
    face.client.users.change(options.person, admin=False)
    face.say(f"{options.person} is an admin no more.")


def _disable(face: Face, options: Namespace) -> None:
    question = f"{options.person} will be signed out and all their jobs stopped."
    face.sure(question, yes=options.yes)
    face.client.users.change(options.person, disabled=True)
    face.say(f"The account of {options.person} is closed.")


def _enable(face: Face, options: Namespace) -> None:
    face.client.users.change(options.person, disabled=False)
    face.say(f"The account of {options.person} is open again.")


def _user_quota(face: Face, options: Namespace) -> None:
    user = face.client.users.get(options.person)
    if wanted := _changed(user.quota, options):
        user = face.client.users.change(options.person, quota=wanted)
    face.say(_quota_words(user))


def _changed(quota: Quota | None, options: Namespace) -> Quota | None:
    """The quota with the limits that were named; None: none was."""
    named = {
        name: value for name, value in vars(options).items() if name in Quota.__struct_fields__
    }
    return structs.replace(quota or Quota(), **named) if named else None


def _quota_words(of: User | Team) -> str:
    return (
        f"{of.name}: at most {tables.limits(of.quota)}."
        if tables.limits(of.quota)
        else (f"{of.name}: no limits.")
    )


def _standing(user: User) -> str:
    words = {"admin": user.admin, "closed": user.disabled}
    return ", ".join(word for word, so in words.items() if so)


COMMANDS: dict[str, Callable[[Face, Namespace], None]] = {
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
