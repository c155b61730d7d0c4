"""Who is asking, from JupyterHub: the visitor's own token, or the cookie of the OAuth login.

The Hub's own library does what it does in every single-user server (OAuth with state and
PKCE, signed cookies, XSRF tokens bound to the session, internal TLS). What is stricter here:

* a decision counts for at most :attr:`HubIdentityProvider.max_age` seconds from when it was
  asked for, also while the Hub is away (the library keeps answers for five minutes);
* the scope ``access:services!service=…`` is checked by us, whatever the Hub answered;
* only people are people: a service of the Hub that is called like somebody is nobody here.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import JupyterHandler
from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider, JupyterHubUser
from jupyterhub.utils import url_path_join
from tornado.web import HTTPError, authenticated
from traitlets import Bool, Dict, Float, Instance, List, Unicode, default

from submarine_ext.domain.directory import Known, Members
from submarine_ext.identity.decisions import Decisions
from submarine_ext.identity.directory import Learn

#: Nothing that the Hub decided counts longer than a minute. An answer counts for the first
#: part of it, an open socket is looked at every few seconds, and in the rest the Hub may be
#: restarted without anybody's sockets being closed.
OLDEST, LOOK, GRACE = 45.0, 5.0, 10.0
#: Seconds that the Hub may take for an answer.
PATIENCE = 10.0
_PAGES = {"Accept": "application/jupyterhub-pagination+json"}
#: What a Hub gives to its services, and what an external one must be given.
VARIABLES = (
    "JUPYTERHUB_API_TOKEN",
    "JUPYTERHUB_API_URL",
    "JUPYTERHUB_SERVICE_NAME",
    "JUPYTERHUB_SERVICE_PREFIX",
)


def belongs_to_a_hub() -> bool:
    """Whether this process was given what a service of a Hub needs."""
    return all(os.environ.get(name) for name in VARIABLES)


class Hub(HubOAuth):  # type: ignore[misc]
    """The Hub, with answers about tokens that are never older than they may be."""

    @default("oauth_client_id")
    def _default_client(self) -> str:
        name = os.environ.get("JUPYTERHUB_SERVICE_NAME", "")
        return os.environ.get("JUPYTERHUB_CLIENT_ID") or f"service-{name}"

    def user_for_token(
        self,
        token: str,
        use_cache: bool = True,  # noqa: FBT001, FBT002 - the library's
        session_id: str = "",
        *,
        sync: bool = True,
    ) -> Any:
        """An awaitable of the model of the token's owner; None for an unknown token."""
        assert not sync, "nothing here waits in a thread"
        hashed = hashlib.sha256(f"{session_id}:{token}".encode("utf8", "replace")).hexdigest()

        async def ask(asked: float) -> Any:
            model = await _in_time(
                HubOAuth.user_for_token(
                    self, token, use_cache=False, session_id=session_id, sync=False
                )
            )
            if model is not None:
                await self.parent.heard(model, asked)
            return model

        return self.parent.decisions.of(hashed, ask, fresh=not use_cache)

    async def groups(self) -> list[dict[str, Any]]:
        """All groups with their members; needs ``list:groups`` and ``read:groups``."""
        found: list[dict[str, Any]] = []
        offset: int | None = 0
        while offset is not None:
            url = url_path_join(self.api_url, f"groups?limit=200&offset={offset}")
            page = await _in_time(self._api_request("GET", url, headers=dict(_PAGES)))
            found.extend(page["items"])
            following = page["_pagination"]["next"]
            offset = following["offset"] if following else None
        return found


async def _in_time(answer: Awaitable[Any]) -> Any:
    """The Hub's answer. Raises HTTPError (500 and above) where there is none."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await answer
    except TimeoutError:
        raise HTTPError(HTTPStatus.BAD_GATEWAY, "The Hub does not answer.") from None


class Callback(HubOAuthCallbackHandler):  # type: ignore[misc]
    """The end of a login: where the Hub sends the browser back to."""

    def initialize(self, hub_auth: Hub) -> None:
        """Called by tornado."""
        self.hub_auth = hub_auth

    def get_current_user(self) -> None:
        """Nobody: the login that comes to its end here is the only one that counts."""


class Login(JupyterHandler):
    """``/login``: strangers are sent to the Hub on their way."""

    @authenticated
    async def get(self) -> None:
        """To the service's own page."""
        self.redirect(self.base_url)


class HubIdentityProvider(JupyterHubIdentityProvider):  # type: ignore[misc]
    """People of a JupyterHub, their groups and who administers it."""

    max_age = Float(
        OLDEST,
        min=1,
        max=OLDEST,
        help="Seconds for which the Hub's answer about a credential counts. Open connections "
        "end at most 15 seconds later.",
    ).tag(config=True)
    sync_seconds = Float(
        20.0,
        min=1,
        max=OLDEST,
        help="Seconds between two looks at the Hub's groups, with the service's own token.",
    ).tag(config=True)
    hub_groups = List(
        Unicode(),
        ["*"],
        help="The Hub's groups that appear as teams, as globs. [] means none.",
    ).tag(config=True)
    team_names = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="Names of teams by the names of groups. Default: the group's name in lower case, "
        "with dashes for all but letters and digits.",
    ).tag(config=True)
    hub_admins = Bool(
        default_value=True,
        help="Whether administrators of the Hub administer this service as well.",
    ).tag(config=True)

    #: The Hub's own XSRF tokens are asked for once it is known how somebody came in.
    xsrf_cookies = False
    hub_auth = Instance(Hub)
    learn: Learn | None = None

    @default("hub_auth")
    def _default_hub_auth(self) -> Hub:
        return Hub(parent=self)

    @default("decisions")
    def _default_decisions(self) -> Decisions:
        return Decisions(self.max_age)

    decisions = Instance(Decisions)

    async def get_user(self, handler: Any) -> User | None:
        """The person behind the request. Raises HTTPError while the Hub does not answer."""
        user: JupyterHubUser | None = await super().get_user(handler)
        return user if user is not None and self._admits(user.hub_user) else None

    def get_handlers(self) -> list[tuple[Any, ...]]:
        """The login's own routes."""
        return [
            ("/login", Login),
            ("/logout", self.logout_handler_class),
            ("/oauth_callback", Callback, {"hub_auth": self.hub_auth}),
        ]

    recheck_seconds = LOOK
    grace_seconds = GRACE

    async def recheck(self, handler: Any) -> bool:
        """See :class:`~submarine_ext.identity.directory.Rechecks`."""
        token, session = self.hub_auth.get_token(handler), self.hub_auth.get_session_id(handler)
        model = await self.hub_auth.user_for_token(token, session_id=session, sync=False)
        return model is not None and self._admits(model)

    def _admits(self, model: Mapping[str, Any]) -> bool:
        access = self.hub_auth.access_scopes
        person = model.get("kind", "user") == "user"
        return person and bool(self.hub_auth.check_scopes(access, model))

    async def heard(self, model: Mapping[str, Any], asked: float) -> None:
        """What a fresh decision tells of somebody who may be here."""
        if self.learn is None or not self._admits(model):
            return
        groups, admin = model.get("groups"), model.get("admin")
        known = Known(
            name=model["name"],
            groups=None if groups is None else frozenset(filter(self._becomes_a_team, groups)),
            admin=bool(admin) and self.hub_admins,
        )
        await self.learn(known, asked)

    async def groups(self) -> Mapping[str, Members]:
        """See :class:`~submarine_ext.identity.directory.HasDirectory`."""
        found = await self.hub_auth.groups()
        return {
            group["name"]: frozenset(group["users"])
            for group in found
            if self._becomes_a_team(group["name"])
        }

    def _becomes_a_team(self, group: str) -> bool:
        return any(fnmatchcase(group, glob) for glob in self.hub_groups)
