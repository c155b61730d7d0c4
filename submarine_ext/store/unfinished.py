"""Are there jobs to look after? Asked at server start, so the standard library only.

Opening the store costs the import of SQLAlchemy; a server whose user has no running
jobs should not pay for it before the first request.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_QUERY = "SELECT 1 FROM jobs WHERE state IN ('pending', 'queued', 'running') LIMIT 1"


def unfinished_jobs(path: Path) -> bool:
    """Whether the database at ``path`` holds a job that has not ended.

    A database that cannot be read here answers True: opening it properly then says why.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
            return conn.execute(_QUERY).fetchone() is not None
    except sqlite3.Error:
        return True
