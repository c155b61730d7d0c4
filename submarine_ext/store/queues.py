"""Who holds GPUs now, and which of somebody's jobs wait: lean reads of unfinished jobs."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, Text, bindparam, text

# The list of states is spelled as the partial index has it.
_HELD = text(
    """
    SELECT j.engine, j.owner, j.project, j.gpu,
      EXISTS (SELECT 1 FROM charges c WHERE c.job = j.id AND c.account IN :accounts) AS shared
    FROM jobs j
    WHERE j.state IN ('pending', 'queued', 'running') AND j.state = 'running' AND j.gpu > 0
    """
).bindparams(bindparam("accounts", expanding=True, type_=Text()))
_WAITING = text(
    """
    SELECT id, name, project, engine, attempt, reason FROM jobs
    WHERE state IN ('pending', 'queued', 'running') AND state <> 'running' AND owner = :person
    ORDER BY seq
    """
)


class Held(Struct, frozen=True):
    """A running job's GPUs; ``shared``: it is charged to one of the accounts asked about."""

    engine: str
    owner: str
    project: str
    gpu: int
    shared: bool


class Waiting(Struct, frozen=True):
    """A job that has not started."""

    id: str
    name: str
    project: str
    engine: str
    attempt: int
    reason: str | None


def held(conn: Connection, accounts: Sequence[str]) -> list[Held]:
    """Every running job that has GPUs."""
    rows = conn.execute(_HELD, {"accounts": list(accounts)})
    return [Held(r.engine, r.owner, r.project, r.gpu, bool(r.shared)) for r in rows]


def waiting(conn: Connection, person: str) -> list[Waiting]:
    """Somebody's jobs that have not started, oldest first, in all projects."""
    return [Waiting(*row) for row in conn.execute(_WAITING, {"person": person})]
