"""The tables, once. Migrations create them; a test compares the two.

JSON columns hold msgspec's own encoding as text: the domain structs are the types.
Times are RFC 3339 UTC text, which sorts as it reads; points use epoch seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from submarine_ext.store.columns import Float, Integer, Text

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("visibility", Text, nullable=False, server_default="private"),
    Column("state", Text, nullable=False, server_default="active"),
    Column("settings", Text, nullable=False, server_default="{}"),
    # Grows with each change of who may do what, in that change's transaction.
    Column("epoch", Integer, nullable=False, server_default="1"),
    # Whose personal project it is.
    Column("person", Text),
)
Index("projects_person", projects.c.person, unique=True)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("admin", Integer, nullable=False),
    Column("disabled", Integer, nullable=False),
    Column("quota", Text, nullable=False),
    # NULL: somebody gave them a role before they came.
    Column("seen", Text),
)

teams = Table(
    "teams",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("quota", Text, nullable=False),
    Column("created", Text, nullable=False),
    # The group of the identity provider's directory whose members it has.
    Column("from_group", Text),
)
Index("teams_from_group", teams.c.from_group, unique=True)

memberships = Table(
    "memberships",
    metadata,
    Column("team", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("role", Text, nullable=False),
    PrimaryKeyConstraint("team", "user", name="memberships_key"),
)
Index("memberships_by_user", memberships.c.user)

grants = Table(
    "grants",
    metadata,
    Column("project", Text, nullable=False),
    # 'user' or 'team': a team may be called like a person.
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Text, nullable=False),
    PrimaryKeyConstraint("project", "kind", "subject", name="grants_key"),
)
Index("grants_by_subject", grants.c.kind, grants.c.subject)

transfers = Table(
    "transfers",
    metadata,
    Column("project", Text, primary_key=True),
    Column("receiver", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Text, nullable=False),
)

emergencies = Table(
    "emergencies",
    metadata,
    Column("project", Text, nullable=False),
    Column("admin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("until", Text, nullable=False),
    PrimaryKeyConstraint("project", "admin", name="emergencies_key"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Encrypted with the key that lies beside the database.
    Column("value", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("written", Text, nullable=False),
    PrimaryKeyConstraint("project", "name", name="secrets_key"),
)

# What a job was given, encrypted: its log is redacted of it, also after a secret has changed.
redactions = Table(
    "redactions",
    metadata,
    Column("job", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("values", Text, nullable=False),
    PrimaryKeyConstraint("job", "attempt", name="redactions_key"),
)

# Whose quotas a job counts against: 'user:alice', 'team:vision'. Kept when the job is deleted.
charges = Table(
    "charges",
    metadata,
    Column("job", Text, nullable=False),
    Column("account", Text, nullable=False),
    PrimaryKeyConstraint("job", "account", name="charges_key"),
)
Index("charges_by_account", charges.c.account)

# GPU time of attempts that began; kept when the job is deleted.
usage = Table(
    "usage",
    metadata,
    Column("job", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("gpu", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text),
    PrimaryKeyConstraint("job", "attempt", name="usage_key"),
)
Index("usage_by_end", usage.c.finished)

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("project", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("deleted", Text),
    Column("deleted_by", Text),
    sqlite_autoincrement=True,
)
Index("documents_by_path", documents.c.project, documents.c.path)

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("document", Integer, nullable=False),
    # What is kept; the same as etag unless the project keeps no outputs.
    Column("sha256", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message", Text),
    Column("base", Text),
    # Names, as JSON; null for a version of one person.
    Column("coauthors", Text),
    sqlite_autoincrement=True,
)
Index("versions_by_document", versions.c.document, versions.c.id)
Index("versions_by_sha256", versions.c.sha256)

version_jobs = Table(
    "version_jobs",
    metadata,
    Column("version", Integer, nullable=False),
    Column("job", Text, nullable=False),
    PrimaryKeyConstraint("version", "job", name="version_jobs_key"),
)
Index("version_jobs_by_job", version_jobs.c.job)

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
    Column("trace", Text),
    Column("exit_code", Integer),
    Column("ranks", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("versions", Text, nullable=False, server_default="{}"),
    # What the latest attempt used, once it has ended (JSON).
    Column("usage", Text),
    # What all its nodes ask for together: thousandths of a CPU, bytes, GPUs.
    Column("cpu", Integer, nullable=False, server_default="0"),
    Column("memory", Integer, nullable=False, server_default="0"),
    Column("gpu", Integer, nullable=False, server_default="0"),
    UniqueConstraint("id", name="jobs_id"),
    # AUTOINCREMENT: a number is never given again, also not after a delete.
    sqlite_autoincrement=True,
)
Index("jobs_by_project", jobs.c.project, jobs.c.seq)
#: Asked for in these words, jobs that have not ended are found by the index that follows:
#: SQLite does not look at bound values. So those that have ended cost nothing.
UNFINISHED = text("state IN ('pending', 'queued', 'running')")
Index("jobs_unfinished", jobs.c.state, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)

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
    Column("before", Text),
    Column("after", Text),
    sqlite_autoincrement=True,
)
Index("events_by_project", events.c.project, events.c.seq)
Index("events_by_actor", events.c.actor, events.c.seq)
Index("events_by_object", events.c.object, events.c.seq)

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

# Who does what only one server may do; on SQLite a lock on a file says it.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    # Grows with each new holder: what an earlier one still writes is refused.
    Column("fence", Integer, nullable=False),
    # Seconds since the epoch, by the database's clock.
    Column("until", Float, nullable=False),
)

# Machines that people's own servers offer, as each was seen last.
machines = Table(
    "machines",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("info", Text, nullable=False),
)
