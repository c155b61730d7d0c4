"""Teams that are groups of the identity provider's directory.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from submarine_ext.store.columns import Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """All teams so far were made by people."""
    op.add_column("teams", sa.Column("from_group", Text))
    op.create_index("teams_from_group", "teams", ["from_group"], unique=True)
