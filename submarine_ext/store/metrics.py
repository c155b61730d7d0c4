"""Metric points and parameters of jobs, and how far each log file was read for them.

The invariant: a batch's points and the offset up to which it read its log become durable
in one transaction, and only if the stored offset is still where the batch began. So no
point is lost or stored twice, whatever crashes and however many collectors there are.

NaN is stored as NULL. Bulk rows go past SQLAlchemy's per-row work (2.5 times as fast), in
the driver's own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, exists, func, insert, select, update

from submarine_ext.domain.jobs import Progress
from submarine_ext.domain.metrics import (
    WHOLE,
    Columns,
    Metrics,
    PointsSlice,
    Series,
    Span,
    Value,
    spelled,
)
from submarine_ext.domain.traces import Trace
from submarine_ext.store.schema import jobs, params, points, tails

#: (key, step or None for the key's next one, value or None for NaN, epoch seconds)
Point = tuple[str, int | None, float | None, float]

#: How many series are read where none is named.
MOST_KEYS = 1000
#: How many rows are fetched at once, and how many numbers :func:`after` looks behind.
CHUNK = 10_000
WINDOW = 200_000

_STORED = ("job", "attempt", "rank", "key", "step", "value", "time")
_HERE = (points.c.job == bindparam("job"), points.c.attempt == bindparam("attempt"))
_NEXT_KEY = select(func.min(points.c.key)).where(*_HERE, points.c.key > bindparam("after"))
_POINTS = select(points.c.rank, points.c.step, points.c.value, points.c.time).where(
    *_HERE, points.c.key == bindparam("key")
)
# By number, not by job: new points are at the end, an index of jobs would visit old ones.
_AFTER = (
    select(points.c.id, points.c.rank, points.c.key, points.c.step, points.c.value, points.c.time)
    .where(*_HERE, points.c.id > bindparam("seq"), points.c.id <= bindparam("end"))
    .order_by(points.c.id)
    .limit(bindparam("most"))
    .with_hint(points, "NOT INDEXED", "sqlite")
)


_INTO_POINTS = f"points ({', '.join(_STORED)})"
_INSERT_POINTS = f"INSERT INTO {_INTO_POINTS} VALUES ({', '.join('?' * len(_STORED))})"  # noqa: S608
_COPY_POINTS = f"COPY {_INTO_POINTS} FROM STDIN"


class Batch(Struct, frozen=True, kw_only=True):
    """What one rank's log said in its raw bytes ``[begin, end)``.

    ``steps`` are the last steps of keys without explicit ones, as :func:`append` gave them
    for the batch before; without them the points that are stored already are asked.
    """

    job: str
    attempt: int
    rank: int
    begin: int
    end: int
    points: Sequence[Point] = ()
    params: Mapping[str, Any] = {}
    steps: Mapping[str, int] = {}


def append(conn: Connection, batch: Batch) -> Mapping[str, int] | None:
    """Store a batch and answer with the steps for the next one.

    None, and nothing is stored, if it does not begin at the stored offset: somebody else
    has read on from there, or an earlier answer was lost.
    """
    if not _move(conn, batch):
        return None
    rows, steps = _numbered(conn, batch)
    if rows:
        _insert_points(conn, rows)
    for name, value in batch.params.items():
        _set_param(conn, batch, name, msgspec.json.encode(value).decode())
    return steps


def offset(conn: Connection, job: str, attempt: int, rank: int) -> int:
    """How many bytes of the rank's log are dealt with."""
    here = {"job": job, "attempt": attempt, "rank": rank}
    return conn.execute(select(tails.c.offset).filter_by(**here)).scalar() or 0


def show(
    conn: Connection,
    job: str,
    attempt: int,
    latest: Mapping[str, Value],
    progress: Progress | None,
    trace: Trace | None = None,
) -> None:
    """Put the newest values, the progress and the trace on the job (None: as it was).

    It is not a revision, nor an event.
    """
    values: dict[str, Any] = {"latest": msgspec.json.encode(latest).decode()}
    if progress is not None:
        values["progress"] = msgspec.json.encode(progress).decode()
    if trace is not None:
        values["trace"] = msgspec.json.encode(trace).decode()
    conn.execute(update(jobs).where(jobs.c.id == job, jobs.c.attempt == attempt).values(values))


def read(
    conn: Connection,
    job: str,
    attempt: int,
    keys: Sequence[str] | None = None,
    most: int | None = None,
    span: Span = WHOLE,
) -> Metrics:
    """All series of an attempt (or those of ``keys``), each with at most ``most`` points.

    Of each only what lies in ``span``.

    Of an attempt with very many keys the first :data:`MOST_KEYS` are read; ask for others.
    Where several ranks logged the same key and step the lowest rank's point stands; the
    key ``loss@2`` asks for rank 2's own ``loss``.
    """
    seq = _head(conn)
    series = {}
    for name in names(conn, job, attempt) if keys is None else keys:
        if columns := points_of(conn, job, attempt, name, span):
            series[name] = columns.series(most)
    return Metrics(series=series, params=_params(conn, job, attempt), seq=seq)


def names(conn: Connection, job: str, attempt: int) -> list[str]:
    """The keys of an attempt in order, at most :data:`MOST_KEYS`."""
    return list(islice(_keys(conn, job, attempt), MOST_KEYS))


def points_of(
    conn: Connection, job: str, attempt: int, name: str, span: Span = WHOLE
) -> Columns | None:
    """The points of one key, or of one rank's (``loss@2``); empty or None if there are none."""
    return _columns(conn, job, attempt, name, span) or _of_rank(conn, job, attempt, name, span)


def after(conn: Connection, job: str, attempt: int, seq: int, limit: int = 10_000) -> PointsSlice:
    """Up to ``limit`` points stored after the cursor ``seq``, in the order of storing.

    A point of a higher rank is left out where a lower one has that key and step already.
    The work is bounded too: far behind the head a slice may be empty and yet ``more``.
    """
    head = _head(conn)
    end = min(head, seq + WINDOW)
    found = {"job": job, "attempt": attempt, "seq": seq, "end": end, "most": limit}
    series: dict[str, Series] = {}
    rows = conn.execute(_AFTER, found).all()
    for _, rank, key, step, value, time in rows:
        if rank and _lower(conn, job, attempt, rank, key, step):
            continue
        into = series.setdefault(key, Series())
        into.step.append(step)
        into.value.append(spelled(value))
        into.time.append(time)
    reached = rows[-1][0] if len(rows) == limit else max(end, seq)
    return PointsSlice(series=series, seq=reached, more=reached < head)


def _move(conn: Connection, batch: Batch) -> bool:
    here = {"job": batch.job, "attempt": batch.attempt, "rank": batch.rank}
    moved = conn.execute(
        update(tails).filter_by(**here, offset=batch.begin).values(offset=batch.end)
    )
    if moved.rowcount:
        return True
    if batch.begin or conn.execute(select(tails.c.offset).filter_by(**here)).first():
        return False
    conn.execute(insert(tails).values(**here, offset=batch.end))
    return True


def _numbered(conn: Connection, batch: Batch) -> tuple[list[tuple[Any, ...]], dict[str, int]]:
    """The rows with a step each; points without one count on from the highest of the key."""
    here = (batch.job, batch.attempt, batch.rank)
    steps = dict(batch.steps)
    given: dict[str, int] = {}  # explicit steps of keys that have not been counted so far
    rows = []
    for key, explicit, value, time in batch.points:
        if explicit is None:
            if key not in steps:
                steps[key] = max(_last_step(conn, batch, key), given.get(key, -1))
            step = steps[key] = steps[key] + 1
        else:
            step = explicit
            known = steps if key in steps else given
            known[key] = max(known.get(key, step), step)
        rows.append((*here, key, step, value, time))
    return rows, steps


def _last_step(conn: Connection, batch: Batch, key: str) -> int:
    here = {"job": batch.job, "attempt": batch.attempt, "rank": batch.rank, "key": key}
    found = conn.execute(select(func.max(points.c.step)).filter_by(**here)).scalar()
    return -1 if found is None else int(found)


def _set_param(conn: Connection, batch: Batch, name: str, value: str) -> None:
    here = {"job": batch.job, "attempt": batch.attempt, "name": name}
    if not conn.execute(update(params).filter_by(**here).values(value=value)).rowcount:
        conn.execute(insert(params).values(**here, value=value))


def _insert_points(conn: Connection, rows: list[tuple[Any, ...]]) -> None:
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_INSERT_POINTS, rows)
        return
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY_POINTS) as copy:
        for row in rows:
            copy.write_row(row)


def _head(conn: Connection) -> int:
    return conn.execute(select(func.max(points.c.id))).scalar() or 0


def _keys(conn: Connection, job: str, attempt: int) -> Iterator[str]:
    """The keys in order, each found by one step in the index however many points it has."""
    key: str | None = ""
    while key is not None:
        found = conn.execute(_NEXT_KEY, {"job": job, "attempt": attempt, "after": key})
        key = found.scalar()
        if key is not None:
            yield key


def _of_rank(conn: Connection, job: str, attempt: int, name: str, span: Span) -> Columns | None:
    """What ``loss@2`` asks for."""
    key, _, rank = name.rpartition("@")
    if not key or not rank.isdecimal() or len(rank) > 9:
        return None
    return _columns(conn, job, attempt, key, span, int(rank))


def _columns(
    conn: Connection, job: str, attempt: int, key: str, span: Span, rank: int | None = None
) -> Columns:
    query = _POINTS if rank is None else _POINTS.where(points.c.rank == rank)
    x = points.c.step if span.by == "step" else points.c.time
    if span.begin is not None:
        query = query.where(x >= span.begin)
    if span.end is not None:
        query = query.where(x <= span.end)
    result = conn.execute(query, {"job": job, "attempt": attempt, "key": key})
    assert result.cursor is not None, "a SELECT has rows"
    columns = Columns()
    while rows := result.cursor.fetchmany(CHUNK):  # the driver's own: half the time
        columns.extend(rows)
    return columns


def _lower(conn: Connection, job: str, attempt: int, rank: int, key: str, step: int) -> bool:
    """Whether a lower rank logged that key and step."""
    same = (points.c.key == key, points.c.step == step, points.c.rank < rank)
    here = (points.c.job == job, points.c.attempt == attempt)
    return bool(conn.execute(select(exists().where(*here, *same))).scalar())


def _params(conn: Connection, job: str, attempt: int) -> dict[str, Any]:
    query = select(params.c.name, params.c.value).filter_by(job=job, attempt=attempt)
    rows = conn.execute(query.order_by(params.c.name))
    return {name: msgspec.json.decode(value) for name, value in rows}
