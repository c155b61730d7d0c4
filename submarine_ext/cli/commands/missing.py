"""Which of the names in a command nobody knows: the server does not tell, its lists do.

A server says the same of what is absent and of what we may not see, so nothing here can
tell those apart either.
"""

from __future__ import annotations

from argparse import Namespace

from submarine_ext.cli.face import Face
from submarine_ext.cli.parsing import meant
from submarine_ext.errors import NotFound


def explained(face: Face, options: Namespace, error: NotFound) -> NotFound:
    """The error with the name that is not there, and what was probably meant."""
    if error.detail != NotFound().detail:
        return error  # it says so already
    named = vars(options)
    sentence = _team(face, named.get("team")) or _project(face, named.get("project"))
    sentence = sentence or _other(face, named)
    return NotFound(sentence) if sentence else error


def _team(face: Face, name: str | None) -> str | None:
    if name is None:
        return None
    known = [team.name for team in face.client.teams.list()]
    return None if name in known else f"There is no team {name!r}{meant(name, known)}"


def _project(face: Face, named: str | None) -> str | None:
    name = named or face.client.project
    known = [project.name for project in face.client.projects.list()]
    if name in known:
        return None
    hint = "" if named else f" `{face.prog} project use NAME` chooses another one."
    return f"There is no project {name!r} that you may see{meant(name, known)}{hint}"


def _other(face: Face, named: dict[str, str | None]) -> str | None:
    """What the command itself is about, in a project or team that is there."""
    if named.get("path"):
        return f"There is no {named['path']!r} in {named.get('project') or face.client.project}."
    for word in ("secret", "subject", "person"):
        if named.get(word):
            return f"There is no {named[word]!r} to do this with."
    return None
