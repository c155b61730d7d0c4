"""Column types that mean the same on SQLite and on PostgreSQL.

SQLite compares text byte for byte and has one integer, of 64 bits. PostgreSQL would compare
by the database's language, and cut integers at 32 bits: names that are two on one database
must not be one on the other, and lists must have one order.
"""

from __future__ import annotations

import sqlalchemy as sa

Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Integer = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
Float = sa.Float()
