"""Several servers on one PostgreSQL: who reconciles, and who is told of new events.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Float, Integer, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Listeners are told by the commit itself, whoever made it."""
    op.create_table(
        "leases",
        sa.Column("name", Text, primary_key=True),
        sa.Column("holder", Text, nullable=False),
        sa.Column("fence", Integer, nullable=False),
        sa.Column("until", Float, nullable=False),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE FUNCTION events_told() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM pg_notify('submarine_events', ''); RETURN NULL; END$$"
    )
    op.execute(
        "CREATE TRIGGER events_told AFTER INSERT ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_told()"
    )
