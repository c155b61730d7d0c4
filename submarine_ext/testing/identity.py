"""An identity provider that knows several people by their tokens, for tests and trials.

::

    c.ServerApp.identity_provider_class = "submarine_ext.testing.identity.PeopleByToken"
    c.PeopleByToken.people = {"token-of-alice": "alice", "token-of-bob": "bob"}

In a browser, ``/lab?token=…`` signs in. Never for production: tokens stand in a file.
"""

from __future__ import annotations

from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from traitlets import Dict, Unicode


class PeopleByToken(IdentityProvider):
    """Token or cookie → person; every other credential is nobody's."""

    people = Dict(
        key_trait=Unicode(), value_trait=Unicode(), help="Names by token. Empty: nobody gets in."
    ).tag(config=True)

    async def get_user_token(self, handler: JupyterHandler) -> User | None:  # type: ignore[override]
        """Who the request's token belongs to."""
        name = self.people.get(self.get_token(handler) or "")
        return User(username=name) if name else None

    def service_token(self, handler: JupyterHandler) -> str | None:
        """What a connected server sends for the visitor: the token that came, never a cookie's."""
        return self.get_token(handler) if handler.token_authenticated else None
