"""``client.users``: who else is here; for admins, their accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from submarine_ext.client.answers import pages, received
from submarine_ext.client.transport import Transport
from submarine_ext.domain.people import User
from submarine_ext.domain.quotas import Quota


class Users:
    """The people of a server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, text: str | None = None) -> Iterator[User]:
        """People with ``text`` in their name, all pages."""
        return pages(self._transport, "users", User, text=text)

    def get(self, name: str) -> User:
        """One person. Raises ``NotFound``."""
        return received(self._transport.get(_path(name)).json(), User)

    def change(
        self,
        name: str,
        *,
        admin: bool | None = None,
        disabled: bool | None = None,
        quota: Quota | None = None,
    ) -> User:
        """Change an account (admins, else ``Forbidden``); None stays, a quota is set whole.

        Disabling stops the person's jobs and ends their sessions. Raises ``Conflict`` for an
        admin by configuration, and for the last one.
        """
        fields: dict[str, Any] = {"admin": admin, "disabled": disabled}
        body = {name: value for name, value in fields.items() if value is not None}
        if quota is not None:
            body["quota"] = msgspec.to_builtins(quota)
        return received(self._transport.send("PATCH", _path(name), json=body).json(), User)


def _path(name: str) -> str:
    return f"users/{quote(name, safe='')}"
