"""The permission matrix as it was agreed on (security.md A), written by hand.

It is not made from ``domain/access.py``: the tests hold the one against the other. Letters:
**S** stranger, **I** internal reader, **F** who is offered the project, **V** viewer,
**E** editor, **O** owner, **A** admin, **B** admin with emergency access, **L** viewer of
a project that shows its logs to viewers.
"""

from __future__ import annotations

from submarine_ext.domain.access import Capability as C
from submarine_ext.domain.access import Relation, Role

RELATIONS: dict[str, Relation] = {
    "S": Relation(),
    "I": Relation(internal=True),
    "F": Relation(offered=True),
    "V": Relation(role=Role.VIEWER),
    "L": Relation(role=Role.VIEWER, viewer_logs=True),
    "E": Relation(role=Role.EDITOR),
    "O": Relation(role=Role.OWNER),
    "A": Relation(admin=True),
    "B": Relation(admin=True, break_glass=True),
}

#: Action of the matrix → the capability that stands for it → who has it.
IN_A_PROJECT: dict[str, tuple[tuple[C, ...], str]] = {
    "see name, description": ((C.PROJECT_READ,), "IFVLEOAB"),
    "read notebooks, versions, diffs": ((C.FILE_READ,), "IVLEOB"),
    "read outputs, artifacts": ((C.OUTPUT_READ,), "VLEOB"),
    "save, rename, restore, trash": ((C.FILE_WRITE,), "EOB"),
    "purge versions and trash": ((C.FILE_PURGE,), "O"),
    "job list, status": ((C.JOB_LIST, C.JOB_READ), "VLEOAB"),
    "job logs": ((C.JOB_LOGS,), "LEOB"),
    "job spec": ((C.JOB_SPEC,), "EOB"),
    "secret names": ((C.SECRET_READ,), "EOB"),
    "write secrets": ((C.SECRET_WRITE,), "EO"),
    "submit, re-run, start kernels": ((C.JOB_SUBMIT, C.KERNEL_START), "EO"),
    "stop, delete own job": ((C.JOB_STOP, C.JOB_DELETE), "EOAB"),
    "stop, delete another's job": ((C.JOB_STOP_ANY, C.JOB_DELETE_ANY), "OAB"),
    "see members": ((C.MEMBER_READ,), "VLEOAB"),
    "leave": ((C.PROJECT_LEAVE,), "VLEO"),
    "grant, revoke viewer and editor": ((C.GRANT_WRITE,), "OB"),
    "grant, revoke owner; transfer": ((C.OWNER_WRITE,), "OB"),
    "accept a transfer": ((C.TRANSFER_ACCEPT,), "F"),
    "rename, describe, settings, visibility up": ((C.PROJECT_WRITE,), "O"),
    "visibility down": ((C.VISIBILITY_LOWER,), "OAB"),
    "archive, delete": ((C.PROJECT_CLOSE,), "OAB"),
    "purge the project": ((C.PROJECT_PURGE,), "O"),
    "read quota": ((C.QUOTA_READ,), "VLEOAB"),
    "project audit": ((C.AUDIT_READ,), "OAB"),
    "emergency access": ((C.BREAK_GLASS,), "AB"),
}

#: Asked of the server itself.
EVERYBODY = (
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
)
ADMINS = (C.ENGINE_EXAMINE, C.TEAM_CREATE, C.TEAM_READ, C.TEAM_WRITE, C.USER_WRITE)

#: Who has each capability of a project.
HOLDERS: dict[C, str] = {
    capability: who for capabilities, who in IN_A_PROJECT.values() for capability in capabilities
}
