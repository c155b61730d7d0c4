"""Who else typed what a version holds, where several people did at the same time.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """All versions so far are one person's."""
    op.add_column("versions", sa.Column("coauthors", Text))
