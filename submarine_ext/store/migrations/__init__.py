"""Alembic migrations. Revisions are numbers of four digits, in order, never edited."""
