"""Who is asking: the one decision that turns a verified credential into a Principal.

Jupyter has verified the credential already; its ``IdentityProvider`` knows the result.

* The stock providers (token, password, or none at all) know *that* somebody may enter, not
  who: their user is a random name per browser. Such a server has one person, its owner.
* A provider that makes its own users (JupyterHub's, a company's) knows who it is: the
  Principal has that user's name, byte for byte.
* Everything else is nobody, and nobody is refused.

Nothing of the request itself is read here: no body, no query, no header.
"""

from __future__ import annotations

import os
import pwd
from typing import Any

from jupyter_server.auth.identity import (
    IdentityProvider,
    LegacyIdentityProvider,
    PasswordIdentityProvider,
    User,
)
from jupyter_server.auth.login import LegacyLoginHandler

from submarine_ext.domain.access import Principal
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.subjects import plausible

_STOCK = (IdentityProvider, PasswordIdentityProvider, LegacyIdentityProvider)
_MAKES_USERS = (
    "get_user",
    "_get_user",
    "get_user_token",
    "get_user_cookie",
    "user_from_cookie",
    "generate_anonymous_user",
    "process_login_form",
)


def server_owner(hub_user: str | None = None) -> str:
    """The name of the person whose server this is.

    ``hub_user`` is what JupyterHub put into the server's environment (``JUPYTERHUB_USER``);
    without a Hub it is the operating-system user who runs the server.
    """
    if hub_user:
        return hub_user
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that runs under a number without a name
        return f"uid{os.getuid()}"


def principal_of(provider: Any, user: User | None, owner: str | None) -> Principal | None:
    """Who it is, or None: refuse. ``owner`` is a stock server's one person, if it has one."""
    if user is None or not isinstance(provider, IdentityProvider):
        return None
    if knows_people(provider):
        return _named(user)
    if isinstance(provider, LegacyIdentityProvider) and not _is_jupyters_login(provider):
        return None  # an old login handler of its own, whose users nobody can tell apart
    return None if owner is None else Principal(owner)


def _named(user: User) -> Principal | None:
    """Names that cannot be shown as they are would look like somebody else's, and one who is
    called like the server itself would do their deeds in its name.
    """
    name = user.username
    return Principal(name) if plausible(name) and name != SYSTEM else None


def knows_people(provider: Any) -> bool:
    """Whether a class that is not Jupyter's own says who users are (or the class itself)."""
    ancestry = provider.__mro__ if isinstance(provider, type) else type(provider).__mro__
    theirs = (kind for kind in ancestry if kind not in _STOCK)
    return any(
        name in vars(kind)
        for kind in theirs
        if issubclass(kind, IdentityProvider)
        for name in _MAKES_USERS
    )


def _is_jupyters_login(provider: LegacyIdentityProvider) -> bool:
    return provider.login_handler_class is LegacyLoginHandler
