"""What the commands about projects and their members do."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

import msgspec

from submarine_ext.cli import tables
from submarine_ext.cli.face import Face
from submarine_ext.domain.projects import Grant, Project, ProjectState, Visibility


def _list(face: Face, options: Namespace) -> None:
    projects = face.client.projects.list()
    if options.json:
        face.write(msgspec.json.format(msgspec.json.encode(projects)).decode() + "\n")
        return
    found = tables.table("", "project", "title", "role", "visibility", "state", "owners")
    for one in projects:
        mark = "*" if one.name == face.client.project else ""
        owners = ", ".join(map(_person, one.owners))
        words = one.role or tables.role_words(one)
        tables.row(found, mark, one.name, one.title, words, one.visibility, one.state, owners)
    face.show(found)


def _use(face: Face, options: Namespace) -> None:
    if options.project is not None:
        face.client.projects.get(options.project)
    how_long = face.use(options.project)
    face.say(f"{face.client.project} is the project now, {how_long}.")


def _create(face: Face, options: Namespace) -> None:
    made = face.client.projects.create(
        options.name,
        title=options.title or "",
        description=options.description or "",
        visibility=Visibility.INTERNAL if options.internal else Visibility.PRIVATE,
    )
    face.say(f"{made.name} is there; you are its owner.")
    if options.use:
        _use(face, Namespace(project=made.name))


def _show(face: Face, options: Namespace) -> None:
    _show_project(face, face.client.projects.get(options.project))


def _show_project(face: Face, one: Project) -> None:
    settings = one.settings
    facts = [
        ("project", one.name),
        ("title", one.title),
        ("about", one.description),
        ("you", tables.role_words(one)),
        ("visibility", str(one.visibility)),
        ("state", str(one.state)),
        ("owners", ", ".join(map(_person, one.owners))),
        ("offered to", one.offered_to or ""),
        ("viewers see logs", _switch(settings.viewer_logs)),
        ("versions keep outputs", _switch(settings.version_outputs)),
        ("made", f"{tables.age(one.created)} ago"),
    ]
    face.show(tables.facts(facts))


def _rename(face: Face, options: Namespace) -> None:
    changed = face.client.projects.update(options.project, title=options.title)
    face.say(f"{changed.name} is called {changed.title!r} now.")


def _settings(face: Face, options: Namespace) -> None:
    switches = {"viewer_logs": options.viewer_logs, "version_outputs": options.version_outputs}
    settings = {name: word == "on" for name, word in switches.items() if word is not None}
    changes = {"settings": settings} if settings else {}
    if options.description is not None:
        changes["description"] = options.description
    projects = face.client.projects
    one = projects.update(options.project, **changes) if changes else projects.get(options.project)
    _show_project(face, one)


def _visibility(face: Face, options: Namespace) -> None:
    changed = face.client.projects.update(options.project, visibility=options.visibility)
    internal = "everybody here may read its notebooks, without outputs"
    words = internal if changed.visibility is Visibility.INTERNAL else "only its members see it"
    face.say(f"{changed.name} is {changed.visibility} now: {words}.")


def _archive(face: Face, options: Namespace) -> None:
    name = face.client.projects.archive(options.project).name
    face.say(f"{name} is read-only now; `{face.prog} project activate {name}` takes it back.")


def _activate(face: Face, options: Namespace) -> None:
    changed = face.client.projects.activate(options.project)
    words = "without an owner" if changed.state is ProjectState.ORPHANED else changed.state
    face.say(f"{changed.name} is {words} now.")


def _delete(face: Face, options: Namespace) -> None:
    name = options.project
    if options.purge:
        face.sure(f"{name} goes with its files, history and jobs, for good.", yes=options.yes)
        face.client.projects.purge(name)
        face.say(f"{name} is gone.")
        return
    face.client.projects.delete(name)
    face.say(f"{name} is in the trash; `{face.prog} project restore {name}` brings it back.")


def _offer(face: Face, options: Namespace) -> None:
    name = face.client.projects.offer(options.project, options.person).name
    face.say(f"{name} is offered to {options.person}; it stays yours until they accept it.")


def _accept(face: Face, options: Namespace) -> None:
    face.say(f"{face.client.projects.accept(options.project).name} is yours now.")


def _decline(face: Face, options: Namespace) -> None:
    face.client.projects.decline(options.project)
    face.say(f"{options.project} is not on offer any more.")


def _leave(face: Face, options: Namespace) -> None:
    face.sure(f"You will have no role of your own in {options.project}.", yes=options.yes)
    face.client.projects.leave(options.project)
    face.say(f"You have left {options.project}.")


def _break_glass(face: Face, options: Namespace) -> None:
    projects = face.client.projects
    if options.end:
        projects.mend_glass(options.project)
        face.say(f"You have given your access to {options.project} back.")
        return
    projects.break_glass(options.project, options.reason, minutes=options.minutes)
    face.say(
        f"You may look into {options.project} for {options.minutes} min; its owners are told why."
    )


def _share(face: Face, options: Namespace) -> None:
    project = options.project or face.client.project
    grant = face.client.projects.share(project, options.subject, options.role)
    face.say(f"{_person(grant.subject)} is {grant.role} of {project} now.")
    if not grant.known:
        face.warn(f"nobody called {_person(grant.subject)} has been here yet.")


def _unshare(face: Face, options: Namespace) -> None:
    project = options.project or face.client.project
    face.client.projects.unshare(project, options.subject)
    face.say(f"{options.subject} has no role of their own in {project} any more.")


def _members(face: Face, options: Namespace) -> None:
    found = tables.table("who", "role", "since", "given by", "")
    for grant in face.client.projects.members(options.project):
        role = str(grant.role or "emergency access")
        since = f"{tables.age(grant.created)} ago"
        tables.row(found, _person(grant.subject), role, since, grant.by, _remark(grant))
    face.show(found)


def _remark(grant: Grant) -> str:
    if grant.until is not None:
        return f"until {grant.until[:16].replace('T', ' ')} UTC: {grant.reason}"
    return "" if grant.known else "has not been here yet"


def _person(subject: str) -> str:
    """People by their name alone, teams as ``team:NAME``."""
    return subject.removeprefix("user:")


def _switch(value: object) -> str:
    return "on" if value else "off"


COMMANDS: dict[str, Callable[[Face, Namespace], None]] = {
    "project list": _list,
    "project use": _use,
    "project create": _create,
    "project show": _show,
    "project rename": _rename,
    "project settings": _settings,
    "project visibility": _visibility,
    "project members": _members,
    "project share": _share,
    "project unshare": _unshare,
    "project leave": _leave,
    "project offer": _offer,
    "project accept": _accept,
    "project decline": _decline,
    "project archive": _archive,
    "project activate": _activate,
    "project delete": _delete,
    "project restore": _activate,
    "project break-glass": _break_glass,
    "share": _share,
    "unshare": _unshare,
    "members": _members,
}
