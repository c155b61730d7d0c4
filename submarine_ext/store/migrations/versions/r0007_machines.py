"""Machines that people's own servers offer.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """None so far."""
    op.create_table(
        "machines",
        sa.Column("owner", Text, primary_key=True),
        sa.Column("info", Text, nullable=False),
    )
