"""The main metric of a job in a few points, for lists.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Jobs that have ended keep none: their points are read where they are opened."""
    op.add_column("jobs", sa.Column("trace", Text))
