"""``client.teams``: people under one name, to share projects with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from submarine_ext.client.answers import pages, received
from submarine_ext.client.transport import Transport
from submarine_ext.domain.quotas import Quota
from submarine_ext.domain.teams import Standing, Team


class Teams:
    """The teams of a server. Making and deleting them, and quotas, are for admins; a team's
    managers look after its members. Others get ``Forbidden``.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, text: str | None = None) -> Iterator[Team]:
        """Teams with ``text`` in their name, all pages; their own show their members."""
        return pages(self._transport, "teams", Team, text=text)

    def get(self, team: str) -> Team:
        """One team. Raises ``NotFound``."""
        return received(self._transport.get(_path(team)).json(), Team)

    def create(self, name: str, *, title: str = "") -> Team:
        """Make a team. ``name`` (a slug) stays. Raises ``Conflict`` for a taken one."""
        body = {"name": name, "title": title}
        return received(self._transport.post("teams", body).json(), Team)

    def update(self, team: str, *, title: str | None = None, quota: Quota | None = None) -> Team:
        """Change the title or the quota (all of its limits); None stays."""
        body = _given(title=title, quota=None if quota is None else msgspec.to_builtins(quota))
        return received(self._transport.send("PATCH", _path(team), json=body).json(), Team)

    def add(self, team: str, person: str, role: Standing | str = Standing.MEMBER) -> Team:
        """Take a person in, or change what they are in it (``member``, ``manager``)."""
        answer = self._transport.send("PUT", _path(team, person), json={"role": role})
        return received(answer.json(), Team)

    def remove(self, team: str, person: str) -> None:
        """Take a person out. Raises ``Conflict`` where a project would lose its last owner."""
        self._transport.send("DELETE", _path(team, person))

    def delete(self, team: str) -> None:
        """Delete a team, and what its members had through it. ``Conflict`` as above."""
        self._transport.send("DELETE", _path(team))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _path(team: str, person: str | None = None) -> str:
    member = "" if person is None else f"/members/{quote(person, safe='')}"
    return f"teams/{quote(team, safe='')}{member}"
