"""Bring a database to this version's schema, or refuse one that is newer.

Check and migration share one writing transaction, which excludes all others on either
database: of two servers that start at once one migrates and the other finds it done, and a
kill leaves the old or the new.
Alembic is imported only where there is something to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from submarine_ext.errors import NewerDatabase

HEAD = "0008"


def current(conn: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(conn: Connection) -> None:
    """Migrate inside the caller's transaction. Raises NewerDatabase."""
    found = current(conn)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise NewerDatabase(
            f"The database is of a newer submarine-ext (schema {found}; this one knows up to "
            f"{HEAD}). Upgrade submarine-ext, or point SubmarineExtension.data_dir elsewhere."
        )
    _run_alembic(conn)


def _run_alembic(conn: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
