"""Projects, jobs, events, metric points: the spine.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Float, Integer, Text

revision = "0001"
down_revision = None

_UNFINISHED = sa.text("state IN ('pending', 'queued', 'running')")


def _columns(
    kind: sa.types.TypeEngine[Any], names: str, *, nullable: bool = False
) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names.split()]


def upgrade() -> None:
    """Create everything. The events log refuses changes from its first day."""
    op.create_table(
        "projects",
        sa.Column("name", Text, primary_key=True),
        *_columns(Text, "title owner created"),
    )
    op.create_table(
        "jobs",
        sa.Column("seq", Integer, primary_key=True, autoincrement=True),
        *_columns(Text, "id project owner name engine spec state target"),
        *_columns(Text, "reason remedy", nullable=True),
        *_columns(Integer, "attempt retries_left generation"),
        *_columns(Float, "grace_seconds"),
        *_columns(Text, "created"),
        *_columns(Text, "queued started finished progress", nullable=True),
        *_columns(Text, "latest"),
        *_columns(Integer, "exit_code", nullable=True),
        *_columns(Integer, "ranks revision"),
        sa.UniqueConstraint("id", name="jobs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_by_project", "jobs", ["project", "seq"])
    op.create_index(
        "jobs_unfinished",
        "jobs",
        ["state"],
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )
    op.create_table(
        "idempotency",
        *_columns(Text, "principal key request job"),
        sa.PrimaryKeyConstraint("principal", "key", name="idempotency_key"),
    )
    op.create_table(
        "events",
        sa.Column("seq", Integer, primary_key=True, autoincrement=True),
        *_columns(Text, "time project actor action kind object data"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_project", "events", ["project", "seq"])
    _refuse_changes_of_events()
    op.create_table(
        "points",
        sa.Column("id", Integer, primary_key=True),
        *_columns(Text, "job"),
        *_columns(Integer, "attempt rank"),
        *_columns(Text, "key"),
        *_columns(Integer, "step"),
        *_columns(Float, "value", nullable=True),
        *_columns(Float, "time"),
    )
    op.create_index("points_by_job", "points", ["job", "attempt", "key", "step", "rank"])
    op.create_table(
        "params",
        *_columns(Text, "job"),
        *_columns(Integer, "attempt"),
        *_columns(Text, "name value"),
        sa.PrimaryKeyConstraint("job", "attempt", "name", name="params_name"),
    )
    op.create_table(
        "tails",
        *_columns(Text, "job"),
        *_columns(Integer, "attempt rank offset"),
        sa.PrimaryKeyConstraint("job", "attempt", "rank", name="tails_rank"),
    )


def _refuse_changes_of_events() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_refuse_{verb.lower()} BEFORE {verb} ON events "
                "BEGIN SELECT RAISE(ABORT, 'the events log is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'the events log is append-only' "
        "USING ERRCODE = 'integrity_constraint_violation'; END$$"
    )
    op.execute(
        "CREATE TRIGGER events_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()"
    )
