"""People in the database. They are never deleted: a name must not come to mean another."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update

from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.quotas import Quota
from submarine_ext.store.schema import users

#: Values of the column ``admin``: what configuration or the identity provider's directory
#: made, only they unmake.
NOT_ADMIN, APPOINTED, CONFIGURED, BY_DIRECTORY = 0, 1, 2, 3

_quota = msgspec.json.Decoder(Quota).decode


class Account(Struct, frozen=True):
    """A person as this server knows them. ``seen`` None: only named by others so far."""

    name: str
    admin: int
    disabled: bool
    quota: Quota
    seen: str | None


def get(conn: Connection, name: str) -> Account | None:
    """One person, None for a name that nobody has mentioned."""
    row = conn.execute(select(users).where(users.c.name == name)).mappings().first()
    return None if row is None else _account(row)


def ensure(conn: Connection, name: str) -> Account:
    """The person; from now on their name is known."""
    found = get(conn, name)
    if found is None:
        found = Account(name, admin=NOT_ADMIN, disabled=False, quota=Quota(), seen=None)
        row = {"name": name, "admin": NOT_ADMIN, "disabled": 0, "quota": "{}", "seen": None}
        conn.execute(insert(users), row)
    return found


def change(conn: Connection, name: str, **columns: Any) -> None:
    """Set ``admin``, ``disabled``, ``quota`` or ``seen``."""
    if "quota" in columns:
        columns["quota"] = msgspec.json.encode(columns["quota"]).decode()
    if "disabled" in columns:
        columns["disabled"] = int(columns["disabled"])
    conn.execute(update(users).where(users.c.name == name).values(**columns))


def page(conn: Connection, wanted: Search, *, mentioned: bool) -> Page[Account]:
    """People by a part of their name, in the order of names. The cursor is the last name.

    ``mentioned``: also those whom others named and who never came.
    """
    query = select(users).order_by(users.c.name).limit(wanted.limit + 1)
    if not mentioned:
        query = query.where(users.c.seen.is_not(None))
    if wanted.text:
        # LIKE folds case in SQLite; names that differ by case are different people.
        query = query.where(func.replace(users.c.name, wanted.text, "") != users.c.name)
    if wanted.cursor is not None:
        query = query.where(users.c.name > wanted.cursor)
    found = [_account(row) for row in conn.execute(query).mappings()]
    shown = found[: wanted.limit]
    return Page(shown, shown[-1].name if len(found) > wanted.limit else None)


def has_admin(conn: Connection) -> bool:
    """Whether anybody is an admin who can come and be one."""
    real = or_(users.c.admin == CONFIGURED, users.c.seen.is_not(None))
    query = select(users.c.name).where(users.c.admin != NOT_ADMIN, users.c.disabled == 0, real)
    return conn.execute(query.limit(1)).first() is not None


def configured(conn: Connection) -> list[str]:
    """Whom an earlier configuration made admins."""
    query = select(users.c.name).where(users.c.admin == CONFIGURED).order_by(users.c.name)
    return list(conn.execute(query).scalars())


def _account(row: RowMapping) -> Account:
    quota = _quota(row["quota"])
    return Account(row["name"], row["admin"], bool(row["disabled"]), quota, row["seen"])
