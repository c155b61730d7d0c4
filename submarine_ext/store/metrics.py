"""Metric points and parameters of jobs, and how far each log file was read for them.

The invariant: a batch's points and the offset up to which it read its log become durable
in one transaction, and only if the stored offset is still where the batch began. So no
point is lost or stored twice, whatever crashes and however many collectors there are.

NaN is stored as NULL. Bulk rows go past SQLAlchemy's per-row work (2.5 times as fast), in
the dialect's own SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    Connection,
    func,
    select,
    update,
)

from submarine_ext.domain.jobs import Progress
from submarine_ext.domain.metrics import Metrics, Value
from submarine_ext.store.schema import jobs, points

#: (key, step, value or None for NaN, epoch seconds)
Point = tuple[str, int, float | None, float]

_COLUMNS = ("job", "attempt", "rank", "key", "step", "value", "time")


class Batch(Struct, frozen=True, kw_only=True):
    """What one rank's log said in its raw bytes ``[begin, end)``."""

    job: str
    attempt: int
    rank: int
    begin: int
    end: int
    points: Sequence[Point] = ()
    params: Mapping[str, Any] = {}


class Tail(Struct, frozen=True):
    """Where reading a rank's log goes on, and the last step of each key so far."""

    offset: int
    steps: Mapping[str, int]


def append(conn: Connection, batch: Batch) -> bool:
    """Store a batch. False, and nothing is stored, if it does not begin at the stored offset."""
    if not _move(conn, batch):
        return False
    if batch.points:
        here = (batch.job, batch.attempt, batch.rank)
        rows = [(*here, *point) for point in batch.points]
        conn.exec_driver_sql(_insert_sql(conn.dialect), rows)
    for name, value in batch.params.items():
        _set_param(conn, batch, name, msgspec.json.encode(value).decode())
    return True


def show(
    conn: Connection,
    job: str,
    attempt: int,
    latest: Mapping[str, Value],
    progress: Progress | None,
) -> None:
    """Put the newest values and the progress on the job; not a revision, nor an event."""
    values: dict[str, Any] = {"latest": msgspec.json.encode(latest).decode()}
    if progress is not None:
        values["progress"] = msgspec.json.encode(progress).decode()
    conn.execute(update(jobs).where(jobs.c.id == job, jobs.c.attempt == attempt).values(values))


def tail(conn: Connection, job: str, attempt: int, rank: int) -> Tail:
    """Where to go on after a restart."""
    here = (points.c.job == job, points.c.attempt == attempt, points.c.rank == rank)
    steps = select(points.c.key, func.max(points.c.step)).where(*here).group_by(points.c.key)
    return Tail(
        offset=_offset(conn, job, attempt, rank) or 0,
        steps={key: step for key, step in conn.execute(steps)},
    )


def latest(conn: Connection, job: str) -> dict[str, Value]:
    """The newest value of each metric as last shown on the job."""
    text = conn.execute(select(jobs.c.latest).where(jobs.c.id == job)).scalar()
    return msgspec.json.decode(text or "{}", type=dict[str, Value])


def read(
    conn: Connection,
    job: str,
    attempt: int,
    keys: Sequence[str] | None = None,
    most: int | None = None,
) -> Metrics:
    """All series of an attempt (or those of ``keys``), each with at most ``most`` points.

    Where several ranks logged the same key and step the lowest rank's point stands; the
    key ``loss@2`` asks for rank 2's own ``loss``.
    """
    seq = conn.execute(_last_point(job, attempt)).scalar() or 0
    wanted = _series(conn, job, attempt) if keys is None else {key: _source(key) for key in keys}
    series = {}
    for name, (key, rank) in wanted.items():
        rows = _rows(conn, job, attempt, key, rank)
        if rows:
            series[name] = _columns(rows, most)
    return Metrics(series=series, params=_params(conn, job, attempt), seq=seq)
