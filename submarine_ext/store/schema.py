"""The tables, once. Migrations create them; a test compares the two.

JSON columns hold msgspec's own encoding as text: the domain structs are the types.
Times are RFC 3339 UTC text, which sorts as it reads; points use epoch seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("created", Text, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text),
    Column("remedy", Text),
    Column("attempt", Integer, nullable=False),
    Column("retries_left", Integer, nullable=False),
    # Fencing: every change by reconcile is made WHERE generation = the one it read.
    Column("generation", Integer, nullable=False),
    Column("grace_seconds", Float, nullable=False),
    Column("created", Text, nullable=False),
    Column("queued", Text),
    Column("started", Text),
    Column("finished", Text),
    Column("progress", Text),
    Column("latest", Text, nullable=False),
    Column("exit_code", Integer),
    Column("ranks", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("id", name="jobs_id"),
    # AUTOINCREMENT: a number is never given again, also not after a delete.
    sqlite_autoincrement=True,
)
Index("jobs_by_project", jobs.c.project, jobs.c.seq)
Index(
    "jobs_unfinished",
    jobs.c.state,
    sqlite_where=text("state IN ('pending', 'queued', 'running')"),
    postgresql_where=text("state IN ('pending', 'queued', 'running')"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("principal", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("job", Text, nullable=False),
    PrimaryKeyConstraint("principal", "key", name="idempotency_key"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("time", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("data", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("events_by_project", events.c.project, events.c.seq)

points = Table(
    "points",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("step", Integer, nullable=False),
    # NULL is NaN: SQLite has no NaN of its own.
    Column("value", Float),
    Column("time", Float, nullable=False),
)
Index("points_by_job", points.c.job, points.c.attempt, points.c.key, points.c.step, points.c.rank)

params = Table(
    "params",
    metadata,
    Column("job", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("job", "attempt", "name", name="params_name"),
)

tails = Table(
    "tails",
    metadata,
    Column("job", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    PrimaryKeyConstraint("job", "attempt", "rank", name="tails_rank"),
)
