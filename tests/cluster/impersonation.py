"""Acting as somebody else: the old verb ``impersonate``, and the constrained verbs of 1.36.

Why it exists: a hub's server submits as the person who asked, and may do no more than that.
Must not know: HTTP beyond the headers, how Roles are stored.
Source: recordings/impersonation-and-exec.json; KEP-5284.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from .calls import User
from .rbac import SERVICE_ACCOUNT, Attributes

AUTHENTICATION = "authentication.k8s.io"
_EXTRA = "impersonate-extra-"
Allowed = Callable[[User, Attributes], bool]


class Headers(Protocol):
    """The headers of a request, some of which may stand there several times."""

    def items(self) -> Iterable[tuple[str, str]]: ...


class NotGranted(Exception):
    """A right that the impersonating user lacks."""

    def __init__(self, user: User, asked: Attributes) -> None:
        super().__init__(asked.refusal(user))
        self.user, self.asked = user, asked


class NoUser(Exception):
    """Groups, a uid or extras were named without a user (400)."""


def wanted(headers: Headers) -> User | None:
    """Read whom a request wants to be; raises NoUser where only groups or the like are named."""
    name, uid, groups = "", "", []
    extra: dict[str, list[str]] = {}
    for key, raw in headers.items():
        lower, value = key.lower(), raw.strip()
        if lower == "impersonate-user":
            name = value
        elif lower == "impersonate-uid":
            uid = value
        elif lower == "impersonate-group":
            groups.append(value)
        elif lower.startswith(_EXTRA):
            extra.setdefault(lower.removeprefix(_EXTRA), []).append(value)
    if not name and (groups or uid or extra):
        raise NoUser(_described(uid, groups, extra))
    plain = {key: tuple(values) for key, values in extra.items()}
    return User(name, tuple(groups), uid, plain) if name else None


def _described(uid: str, groups: list[str], extra: dict[str, list[str]]) -> str:
    """Say it as Go prints the struct."""
    listed = "{" + ", ".join(f'"{group}"' for group in groups) + "}" if groups else "(nil)"
    pairs = ", ".join(
        f'"{key}":[]string{{{", ".join(chr(34) + v + chr(34) for v in values)}}}'
        for key, values in sorted(extra.items())
    )
    extras = f"{{{pairs}}}" if extra else "(nil)"
    return (
        f'requested &user.DefaultInfo{{Name:"", UID:"{uid}", Groups:[]string{listed}, '
        f"Extra:map[string][]string{extras}}} without impersonating a user name"
    )


@dataclass
class Impersonation:
    """Decides whether one user may be another for one request.

    The server remembers a constrained permission for ``memory`` seconds, so that its
    withdrawal bites late; the old verb's bites at once.
    """

    allowed: Allowed
    clock: Callable[[], float]
    memory: float = 10.0
    _until: dict[tuple[object, ...], float] = field(default_factory=dict)

    def become(self, user: User, target: User, asked: Attributes) -> User:
        """Return the user to go on as; raises NotGranted with the right that is missing."""
        refused = self._constrained(user, target, asked)
        if refused is not None:
            missing = self._missing(user, _parts(target, "impersonate", ""))
            if missing is not None:
                on_action = refused.verb.startswith("impersonate-on:")
                raise NotGranted(user, refused if on_action else missing)
        return _completed(target)

    def _constrained(self, user: User, target: User, asked: Attributes) -> Attributes | None:
        key = (user.name, target.name, target.groups, target.uid, str(target.extra), asked)
        if self._until.get(key, 0.0) > self.clock():
            return None
        mode = "serviceaccount" if _account(target) else "user-info"
        missing = self._missing(user, _parts(target, f"impersonate:{mode}", AUTHENTICATION))
        if missing is None:
            action = replace(asked, verb=f"impersonate-on:{mode}:{asked.verb}")
            missing = self._missing(user, iter([action]))
        if missing is None:
            self._until[key] = self.clock() + self.memory
        return missing

    def _missing(self, user: User, needed: Iterator[Attributes]) -> Attributes | None:
        return next((one for one in needed if not self.allowed(user, one)), None)


def _account(target: User) -> tuple[str, str] | None:
    if not target.name.startswith(SERVICE_ACCOUNT):
        return None
    namespace, _, name = target.name.removeprefix(SERVICE_ACCOUNT).partition(":")
    return namespace, name


def _parts(target: User, verb: str, group: str) -> Iterator[Attributes]:
    account = _account(target)
    if account is not None:
        yield Attributes(verb, "serviceaccounts", group, account[0], account[1])
    else:
        yield Attributes(verb, "users", group, name=target.name)
    for one in target.groups:
        yield Attributes(verb, "groups", group, name=one)
    for key, values in sorted(target.extra.items()):
        for value in values:
            yield Attributes(verb, "userextras", AUTHENTICATION, name=value, subresource=key)
    if target.uid:
        yield Attributes(verb, "uids", AUTHENTICATION, name=target.uid)


def _completed(target: User) -> User:
    groups = list(target.groups)
    account = _account(target)
    if account is not None and not groups:
        groups += ["system:serviceaccounts", f"system:serviceaccounts:{account[0]}"]
    known = {"system:authenticated", "system:unauthenticated"}
    if target.name != "system:anonymous" and not known & set(groups):
        groups.append("system:authenticated")
    return replace(target, groups=tuple(groups))
