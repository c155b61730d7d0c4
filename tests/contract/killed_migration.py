"""A migration that dies before one of its statements, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlalchemy import event

from submarine_ext.store import migrate
from submarine_ext.store.postgres import Postgres
from submarine_ext.store.sqlite import engine as sqlite


def migrated(where: Path | str, statements: int, *, begin: str = "BEGIN IMMEDIATE") -> int:
    """Begin to migrate, for so many statements; the process's return code.

    ``begin`` is how a transaction begins on SQLite.
    """
    command = [sys.executable, "-m", __name__, str(where), str(statements), begin]
    return subprocess.run(command, cwd=Path(__file__).parents[2]).returncode


def main(where: str, statements: int, begin: str) -> None:
    on_postgres = "://" in where
    engine = Postgres(where).writer() if on_postgres else sqlite(Path(where), begin=begin, size=1)
    left = statements

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", count)
    with engine.begin() as conn:
        migrate.upgrade(conn)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
