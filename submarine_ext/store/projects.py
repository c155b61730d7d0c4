"""Projects in the database. Who is what in them is in grants, which this does not know."""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import count
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, and_, insert, select, update

from submarine_ext.domain.projects import NewProject, ProjectSettings, ProjectState, Visibility
from submarine_ext.domain.times import now
from submarine_ext.store.schema import events, projects

_settings = msgspec.json.Decoder(ProjectSettings).decode


class Record(Struct, frozen=True, kw_only=True):
    """A row. ``person``: whose personal project it is; ``epoch`` grows as rights change."""

    name: str
    title: str
    created: str
    description: str
    visibility: Visibility
    state: ProjectState
    settings: ProjectSettings
    epoch: int
    person: str | None


def get(conn: Connection, name: str) -> Record | None:
    """One project, None where there is none."""
    row = conn.execute(select(projects).where(projects.c.name == name)).mappings().first()
    return None if row is None else _record(row)


def some(conn: Connection, names: Container[str]) -> dict[str, Record]:
    """Those of these names, by name."""
    rows = conn.execute(select(projects)).mappings()
    return {row["name"]: _record(row) for row in rows if row["name"] in names}


def orphaned(conn: Connection, names: Iterable[str]) -> list[str]:
    """Those of these names that have no owner left."""
    mine = and_(projects.c.name.in_(names), projects.c.state == str(ProjectState.ORPHANED))
    return list(conn.execute(select(projects.c.name).where(mine)).scalars())


def add(conn: Connection, wanted: NewProject, person: str | None = None) -> None:
    """A new project; its name must be free."""
    row = {
        "name": wanted.name,
        "title": wanted.title or wanted.name,
        "description": wanted.description,
        "visibility": str(wanted.visibility),
        "created": now(),
        "person": person,
    }
    conn.execute(insert(projects), row)


def is_free(conn: Connection, name: str) -> bool:
    """Whether no project was ever called so: its past would be shown to the new one's owner."""
    past = select(events.c.seq).where(events.c.project == name).limit(1)
    return get(conn, name) is None and conn.execute(past).first() is None


def free_name(conn: Connection, wanted: str) -> str:
    """``wanted``, or with -2, -3 … behind it where that is taken."""
    names = (wanted if n == 1 else f"{wanted}-{n}" for n in count(1))
    return next(name for name in names if is_free(conn, name))


def personal(conn: Connection, person: str) -> str | None:
    """The name of somebody's personal project."""
    return conn.execute(select(projects.c.name).where(projects.c.person == person)).scalar()


def change(conn: Connection, name: str, **columns: Any) -> None:
    """Set columns. Raises nothing: the caller has found the project in this transaction."""
    if "settings" in columns:
        columns["settings"] = msgspec.json.encode(columns["settings"]).decode()
    conn.execute(update(projects).where(projects.c.name == name).values(**columns))


def bump(conn: Connection, name: str | None = None) -> None:
    """Who may do what in it (None: in any project) has changed: earlier decisions are void."""
    row = update(projects).values(epoch=projects.c.epoch + 1)
    conn.execute(row if name is None else row.where(projects.c.name == name))


def _record(row: RowMapping) -> Record:
    values = dict(row)
    values["settings"] = _settings(values["settings"])
    values["state"] = ProjectState(values["state"])
    values["visibility"] = Visibility(values["visibility"])
    return Record(**values)
