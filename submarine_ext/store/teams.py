"""Teams and who is in them. What is shared with them is in grants."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, or_, select
from sqlalchemy import update as change_rows

from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.quotas import Quota
from submarine_ext.domain.teams import Member, NewTeam, Standing
from submarine_ext.domain.times import now
from submarine_ext.store.schema import memberships, teams

_quota = msgspec.json.Decoder(Quota).decode


class Record(Struct, frozen=True):
    """A row."""

    name: str
    title: str
    quota: Quota
    created: str
    from_group: str | None


def get(conn: Connection, name: str) -> Record | None:
    """One team, None where there is none."""
    row = conn.execute(select(teams).where(teams.c.name == name)).mappings().first()
    return None if row is None else _record(row)


def add(conn: Connection, wanted: NewTeam, *, group: str | None = None) -> None:
    """A new team without members; its name must be free, and so its ``group``."""
    title = wanted.title or wanted.name
    row = {"name": wanted.name, "title": title, "quota": "{}", "created": now()}
    conn.execute(insert(teams), {**row, "from_group": group})


def of_groups(conn: Connection) -> dict[str, str]:
    """All teams that are groups of a directory: their groups, by the teams' names."""
    query = select(teams.c.name, teams.c.from_group).where(teams.c.from_group.is_not(None))
    return {row.name: row.from_group for row in conn.execute(query.order_by(teams.c.name))}


def change(conn: Connection, name: str, **columns: Any) -> None:
    """Set ``title`` or ``quota``."""
    if "quota" in columns:
        columns["quota"] = msgspec.json.encode(columns["quota"]).decode()
    conn.execute(change_rows(teams).where(teams.c.name == name).values(**columns))


def remove(conn: Connection, name: str) -> None:
    """Forget the team and who was in it."""
    conn.execute(delete(memberships).where(memberships.c.team == name))
    conn.execute(delete(teams).where(teams.c.name == name))


def page(conn: Connection, wanted: Search) -> Page[Record]:
    """Teams by a part of their name or title, by name. The cursor is the last name."""
    query = select(teams).order_by(teams.c.name).limit(wanted.limit + 1)
    if wanted.text:
        # LIKE folds case in SQLite.
        named = func.replace(teams.c.name, wanted.text, "") != teams.c.name
        titled = func.replace(teams.c.title, wanted.text, "") != teams.c.title
        query = query.where(or_(named, titled))
    if wanted.cursor is not None:
        query = query.where(teams.c.name > wanted.cursor)
    found = [_record(row) for row in conn.execute(query).mappings()]
    shown = found[: wanted.limit]
    return Page(shown, shown[-1].name if len(found) > wanted.limit else None)


def members(conn: Connection, team: str) -> list[Member]:
    """Who is in it, by name."""
    query = select(memberships).where(memberships.c.team == team).order_by(memberships.c.user)
    return [Member(row["user"], Standing(row["role"])) for row in conn.execute(query).mappings()]


def standing(conn: Connection, team: str, person: str) -> Standing | None:
    """What somebody is in the team; None for others."""
    query = select(memberships.c.role).where(*_key(team, person))
    role = conn.execute(query).scalar()
    return None if role is None else Standing(role)


def standings(conn: Connection, person: str) -> dict[str, Standing]:
    """What somebody is, by the names of their teams."""
    query = select(memberships.c.team, memberships.c.role).where(memberships.c.user == person)
    rows = conn.execute(query.order_by(memberships.c.team))
    return {row.team: Standing(row.role) for row in rows}


def put_member(conn: Connection, team: str, person: str, role: Standing) -> None:
    """Take somebody in, or change what they are."""
    row = change_rows(memberships).where(*_key(team, person)).values(role=str(role))
    if conn.execute(row).rowcount == 0:
        values = {"team": team, "user": person, "role": str(role)}
        conn.execute(insert(memberships).values(values))


def remove_member(conn: Connection, team: str, person: str) -> None:
    """Take somebody out."""
    conn.execute(delete(memberships).where(*_key(team, person)))


def _key(team: str, person: str) -> tuple[ColumnElement[bool], ...]:
    return memberships.c.team == team, memberships.c.user == person


def _record(row: RowMapping) -> Record:
    quota = _quota(row["quota"])
    return Record(row["name"], row["title"], quota, row["created"], row["from_group"])
