"""Look a thing up and ask :mod:`submarine_ext.domain.access` in one step.

Run inside the transaction that then reads or changes the thing, so that no right can go
between the question and the deed.
"""

from __future__ import annotations

from submarine_ext.domain.access import Capability, Principal, require
from submarine_ext.errors import NotFound
from submarine_ext.store import jobs, projects
from submarine_ext.store.store import Transaction


def may(tx: Transaction, who: Principal, project: str, capability: Capability) -> None:
    """Raise NotFound or Forbidden unless ``who`` has the capability in the project."""
    require(projects.role(tx, project, who.name), capability)


def job(tx: Transaction, who: Principal, job_id: str, capability: Capability) -> jobs.Record:
    """The job, if ``who`` has the capability in its project."""
    record = jobs.get(tx, job_id)
    if record is None:
        raise NotFound
    may(tx, who, record.job.project, capability)
    return record
