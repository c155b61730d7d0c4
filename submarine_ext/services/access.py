"""Look a thing up and ask :mod:`submarine_ext.domain.access` in one step.

Run inside the transaction that then reads or changes the thing, so that no right can go
between the question and the deed.
"""

from __future__ import annotations

from submarine_ext.domain.access import (
    ADMINISTRATION,
    CHANGES,
    SIGNED_IN,
    Capability,
    Principal,
    Relation,
    require,
    rights,
)
from submarine_ext.domain.projects import ProjectState
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict, Forbidden, NotFound
from submarine_ext.store import access, jobs
from submarine_ext.store.store import Transaction

_CLOSED = {
    ProjectState.ARCHIVED: "The project is archived: an owner can make it active again.",
    ProjectState.TRASHED: "The project is in the trash: an owner can restore it.",
    ProjectState.ORPHANED: "The project has no owner left: an admin must name one.",
}


def signed_in(tx: Transaction, who: Principal, capability: Capability) -> access.Standing:
    """Raise Forbidden unless ``who`` has the capability on the server itself."""
    standing = access.at_all(tx, who.name)
    _refuse_disabled(standing)
    if capability not in on_server(standing):
        raise Forbidden("This is for administrators of the server.")
    return standing


def on_server(standing: access.Standing) -> frozenset[Capability]:
    """What somebody may do on the server itself."""
    return SIGNED_IN | ADMINISTRATION if standing.admin else SIGNED_IN


def in_project(standing: access.Standing) -> frozenset[Capability]:
    """What somebody may do in a project in the state that it has; nothing: it is invisible."""
    if standing.relation is None or standing.disabled:
        return frozenset()
    allowed = rights(standing.relation)
    return allowed - CHANGES if standing.state in _CLOSED else allowed


def may(tx: Transaction, who: Principal, project: str, capability: Capability) -> Relation:
    """Raise NotFound, Forbidden or (closed project) Conflict unless ``who`` may."""
    standing = access.standing(tx, who.name, project, now())
    _refuse_disabled(standing)
    relation = standing.relation
    if relation is None:
        raise NotFound
    require(relation, capability)
    if capability in CHANGES and standing.state in _CLOSED:
        raise Conflict(_CLOSED[standing.state])
    return relation


def job(
    tx: Transaction,
    who: Principal,
    job_id: str,
    capability: Capability,
    any_ones: Capability | None = None,
) -> jobs.Record:
    """The job, if ``who`` has the capability in its project.

    ``any_ones`` is asked for instead where the job is somebody else's.
    """
    record = jobs.get(tx, job_id)
    if record is None:
        raise NotFound
    others = any_ones is not None and record.job.owner != who.name
    may(tx, who, record.job.project, any_ones if others and any_ones else capability)
    return record


def sees(relation: Relation, capability: Capability) -> bool:
    """Whether a part of an answer may be shown."""
    return capability in rights(relation)


def _refuse_disabled(standing: access.Standing) -> None:
    if standing.disabled:
        raise Forbidden("Your account is disabled; ask an administrator of this server.")
