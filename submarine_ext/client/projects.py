"""``client.projects``: make, look at and change projects; share them; hand them over."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from submarine_ext.client.answers import pages, received
from submarine_ext.client.transport import Transport
from submarine_ext.domain.access import Role
from submarine_ext.domain.projects import Grant, Project, Visibility


class Projects:
    """The projects of a server. ``project`` None is the client's own (``client.project``).

    All raise ``NotFound`` for what is absent or invisible, ``Forbidden`` where the asker's
    role does not reach, ``Conflict`` where the project's state stands against it.
    """

    def __init__(self, transport: Transport, chosen: Callable[[], str]) -> None:
        self._transport, self._chosen = transport, chosen

    def list(self) -> builtins.list[Project]:
        """All that we may see, by name."""
        return [*pages(self._transport, "projects", Project)]

    def get(self, project: str | None = None) -> Project:
        """One project, with our role and rights in it."""
        return received(self._transport.get(self._path(project)).json(), Project)

    def create(
        self,
        name: str,
        *,
        title: str = "",
        description: str = "",
        visibility: Visibility | str = Visibility.PRIVATE,
    ) -> Project:
        """Make a project of ours. ``name`` (a slug) stays, ``title`` (default: the name) is
        free text. Raises ``Invalid`` for a name that cannot be, ``Conflict`` for a taken one.
        """
        body = {"name": name, "title": title, "description": description, "visibility": visibility}
        return received(self._transport.post("projects", body).json(), Project)

    def update(self, project: str | None = None, **changes: Any) -> Project:
        """Change ``title``, ``description``, ``visibility``, ``state`` or ``settings`` (a dict
        of ``viewer_logs``, ``version_outputs``); what is not named stays.
        """
        answer = self._transport.send("PATCH", self._path(project), json=changes)
        return received(answer.json(), Project)

    def archive(self, project: str | None = None) -> Project:
        """Make it read-only."""
        return self.update(project, state="archived")

    def activate(self, project: str | None = None) -> Project:
        """Take it out of the archive, or out of the trash."""
        return self.update(project, state="active")

    def delete(self, project: str) -> None:
        """Put it into the trash, where ``activate`` finds it."""
        self._transport.send("DELETE", self._path(project))

    def purge(self, project: str) -> None:
        """Delete one that is in the trash, with its files, history and jobs, for good."""
        self._transport.send("DELETE", self._path(project), params={"purge": "true"})

    def members(self, project: str | None = None) -> builtins.list[Grant]:
        """Who is what in it: people, teams, and admins' emergency access."""
        return [*pages(self._transport, self._path(project, "grants"), Grant)]

    def share(self, project: str | None, subject: str, role: Role | str = Role.VIEWER) -> Grant:
        """Give a role to a person (``bob``) or a team (``team:vision``), or change it.

        Raises ``Conflict`` where that would leave the project without an owner.
        """
        answer = self._transport.send("PUT", self._grant(project, subject), json={"role": role})
        return received(answer.json(), Grant)

    def unshare(self, project: str | None, subject: str) -> None:
        """Take the role of a person or a team away. Raises ``Conflict`` for the last owner."""
        self._transport.send("DELETE", self._grant(project, subject))

    def leave(self, project: str) -> None:
        """Give our own role up. Raises ``Conflict`` where we are the last owner."""
        me = self._transport.get("me").json()["user"]
        self.unshare(project, f"user:{me}")

    def offer(self, project: str | None, to: str) -> Project:
        """Offer it to a person, who becomes its owner by accepting; we stay as editor."""
        answer = self._transport.post(self._path(project, "transfer"), {"to": to})
        return received(answer.json(), Project)

    def accept(self, project: str) -> Project:
        """Take a project that was offered to us."""
        answer = self._transport.post(self._path(project, "transfer/accept"), {})
        return received(answer.json(), Project)

    def decline(self, project: str) -> None:
        """Turn an offer down, or take our own back."""
        self._transport.send("DELETE", self._path(project, "transfer"))

    def break_glass(self, project: str, reason: str, *, minutes: int = 60) -> Grant:
        """Enter in an emergency (admins), for an hour at most; its owners are told the reason.

        Raises ``Invalid`` for a reason of fewer than ten characters.
        """
        body = {"reason": reason, "minutes": minutes}
        return received(
            self._transport.post(self._path(project, "break-glass"), body).json(), Grant
        )

    def mend_glass(self, project: str) -> None:
        """Give emergency access back before its time."""
        self._transport.send("DELETE", self._path(project, "break-glass"))

    def _path(self, project: str | None, rest: str = "") -> str:
        name = quote(project or self._chosen(), safe="")
        return f"projects/{name}" + (f"/{rest}" if rest else "")

    def _grant(self, project: str | None, subject: str) -> str:
        return self._path(project, f"grants/{quote(subject_of(subject), safe='')}")


def subject_of(name: str) -> str:
    """``user:bob`` for ``bob``; ``team:vision`` and ``user:…`` stay as they are."""
    return name if name.startswith(("user:", "team:")) else f"user:{name}"
