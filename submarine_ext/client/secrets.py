"""``client.secrets(project)``: values that only jobs get; nobody reads them back."""

from __future__ import annotations

import builtins
from urllib.parse import quote

from submarine_ext.client.answers import pages, received
from submarine_ext.client.transport import Transport
from submarine_ext.domain.secrets import Secret


class Secrets:
    """The secrets of a project. Editors and owners see and write them (else ``Forbidden``)."""

    def __init__(self, transport: Transport, project: str) -> None:
        self._transport = transport
        self._route = f"projects/{quote(project, safe='')}/secrets"

    def list(self) -> builtins.list[Secret]:
        """Their names, and who wrote them when."""
        return [*pages(self._transport, self._route, Secret)]

    def write(self, name: str, value: str) -> Secret:
        """Set one. ``name`` is also the environment variable in jobs that ask for it.

        Raises ``Invalid`` for a value of fewer than six characters (it could not be kept out
        of logs) or a name that no variable may have.
        """
        answer = self._transport.send("PUT", self._path(name), json={"value": value})
        return received(answer.json(), Secret)

    def delete(self, name: str) -> None:
        """Forget one; jobs that ask for it will fail and say so. Raises ``NotFound``."""
        self._transport.send("DELETE", self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._route}/{quote(name, safe='')}"
