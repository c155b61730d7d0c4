"""Who may do what: one table of roles, one decision function. Default deny.

A capability is ``resource:verb``. A :class:`Principal` is made by ``identity`` from the
verified credential and by nothing else. Listing and checking share :func:`allows`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from submarine_ext.errors import Forbidden, NotFound


class Capability(StrEnum):
    """What a route or a service asks for, alphabetised."""

    BUNDLE_WRITE = "bundle:write"
    ENGINE_READ = "engine:read"
    JOB_DELETE = "job:delete"
    JOB_LIST = "job:list"
    JOB_LOGS = "job:logs"
    JOB_READ = "job:read"
    JOB_STOP = "job:stop"
    JOB_SUBMIT = "job:submit"
    ME_READ = "me:read"
    OUTPUT_READ = "output:read"
    PROJECT_LIST = "project:list"
    PUBLIC = "public"
    STREAM_OPEN = "stream:open"


class Role(StrEnum):
    """A person's relation to a project. ``viewer`` and ``editor`` arrive with sharing."""

    OWNER = "owner"


class Principal(Struct, frozen=True):
    """Who is asking: the name comes from the verified credential only."""

    name: str


#: Asked of the server itself, not of a project: every signed-in person may.
SIGNED_IN = frozenset(
    {
        Capability.BUNDLE_WRITE,
        Capability.ENGINE_READ,
        Capability.ME_READ,
        Capability.PROJECT_LIST,
        Capability.STREAM_OPEN,
    }
)

ROLES: dict[Role, frozenset[Capability]] = {
    Role.OWNER: frozenset(
        {
            Capability.JOB_DELETE,
            Capability.JOB_LIST,
            Capability.JOB_LOGS,
            Capability.JOB_READ,
            Capability.JOB_STOP,
            Capability.JOB_SUBMIT,
            Capability.OUTPUT_READ,
        }
    ),
}


def allows(role: Role | None, capability: Capability) -> bool:
    """The decision. No relation (None) has only what every signed-in person has."""
    if capability in SIGNED_IN:
        return True
    return role is not None and capability in ROLES[role]


def require(role: Role | None, capability: Capability) -> None:
    """Raise ``NotFound`` for strangers (absent and invisible look the same), else ``Forbidden``."""
    if allows(role, capability):
        return
    if role is None:
        raise NotFound
    raise Forbidden(f"Your role in this project ({role}) does not include {capability}.")
