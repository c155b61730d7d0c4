"""People, teams, roles, versions of files, quotas, secrets, audit.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.specs import demand
from submarine_ext.store.columns import Integer, Text

revision = "0002"
down_revision = "0001"


def _columns(
    kind: sa.types.TypeEngine[Any], names: str, *, nullable: bool = False
) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=nullable) for name in names.split()]


def _number() -> sa.Column[Any]:
    return sa.Column("id", Integer, primary_key=True, autoincrement=True)


def upgrade() -> None:
    """The owner of a project becomes its first grant, ``default`` its owner's own project."""
    _people()
    _projects()
    _jobs()
    _files()
    for name in ("before", "after"):
        op.add_column("events", sa.Column(name, Text))
    for name in ("actor", "object"):
        op.create_index(f"events_by_{name}", "events", [name, "seq"])


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("name", Text, primary_key=True),
        *_columns(Integer, "admin disabled"),
        *_columns(Text, "quota"),
        *_columns(Text, "seen", nullable=True),
    )
    op.create_table(
        "teams",
        sa.Column("name", Text, primary_key=True),
        *_columns(Text, "title quota created"),
    )
    op.create_table(
        "memberships",
        *_columns(Text, "team user role"),
        sa.PrimaryKeyConstraint("team", "user", name="memberships_key"),
    )
    op.create_index("memberships_by_user", "memberships", ["user"])
    op.create_table(
        "grants",
        *_columns(Text, "project kind subject role by created"),
        sa.PrimaryKeyConstraint("project", "kind", "subject", name="grants_key"),
    )
    op.create_index("grants_by_subject", "grants", ["kind", "subject"])
    op.create_table(
        "transfers",
        sa.Column("project", Text, primary_key=True),
        *_columns(Text, "receiver by created"),
    )
    op.create_table(
        "emergencies",
        *_columns(Text, "project admin reason created until"),
        sa.PrimaryKeyConstraint("project", "admin", name="emergencies_key"),
    )
    op.create_table(
        "secrets",
        *_columns(Text, "project name value author written"),
        sa.PrimaryKeyConstraint("project", "name", name="secrets_key"),
    )


def _projects() -> None:
    for name, default in (
        ("description", ""),
        ("visibility", "private"),
        ("state", "active"),
        ("settings", "{}"),
    ):
        op.add_column("projects", sa.Column(name, Text, nullable=False, server_default=default))
    op.add_column("projects", sa.Column("epoch", Integer, nullable=False, server_default="1"))
    op.add_column("projects", sa.Column("person", Text))
    op.execute(
        'INSERT INTO grants (project, kind, subject, role, "by", created) '
        "SELECT name, 'user', owner, 'owner', owner, created FROM projects"
    )
    op.execute("UPDATE projects SET person = owner")
    op.create_index("projects_person", "projects", ["person"], unique=True)
    op.drop_column("projects", "owner")


def _jobs() -> None:
    op.add_column("jobs", sa.Column("versions", Text, nullable=False, server_default="{}"))
    for name in ("cpu", "memory", "gpu"):
        op.add_column("jobs", sa.Column(name, Integer, nullable=False, server_default="0"))
    op.create_table(
        "redactions",
        *_columns(Text, "job"),
        *_columns(Integer, "attempt"),
        *_columns(Text, "values"),
        sa.PrimaryKeyConstraint("job", "attempt", name="redactions_key"),
    )
    op.create_table(
        "charges",
        *_columns(Text, "job account"),
        sa.PrimaryKeyConstraint("job", "account", name="charges_key"),
    )
    op.create_index("charges_by_account", "charges", ["account"])
    op.create_table(
        "usage",
        *_columns(Text, "job"),
        *_columns(Integer, "attempt gpu"),
        *_columns(Text, "started"),
        *_columns(Text, "finished", nullable=True),
        sa.PrimaryKeyConstraint("job", "attempt", name="usage_key"),
    )
    op.create_index("usage_by_end", "usage", ["finished"])
    _count_unfinished()


def _count_unfinished() -> None:
    """Jobs that are under way take part in quotas from now on."""
    bind = op.get_bind()
    rows = bind.execute(
        sa.text("SELECT id, owner, spec FROM jobs WHERE state IN ('pending', 'queued', 'running')")
    ).all()
    for job, owner, spec in rows:
        asked = demand(msgspec.json.decode(spec, type=JobSpec))
        bind.execute(
            sa.text("UPDATE jobs SET cpu = :cpu, memory = :memory, gpu = :gpu WHERE id = :id"),
            {"cpu": asked.cpu, "memory": asked.memory, "gpu": asked.gpu, "id": job},
        )
        bind.execute(
            sa.text("INSERT INTO charges (job, account) VALUES (:job, :account)"),
            {"job": job, "account": f"user:{owner}"},
        )


def _files() -> None:
    op.create_table(
        "documents",
        _number(),
        *_columns(Text, "project path"),
        *_columns(Text, "deleted deleted_by", nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("documents_by_path", "documents", ["project", "path"])
    op.create_table(
        "versions",
        _number(),
        *_columns(Integer, "document"),
        *_columns(Text, "sha256 etag"),
        *_columns(Integer, "size"),
        *_columns(Text, "author time kind"),
        *_columns(Text, "message base", nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("versions_by_document", "versions", ["document", "id"])
    op.create_index("versions_by_sha256", "versions", ["sha256"])
    op.create_table(
        "version_jobs",
        *_columns(Integer, "version"),
        *_columns(Text, "job"),
        sa.PrimaryKeyConstraint("version", "job", name="version_jobs_key"),
    )
    op.create_index("version_jobs_by_job", "version_jobs", ["job"])
