"""Who may do what: one table of rights, one decision function. Default deny.

A capability is ``resource:verb``. A :class:`Principal` is made by ``identity`` from the
verified credential and by nothing else. What somebody is to a project is a
:class:`Relation`, computed from the tuples (subject, role, project) in the transaction that
asks; teams are subjects one level deep, and the greatest role counts. Listing and checking
share :func:`rights`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from submarine_ext.errors import Forbidden, NotFound


class Capability(StrEnum):
    """What a route or a service asks for, alphabetised."""

    AUDIT_READ = "audit:read"
    BREAK_GLASS = "break-glass:open"
    BUNDLE_WRITE = "bundle:write"
    ENGINE_EXAMINE = "engine:examine"
    ENGINE_READ = "engine:read"
    FILE_PURGE = "file:purge"
    FILE_READ = "file:read"
    FILE_WRITE = "file:write"
    GRANT_WRITE = "grant:write"
    JOB_DELETE = "job:delete"
    JOB_DELETE_ANY = "job:delete-any"
    JOB_LIST = "job:list"
    JOB_LOGS = "job:logs"
    JOB_READ = "job:read"
    JOB_SPEC = "job:spec"
    JOB_STOP = "job:stop"
    JOB_STOP_ANY = "job:stop-any"
    JOB_SUBMIT = "job:submit"
    KERNEL_START = "kernel:start"
    MACHINE_OFFER = "machine:offer"
    MEMBER_READ = "member:read"
    ME_READ = "me:read"
    OUTPUT_READ = "output:read"
    OWNER_WRITE = "owner:write"
    PROJECT_CLOSE = "project:close"
    PROJECT_CREATE = "project:create"
    PROJECT_LEAVE = "project:leave"
    PROJECT_LIST = "project:list"
    PROJECT_PURGE = "project:purge"
    PROJECT_READ = "project:read"
    PROJECT_WRITE = "project:write"
    PUBLIC = "public"
    QUEUE_READ = "queue:read"
    QUOTA_READ = "quota:read"
    SECRET_READ = "secret:read"  # noqa: S105 - a capability
    SECRET_WRITE = "secret:write"  # noqa: S105 - a capability
    STREAM_OPEN = "stream:open"
    TEAM_CREATE = "team:create"
    TEAM_LIST = "team:list"
    TEAM_READ = "team:read"
    TEAM_WRITE = "team:write"
    TRANSFER_ACCEPT = "transfer:accept"
    USER_LIST = "user:list"
    USER_WRITE = "user:write"
    VISIBILITY_LOWER = "visibility:lower"


class Role(StrEnum):
    """What a member is; each includes the one before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """1 to 3: the greatest of several grants counts."""
        return list(Role).index(self) + 1


class Principal(Struct, frozen=True):
    """Who is asking: the name comes from the verified credential only."""

    name: str


class Relation(Struct, frozen=True, kw_only=True):
    """What somebody is to a project, at the moment of asking.

    ``internal``: the project is open to signed-in readers. ``break_glass``: an admin's
    emergency access, not yet expired. ``offered``: the project is offered to this person.
    ``viewer_logs``: the project shows logs to its viewers. ``orphaned``: no owner is left.
    """

    role: Role | None = None
    internal: bool = False
    admin: bool = False
    break_glass: bool = False
    offered: bool = False
    viewer_logs: bool = False
    orphaned: bool = False


C = Capability

#: Asked of the server itself, not of a project: every signed-in person may.
SIGNED_IN = frozenset(
    {
        C.BUNDLE_WRITE,
        C.ENGINE_READ,
        C.MACHINE_OFFER,
        C.ME_READ,
        C.PROJECT_CREATE,
        C.PROJECT_LIST,
        C.QUEUE_READ,
        C.STREAM_OPEN,
        C.TEAM_LIST,
        C.USER_LIST,
    }
)

#: Asked of the server itself: admins may, beyond what everybody may.
ADMINISTRATION = frozenset(
    {C.ENGINE_EXAMINE, C.TEAM_CREATE, C.TEAM_READ, C.TEAM_WRITE, C.USER_WRITE}
)

#: Signed-in readers of an internal project: notebooks come without their outputs.
INTERNAL = frozenset({C.FILE_READ, C.PROJECT_READ})

_VIEWER = INTERNAL | {
    C.JOB_LIST,
    C.JOB_READ,
    C.MEMBER_READ,
    C.OUTPUT_READ,
    C.PROJECT_LEAVE,
    C.QUOTA_READ,
}
_EDITOR = _VIEWER | {
    C.FILE_WRITE,
    C.JOB_DELETE,
    C.JOB_LOGS,
    C.JOB_SPEC,
    C.JOB_STOP,
    C.JOB_SUBMIT,
    C.KERNEL_START,
    C.SECRET_READ,
    C.SECRET_WRITE,
}
_OWNER = _EDITOR | {
    C.AUDIT_READ,
    C.FILE_PURGE,
    C.GRANT_WRITE,
    C.JOB_DELETE_ANY,
    C.JOB_STOP_ANY,
    C.OWNER_WRITE,
    C.PROJECT_CLOSE,
    C.PROJECT_PURGE,
    C.PROJECT_WRITE,
    C.VISIBILITY_LOWER,
}

ROLES: dict[Role, frozenset[Capability]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.OWNER: _OWNER,
}

#: What an admin may in every project without a word to its owners.
ADMIN = frozenset(
    {
        C.AUDIT_READ,
        C.BREAK_GLASS,
        C.JOB_DELETE,
        C.JOB_DELETE_ANY,
        C.JOB_LIST,
        C.JOB_READ,
        C.JOB_STOP,
        C.JOB_STOP_ANY,
        C.MEMBER_READ,
        C.PROJECT_CLOSE,
        C.PROJECT_READ,
        C.QUOTA_READ,
        C.VISIBILITY_LOWER,
    }
)

#: What an admin may besides, for an hour at most, with a reason and the owners' knowledge.
BREAK_GLASS = frozenset(
    {
        C.FILE_READ,
        C.FILE_WRITE,
        C.GRANT_WRITE,
        C.JOB_LOGS,
        C.JOB_SPEC,
        C.OUTPUT_READ,
        C.OWNER_WRITE,
        C.SECRET_READ,
    }
)

#: What may not be done in a project that is archived, in the trash or without an owner.
CHANGES = frozenset({C.FILE_WRITE, C.JOB_SUBMIT, C.KERNEL_START, C.SECRET_WRITE})


#: What people call what they may not do: "… you may not save files".
WORDS: dict[Capability, str] = {
    C.AUDIT_READ: "see who did what",
    C.BREAK_GLASS: "use emergency access",
    C.FILE_PURGE: "delete files or versions for good",
    C.FILE_READ: "read files",
    C.FILE_WRITE: "save or change files",
    C.GRANT_WRITE: "change who it is shared with",
    C.JOB_DELETE: "delete jobs",
    C.JOB_DELETE_ANY: "delete other people's jobs",
    C.JOB_LIST: "see jobs",
    C.JOB_LOGS: "read the logs of jobs",
    C.JOB_READ: "see jobs",
    C.JOB_SPEC: "see what jobs run",
    C.JOB_STOP: "stop jobs",
    C.JOB_STOP_ANY: "stop other people's jobs",
    C.JOB_SUBMIT: "run jobs",
    C.KERNEL_START: "run code",
    C.MEMBER_READ: "see its members",
    C.OUTPUT_READ: "see outputs and results",
    C.OWNER_WRITE: "make or unmake owners",
    C.PROJECT_CLOSE: "archive or delete it",
    C.PROJECT_LEAVE: "leave it",
    C.PROJECT_PURGE: "delete it for good",
    C.PROJECT_READ: "look at it",
    C.PROJECT_WRITE: "change its settings",
    C.QUOTA_READ: "see quotas",
    C.SECRET_READ: "see its secrets",
    C.SECRET_WRITE: "change its secrets",
    C.TRANSFER_ACCEPT: "accept it",
    C.VISIBILITY_LOWER: "change who else sees it",
}
_WITH_ARTICLE = {Role.VIEWER: "a viewer", Role.EDITOR: "an editor", Role.OWNER: "an owner"}


def rights(relation: Relation) -> frozenset[Capability]:
    """Everything that somebody may do in a project. Absence denies."""
    sets: list[frozenset[Capability]] = []
    if relation.role is not None:
        sets.append(ROLES[relation.role])
        if relation.viewer_logs:
            sets.append(frozenset({C.JOB_LOGS}))
    if relation.internal:
        sets.append(INTERNAL)
    if relation.offered:
        sets.append(frozenset({C.PROJECT_READ, C.TRANSFER_ACCEPT}))
    if relation.admin:
        sets.append(ADMIN)
        if relation.break_glass:
            sets.append(BREAK_GLASS)
        if relation.orphaned:
            sets.append(frozenset({C.OWNER_WRITE}))
    return frozenset().union(*sets)


def require(relation: Relation, capability: Capability) -> None:
    """Raise ``NotFound`` for strangers (absent and invisible look the same), else ``Forbidden``."""
    allowed = rights(relation)
    if capability in allowed:
        return
    if not allowed:
        raise NotFound
    if capability is C.TRANSFER_ACCEPT:
        raise Forbidden("This project is not offered to you.")
    whose = f"As {_WITH_ARTICLE[relation.role]} of this project" if relation.role else "Here"
    raise Forbidden(f"{whose} you may not {WORDS[capability]}; an owner can change that.")
