"""Names that the server knows, for completion: asked for only where one can stand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from submarine_ext.client.client import Client

MANY = 20  # jobs and people that are offered


def known(client: Client, what: str, start: str) -> list[str]:
    """Names of a kind, by the word that stands for it in help; ``start`` is what is written."""
    return _KINDS[what](client, start) if what in _KINDS else []


def _jobs(client: Client, _start: str) -> list[str]:
    return ["last", *(job.id for job in islice(client.jobs.list(limit=MANY), MANY))]


def _projects(client: Client, _start: str) -> list[str]:
    return [project.name for project in client.projects.list()]


def _secrets(client: Client, _start: str) -> list[str]:
    return [secret.name for secret in client.secrets().list()]


def _people(client: Client, start: str) -> list[str]:
    return [user.name for user in islice(client.users.search(start or None), MANY)]


def _subjects(client: Client, start: str) -> list[str]:
    return [*_people(client, start), *(f"team:{name}" for name in _teams(client, start))]


def _teams(client: Client, _start: str) -> list[str]:
    return [team.name for team in client.teams.list()]


def _files(client: Client, start: str) -> list[str]:
    folder, mark, _ = start.rpartition("/")
    return [
        f"{folder}{mark}{file.name}" + ("/" if file.type == "directory" else "")
        for file in client.files().list(folder)
    ]


_KINDS: dict[str, Callable[[Client, str], list[str]]] = {
    "ID": _jobs,
    "PATH": _files,
    "PERSON": _people,
    "PROJECT": _projects,
    "SECRET": _secrets,
    "SUBJECT": _subjects,
    "TEAM": _teams,
}
