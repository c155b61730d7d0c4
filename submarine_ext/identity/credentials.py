"""Which credential goes to the team service with a visitor's request: their own, or none.

The person whose server this is has left credentials on it that kernels can read; sending one
of them for somebody else would let every visitor act in that person's name (the confused
deputy). So:

* Behind a JupyterHub the owner's requests go with the server's own token, which the Hub gave
  to it for them and which has the rights that ``Spawner.server_token_scopes`` say. Who else
  visits is known by a token of theirs, from the header or behind the cookie: that one goes.
* A provider that knows people in another way may say what a visitor has for the service, by
  a method ``service_token(handler) -> str | None``.
* Otherwise the administrator gives one token, which is the owner's and is sent for nobody else.

Whoever has none is refused; the token with which somebody entered a server that is no
Hub's is meant for that server, and never leaves it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submarine_ext.domain.access import Principal
from submarine_ext.errors import NoCredential, Unavailable


class Credentials:
    """``owner`` is the person whose server this is; ``file`` holds that person's token."""

    def __init__(
        self, owner: str, file: Path | None, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._owner = owner
        self._file = file
        self._hub_user = environ.get("JUPYTERHUB_USER", "")
        self._hub_token = environ.get("JUPYTERHUB_API_TOKEN", "")

    def of(self, handler: Any, who: Principal) -> str:
        """The token that acts as this visitor, and as nobody else. Raises NoCredential."""
        token = self._found(handler, who)
        if not token:
            raise NoCredential(
                f"This server has no credential of {who.name} for the team service, and lends "
                f"nobody else's. Open submarine-ext on a server of your own."
            )
        return token

    def own(self) -> str:
        """The token of the person whose server this is, for what it does without a visitor.

        Raises NoCredential, Unavailable.
        """
        token = self._hub_token if self._hub_user else self._configured()
        if not token:
            raise NoCredential(
                f"This server has no credential of {self._owner} for the team service: name a "
                "file with one in SubmarineExtension.service_token_file."
            )
        return token

    def _found(self, handler: Any, who: Principal) -> str | None:
        provider = handler.identity_provider
        hub = getattr(provider, "hub_auth", None)
        if hub is not None:
            token: str | None = hub.api_token if self._owns(handler) else hub.get_token(handler)
            return token
        says = getattr(provider, "service_token", None)
        token = says(handler) if says is not None else None
        return token or (self._configured() if who.name == self._owner else None)

    def _owns(self, handler: Any) -> bool:
        """Whether the Hub's *user* of this server asks; its services have names, too."""
        model = getattr(handler.current_user, "hub_user", {})
        is_user = model.get("kind") == "user"
        return is_user and bool(self._hub_user) and model.get("name") == self._hub_user

    def _configured(self) -> str | None:
        """Read anew each time: tokens are renewed."""
        if self._file is None:
            return None
        try:
            return self._file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(
                f"The token for the team service cannot be read from {self._file}: "
                f"{getattr(error, 'strerror', None) or 'it is no text'}.",
                retry_after=10,
            ) from None
