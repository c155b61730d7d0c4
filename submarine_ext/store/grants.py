"""The relation tuples: which person or team has which role in which project."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from submarine_ext.domain.access import Role
from submarine_ext.domain.subjects import Kind, Subject
from submarine_ext.domain.times import now
from submarine_ext.store.schema import grants, users


class Tuple(Struct, frozen=True):
    """One grant. ``known``: the team exists, or the person has been here."""

    project: str
    subject: Subject
    role: Role
    by: str
    created: str


def of(conn: Connection, project: str) -> list[Tuple]:
    """All grants of a project: people, then teams, by name."""
    query = select(grants).where(grants.c.project == project)
    order = (grants.c.kind.desc(), grants.c.subject)
    return [_tuple(row) for row in conn.execute(query.order_by(*order)).mappings()]


def get(conn: Connection, project: str, subject: Subject) -> Tuple | None:
    """One grant, None where there is none."""
    row = conn.execute(select(grants).where(*_key(project, subject))).mappings().first()
    return None if row is None else _tuple(row)


def put(conn: Connection, project: str, subject: Subject, role: Role, by: str) -> Tuple:
    """Give the role, instead of another that the subject may have."""
    given = Tuple(project, subject, role, by, now())
    values = {"role": str(role), "by": by, "created": given.created}
    if conn.execute(update(grants).where(*_key(project, subject)).values(values)).rowcount == 0:
        key = {"project": project, "kind": str(subject.kind), "subject": subject.name}
        conn.execute(insert(grants).values({**key, **values}))
    return given


def remove(conn: Connection, project: str, subject: Subject) -> None:
    """Take the role away."""
    conn.execute(delete(grants).where(*_key(project, subject)))


def owners(conn: Connection, project: str | None = None) -> dict[str, list[str]]:
    """The owners (``user:alice``, ``team:vision``) of one project or of all, by project."""
    query = select(grants).where(grants.c.role == Role.OWNER)
    if project is not None:
        query = query.where(grants.c.project == project)
    found: dict[str, list[str]] = defaultdict(list)
    order = (grants.c.kind.desc(), grants.c.subject)
    for row in conn.execute(query.order_by(*order)).mappings():
        found[row["project"]].append(str(_tuple(row).subject))
    return found


def unseen(conn: Connection, project: str) -> set[str]:
    """People with a role in the project who have not been here yet."""
    query = select(grants.c.subject).outerjoin(users, users.c.name == grants.c.subject)
    query = query.where(grants.c.project == project, grants.c.kind == Kind.USER)
    return set(conn.execute(query.where(users.c.seen.is_(None))).scalars())


def _key(project: str, subject: Subject) -> tuple[ColumnElement[bool], ...]:
    return (
        grants.c.project == project,
        grants.c.kind == str(subject.kind),
        grants.c.subject == subject.name,
    )


def _tuple(row: RowMapping) -> Tuple:
    subject = Subject(Kind(row["kind"]), row["subject"])
    return Tuple(row["project"], subject, Role(row["role"]), row["by"], row["created"])
