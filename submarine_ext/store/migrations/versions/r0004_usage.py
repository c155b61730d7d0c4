"""What a job's latest attempt used.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Of jobs that have ended nobody knows any more."""
    op.add_column("jobs", sa.Column("usage", Text))
