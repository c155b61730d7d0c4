"""Jobs in the database. Every change goes through :func:`change`, with its event.

``Record`` is a job with what only the server needs. Changes are fenced by ``generation``:
one that was decided on an older reading does nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Update,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from submarine_ext.domain.events import SYSTEM, EventRow
from submarine_ext.domain.jobs import (
    Event,
    Job,
    JobSpec,
    JobState,
    Progress,
    Target,
    Usage,
    decide,
)
from submarine_ext.domain.pages import JobFilter, Page
from submarine_ext.domain.specs import demand
from submarine_ext.domain.times import now
from submarine_ext.domain.traces import Trace
from submarine_ext.errors import Invalid
from submarine_ext.store import events, quotas
from submarine_ext.store.schema import (
    UNFINISHED,
    idempotency,
    jobs,
    params,
    points,
    redactions,
    tails,
    users,
    version_jobs,
    versions,
)
from submarine_ext.store.users import NOT_ADMIN

#: As many values as a statement of any database takes.
_MOST_IN = 500
_JSON = ("spec", "remedy", "progress", "latest", "trace", "versions", "usage")

_INSERT = insert(jobs)
_BY_ID = select(jobs).where(jobs.c.id == bindparam("id"))
_UNFINISHED = select(jobs).where(UNFINISHED)
_PENDING = (
    _UNFINISHED.where(jobs.c.state == "pending").order_by(jobs.c.seq).limit(bindparam("most"))
)
_UNWANTED = _UNFINISHED.where(jobs.c.state != "pending", jobs.c.target == "stop")
_INSERT_KEY = insert(idempotency)
_BY_KEY = select(idempotency.c.request, idempotency.c.job).where(
    idempotency.c.principal == bindparam("principal"), idempotency.c.key == bindparam("key")
)

_spec = msgspec.json.Decoder(JobSpec).decode
_progress = msgspec.json.Decoder(Progress).decode
_usage = msgspec.json.Decoder(Usage).decode
_versions = msgspec.json.Decoder(dict[str, str]).decode
_latest = msgspec.json.Decoder(dict[str, float | str]).decode
_trace = msgspec.json.Decoder(Trace).decode


class Record(Struct, frozen=True):
    """A job, and what of it is the server's own business."""

    job: Job
    seq: int
    generation: int
    retries_left: int
    grace_seconds: float


def add(conn: Connection, job: Job, *, actor: str, retries: int) -> None:
    """Remember a new job, and tell."""
    _insert_row(conn, job, retries)
    _tell(conn, job, actor, "job.submitted", msgspec.to_builtins(job))


def _insert_row(conn: Connection, job: Job, retries: int) -> None:
    row = {name: getattr(job, name) for name in Job.__struct_fields__}
    row |= {name: _text(row[name]) for name in _JSON}
    asked = demand(job.spec)
    row |= {"cpu": asked.cpu, "memory": asked.memory, "gpu": asked.gpu}
    conn.execute(_INSERT, {**row, "generation": 1, "retries_left": retries, "grace_seconds": 10.0})


def get(conn: Connection, job_id: str) -> Record | None:
    """One job, None where there is none."""
    row = conn.execute(_BY_ID, {"id": job_id}).mappings().first()
    return None if row is None else _record(row)


def page(conn: Connection, project: str, wanted: JobFilter) -> Page[Job]:
    """Newest first. The cursor is the number of the last job that was given."""
    query = _filtered(select(jobs).where(jobs.c.project == project), wanted)
    query = query.order_by(jobs.c.seq.desc()).limit(wanted.limit + 1)
    rows = conn.execute(query).mappings().all()
    more = len(rows) > wanted.limit
    shown = rows[: wanted.limit]
    return Page([_record(row).job for row in shown], str(shown[-1]["seq"]) if more else None)


def _filtered(query: Select[Any], wanted: JobFilter) -> Select[Any]:
    if wanted.state:
        query = query.where(jobs.c.state.in_([str(state) for state in wanted.state]))
    if wanted.owner is not None:
        query = query.where(jobs.c.owner == wanted.owner)
    if wanted.text is not None:
        like = f"%{_escaped(wanted.text)}%"
        query = query.where(
            or_(jobs.c.name.ilike(like, escape="\\"), jobs.c.id.ilike(like, escape="\\"))
        )
    if wanted.tag is not None:
        quoted = msgspec.json.encode(wanted.tag).decode()
        query = query.where(
            jobs.c.spec.like(f'%"tags":[%{_escaped(quoted)}%]%', escape="\\"),
            # LIKE folds case in SQLite.
            func.replace(jobs.c.spec, quoted, "") != jobs.c.spec,
        )
    if wanted.cursor is not None:
        query = query.where(jobs.c.seq < _cursor(wanted.cursor))
    return query


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("cursor must be a 'next' that a list answered.", field="cursor")
    return int(text)


def unfinished(conn: Connection) -> list[Record]:
    """All jobs that have not ended, oldest first."""
    rows = conn.execute(_UNFINISHED.order_by(jobs.c.seq)).mappings()
    return [_record(row) for row in rows]


def any_unfinished(conn: Connection) -> bool:
    """Whether there is a job that has not ended."""
    return conn.execute(select(jobs.c.id).where(UNFINISHED).limit(1)).first() is not None


def counts(conn: Connection) -> dict[str, int]:
    """How many jobs have not ended, by state."""
    query = select(jobs.c.state, func.count()).where(UNFINISHED)
    return {row[0]: row[1] for row in conn.execute(query.group_by(jobs.c.state))}


def waiting(conn: Connection, project: str) -> list[Record]:
    """Jobs of a project that have not started yet."""
    query = _UNFINISHED.where(jobs.c.project == project, jobs.c.state != "running")
    return [_record(row) for row in conn.execute(query.order_by(jobs.c.seq)).mappings()]


def waiting_without_admin(conn: Connection, engines: Collection[str]) -> list[Record]:
    """Jobs that wait for one of these engines, and whose owners are no admins."""
    admins = select(users.c.name).where(users.c.admin != NOT_ADMIN)
    query = _UNFINISHED.where(
        jobs.c.engine.in_(engines), jobs.c.state != "running", jobs.c.owner.not_in(admins)
    )
    return [_record(row) for row in conn.execute(query.order_by(jobs.c.seq)).mappings()]


def unfinished_of(conn: Connection, person: str) -> list[Record]:
    """Somebody's jobs that have not ended, in all projects."""
    query = _UNFINISHED.where(jobs.c.owner == person)
    return [_record(row) for row in conn.execute(query.order_by(jobs.c.seq)).mappings()]


def unwanted(conn: Connection) -> list[Record]:
    """Jobs that an engine has and that somebody wants to end."""
    return [_record(row) for row in conn.execute(_UNWANTED).mappings()]


def claimed(conn: Connection) -> list[Record]:
    """Jobs that were taken for the engine and have not started, oldest first."""
    query = _UNFINISHED.where(jobs.c.state == "queued").order_by(jobs.c.seq)
    return [_record(row) for row in conn.execute(query).mappings()]


def claim(conn: Connection, limit: int) -> list[Record]:
    """Take up to ``limit`` pending jobs for the engine, oldest first."""
    rows = conn.execute(_PENDING, {"most": limit}).mappings().all()
    found = [_record(row) for row in rows]
    taken = [transition(conn, record, Event.CLAIMED, actor=SYSTEM) for record in found]
    return [record for record in taken if record is not None]


def transition(
    conn: Connection, record: Record, event: Event, *, actor: str, **fields: Any
) -> Record | None:
    """Move the job as the table says, together with ``fields``; None if it says nothing."""
    state = decide(record.job.state, event)
    if state is None:
        return None
    if event is Event.CLAIMED:
        fields["queued"] = now()
    if state.terminal:
        fields.setdefault("finished", now())
    changed = change(conn, record, actor=actor, action=f"job.{event}", state=state, **fields)
    if changed is not None:
        quotas.note(conn, changed.job)
    return changed


def change(
    conn: Connection, record: Record, *, actor: str, action: str, **fields: Any
) -> Record | None:
    """Set columns and append the event. None if somebody else was faster (the fence)."""
    values = {**fields, "revision": record.job.revision + 1, "generation": record.generation + 1}
    stored = {name: _text(v) if name in _JSON else v for name, v in values.items()}
    known = {"known_id": record.job.id, "known_generation": record.generation}
    done = conn.execute(_update(tuple(stored)), {**stored, **known})
    if done.rowcount == 0:
        return None
    own = {name: values.pop(name) for name in list(values) if name in Record.__struct_fields__}
    job = msgspec.structs.replace(record.job, **values)
    before = {name: getattr(record.job, name) for name in values if name not in own}
    _tell(
        conn,
        job,
        actor,
        action,
        {"id": job.id, **msgspec.to_builtins(values)},
        before=msgspec.to_builtins(before),
    )
    return msgspec.structs.replace(record, job=job, **own)


def retry(
    conn: Connection, record: Record, *, actor: str, retries: int, reason: str | None = None
) -> Record | None:
    """Begin a further attempt: everything that told of the last one is cleared."""
    told = ("queued", "started", "finished", "progress", "exit_code", "remedy", "usage")
    fields: dict[str, Any] = {
        **dict.fromkeys(told),
        "latest": {},
        "trace": None,
        "target": Target.RUN,
        "attempt": record.job.attempt + 1,
    }
    return transition(
        conn, record, Event.RETRIED, actor=actor, retries_left=retries, reason=reason, **fields
    )


@functools.cache
def _update(names: tuple[str, ...]) -> Update:
    """Built once for each set of columns: building costs more than executing."""
    return (
        update(jobs)
        .where(jobs.c.id == bindparam("known_id"))
        .where(jobs.c.generation == bindparam("known_generation"))
        .values({name: bindparam(name) for name in names})
    )


def remove(conn: Connection, job: Job, *, actor: str) -> None:
    """Forget a job with its points; the events log and its charges keep that it was."""
    for table in (points, params, tails, redactions, version_jobs):
        conn.execute(delete(table).where(table.c.job == job.id))
    conn.execute(delete(idempotency).where(idempotency.c.job == job.id))
    conn.execute(delete(jobs).where(jobs.c.id == job.id))
    _tell(conn, job, actor, "job.deleted", {"id": job.id}, kind="deleted")


def ran(conn: Connection, job: str, found: Mapping[str, int]) -> dict[str, str]:
    """Remember that a job runs these versions (by path), which are then kept.

    Answers with those that there are: one that was found may be gone meanwhile.
    """
    wanted = sorted(set(found.values()))
    known: set[int] = set()
    for begin in range(0, len(wanted), _MOST_IN):
        some = wanted[begin : begin + _MOST_IN]
        known |= set(conn.execute(select(versions.c.id).where(versions.c.id.in_(some))).scalars())
    if known:
        conn.execute(insert(version_jobs), [{"version": each, "job": job} for each in known])
    return {path: str(version) for path, version in found.items() if version in known}


def remembered(conn: Connection, principal: str, key: str) -> tuple[str, str] | None:
    """(request hash, job id) of an idempotency key that was used before."""
    row = conn.execute(_BY_KEY, {"principal": principal, "key": key}).first()
    return None if row is None else (row.request, row.job)


def remember(conn: Connection, principal: str, key: str, request: str, job: str) -> None:
    """Bind an idempotency key to the job that it made."""
    conn.execute(_INSERT_KEY, {"principal": principal, "key": key, "request": request, "job": job})


def _tell(
    conn: Connection,
    job: Job,
    actor: str,
    action: str,
    data: Any,
    *,
    kind: str = "job",
    before: Any = None,
) -> None:
    row = EventRow(
        time=now(),
        project=job.project,
        actor=actor,
        action=action,
        kind=kind,
        object=job.id,
        data=data,
        before=before,
    )
    events.append(conn, row)


def _text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _record(row: RowMapping) -> Record:
    values = dict(row)
    own = {
        name: values.pop(name) for name in ("seq", "generation", "retries_left", "grace_seconds")
    }
    for name in ("cpu", "memory", "gpu"):  # the spec says them
        del values[name]
    values["spec"] = _spec(values["spec"])
    values["remedy"] = None if values["remedy"] is None else _spec(values["remedy"])
    values["progress"] = None if values["progress"] is None else _progress(values["progress"])
    values["usage"] = None if values["usage"] is None else _usage(values["usage"])
    values["versions"] = _versions(values["versions"])
    values["latest"] = _latest(values["latest"])
    values["trace"] = None if values["trace"] is None else _trace(values["trace"])
    values["state"] = JobState(values["state"])
    values["target"] = Target(values["target"])
    return Record(job=Job(**values), **own)
