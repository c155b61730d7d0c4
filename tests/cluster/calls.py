"""Who asks for what: one API call, however it came (HTTP, or a controller inside).

Authorizer, admission and registry speak of a :class:`Call`; only ``serving`` knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .kinds import Resource


@dataclass(frozen=True)
class User:
    """Who asks. ``groups`` are complete (``system:authenticated`` included)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ADMIN = User("admin", ("system:masters", "system:authenticated"))
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


def controller(name: str) -> User:
    """The identity of a controller of the control plane, e.g. ``job-controller``."""
    account = f"system:serviceaccount:kube-system:{name}"
    groups = ("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:masters")
    return User(account, (*groups, "system:authenticated"))


@dataclass
class Call:
    """One request. ``resource`` is None for paths that are no resource (``/version``)."""

    verb: str
    user: User
    resource: Resource | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    path: str = ""
    #: Query parameters as they came.
    query: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    field_manager: str = ""
    #: Texts that go out as ``Warning`` headers.
    warnings: list[str] = field(default_factory=list)

    @property
    def served(self) -> Resource:
        """The resource, where there must be one."""
        assert self.resource is not None
        return self.resource

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
