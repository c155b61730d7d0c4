"""Who is asking, and may they: tokens, anonymous, impersonation, 401 and 403.

Why it exists: one place through which every request passes before anything else looks at it.
Must not know: what a request does. Roles are read where everything is stored, at every request.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .calls import ANONYMOUS, User
from .impersonation import Headers, Impersonation, NotGranted, NoUser, wanted
from .kinds import RBAC
from .rbac import Attributes, Object, decide, service_account
from .status import Refused, about, bad_request, failure, forbidden, qualified
from .storage import Storage


@dataclass(frozen=True)
class _Account:
    """What a ServiceAccount's token stands for, and until when."""

    namespace: str
    name: str
    uid: str
    identifier: str
    expires: float


class Access:
    """Authentication and authorization over what ``storage`` holds.

    ``users``: the tokens that stand for a user for ever.
    """

    def __init__(
        self,
        storage: Storage,
        users: Mapping[str, User],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage, self._users, self._clock = storage, users, clock
        self._accounts: dict[str, _Account] = {}
        self.impersonation = Impersonation(self.may, clock)
        #: Off: no credentials are a 401 instead of ``system:anonymous``.
        self.anonymous = True

    def account_token(self, namespace: str, name: str, seconds: float = 3600.0) -> str:
        """Return a new token of a ServiceAccount; raises KeyError where there is none."""
        record = self._storage.get("serviceaccounts", namespace, name)
        if record is None:
            raise KeyError(name)
        uid = record.object["metadata"]["uid"]
        token = secrets.token_urlsafe(48)
        until = self._clock() + seconds
        self._accounts[token] = _Account(namespace, name, uid, str(uuid.uuid4()), until)
        return token

    def authenticate(self, headers: Headers) -> User:
        """Return who sends these headers; raises 401 for a token that is not valid (any more)."""
        given = next((v for k, v in headers.items() if k.lower() == "authorization"), "")
        kind, _, token = given.partition(" ")
        if kind.lower() != "bearer":
            if not self.anonymous:
                raise unauthorized()
            return ANONYMOUS
        user = self._users.get(token.strip()) or self._account(token.strip())
        if user is None:
            raise unauthorized()
        return user

    def _account(self, token: str) -> User | None:
        account = self._accounts.get(token)
        if account is None or account.expires < self._clock():
            return None
        record = self._storage.get("serviceaccounts", account.namespace, account.name)
        if record is None or record.object["metadata"]["uid"] != account.uid:
            return None
        user = service_account(account.namespace, account.name, account.uid)
        key = "authentication.kubernetes.io/credential-id"
        return User(user.name, user.groups, user.uid, {key: (f"JTI={account.identifier}",)})

    def acting(self, user: User, headers: Headers, asked: Attributes) -> User:
        """Return the user to go on as (impersonated or not); raises 400 and 403."""
        try:
            target = wanted(headers)
            if target is not None:
                user = self.impersonation.become(user, target, asked)
        except NoUser as missing:
            raise bad_request(str(missing)) from None
        except NotGranted as missing:
            raise denied(missing.user, missing.asked) from None
        return user

    def demand(self, user: User, asked: Attributes) -> None:
        """Raise 403 unless ``user`` may; exec wants both its verbs."""
        if not self.may(user, asked):
            raise denied(user, asked)
        if (asked.full, asked.verb) == ("pods/exec", "get"):
            create = Attributes("create", "pods", "", asked.namespace, asked.name, "exec")
            if not self.may(user, create):
                raise forbidden("", "pods", asked.name, "")

    def may(self, user: User, asked: Attributes) -> bool:
        """Return whether ``user`` has the right."""
        return decide(self.objects, user, asked)[0]

    def objects(self, plural: str, namespace: str) -> Iterator[Object]:
        """Yield the stored Roles or bindings."""
        records = self._storage.records(qualified(RBAC, plural), namespace)
        return (record.object for record in records)


def unauthorized() -> Refused:
    """No identity."""
    return failure(401, "Unauthorized", "Unauthorized")


def denied(user: User, asked: Attributes) -> Refused:
    """Return the 403 that names user, verb, resource, group and namespace."""
    if asked.path:
        return failure(403, "Forbidden", f"forbidden: {asked.refusal(user)}", {})
    name = f' "{asked.name}"' if asked.name else ""
    message = f"{qualified(asked.group, asked.resource)}{name} is forbidden: {asked.refusal(user)}"
    details = about(asked.group, asked.resource, asked.name)
    return failure(403, "Forbidden", message, details)
