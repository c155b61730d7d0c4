"""What follows when rights change, in the same transaction as the change.

A project that loses its last owner is orphaned, and is active again with a new one; offers
of those who may no longer make them are void; jobs that wait and whose submitter may no
longer submit are stopped, running ones go on; everybody who follows the project is told to
look again at what they may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from submarine_ext.domain.access import Capability, Principal, rights
from submarine_ext.domain.events import SYSTEM
from submarine_ext.domain.jobs import Event, JobState, Target
from submarine_ext.domain.projects import ProjectState
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.store import access as tuples
from submarine_ext.store import grants, handovers, jobs, projects
from submarine_ext.store.store import Transaction

ACCESS = "access"


@contextmanager
def owners_kept(tx: Transaction, names: Iterable[str]) -> Iterator[None]:
    """Raise Conflict where what happens inside takes a project's last owner."""
    owned = [name for name in names if grants.has_owner(tx, name)]
    yield
    left = [name for name in owned if not grants.has_owner(tx, name)]
    if left:
        raise Conflict(
            f"The project {left[0]} would have no owner left: make somebody else an owner first."
        )


def settle(tx: Transaction, who: Principal, project: str) -> None:
    """Draw the consequences in one project; the caller's own row tells its followers."""
    projects.bump(tx, project)
    state = _settle_state(tx, who, project)
    _settle_offer(tx, who, project)
    for record in jobs.waiting(tx, project):
        if state is ProjectState.TRASHED or not _may_submit(tx, record.job.owner, project):
            reason = f"{record.job.owner} may no longer run jobs in this project."
            stop(tx, record, actor=who.name, reason=reason)


def settle_all(tx: Transaction, who: Principal, names: Iterable[str]) -> None:
    """Draw the consequences in several projects, and tell those who follow them."""
    for name in names:
        settle(tx, who, name)
        note(tx, who.name, "access.change", name, project=name, kind=ACCESS)


def stop_reserved(tx: Transaction, engines: Collection[str]) -> None:
    """Stop what waits for engines that are for admins, of people who are none (any more)."""
    for record in jobs.waiting_without_admin(tx, engines):
        reason = (
            f"{record.job.owner} is no administrator, and the engine {record.job.engine} is for "
            "administrators only: choose another engine."
        )
        stop(tx, record, actor=SYSTEM, reason=reason)


def stop(
    tx: Transaction, record: jobs.Record, *, actor: str, reason: str, grace_seconds: float = 10.0
) -> jobs.Record:
    """Want the job ended, unless it has or somebody does already."""
    if record.job.state.terminal or record.job.target is Target.STOP:
        return record
    common: dict[str, Any] = {"actor": actor, "target": Target.STOP, "reason": reason}
    if record.job.state is JobState.PENDING:
        changed = jobs.transition(tx, record, Event.STOPPED, **common)
    else:
        common["grace_seconds"] = grace_seconds
        changed = jobs.change(tx, record, action="job.stop", **common)
    assert changed is not None, "read and changed in one transaction"
    return changed


def may_offer(tx: Transaction, offer: handovers.Offered) -> bool:
    """Whether who made the offer may (still) hand the project over."""
    standing = tuples.standing(tx, offer.by, offer.project, now())
    return Capability.OWNER_WRITE in access.in_project(standing)


def _may_submit(tx: Transaction, person: str, project: str) -> bool:
    standing = tuples.standing(tx, person, project, now())
    relation = None if standing.disabled else standing.relation
    return relation is not None and Capability.JOB_SUBMIT in rights(relation)


def _settle_state(tx: Transaction, who: Principal, project: str) -> ProjectState:
    record = projects.get(tx, project)
    assert record is not None, "found in this transaction"
    state = record.state
    if grants.has_owner(tx, project):
        if state is ProjectState.ORPHANED:
            state = ProjectState.ACTIVE
    elif state is not ProjectState.TRASHED:
        state = ProjectState.ORPHANED
    if state is not record.state:
        projects.change(tx, project, state=str(state))
        note(
            tx,
            who.name,
            "project.settle",
            project,
            project=project,
            kind="project",
            data={"name": project},
            before={"state": record.state},
            after={"state": state},
        )
    return state


def _settle_offer(tx: Transaction, who: Principal, project: str) -> None:
    offer = handovers.get(tx, project)
    if offer is None:
        return
    if not may_offer(tx, offer):
        handovers.remove(tx, project)
        note(tx, who.name, "transfer.void", project, project=project, kind=ACCESS, before=offer)
