"""The relation tuples: which person or team has which role in which project."""

from __future__ import annotations

from collections import defaultdict

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)

from submarine_ext.domain.access import Role
from submarine_ext.domain.subjects import Kind, Subject
from submarine_ext.domain.times import now
from submarine_ext.store.schema import grants, memberships, users

#: A name that nobody ever came with could be a slip of the pen: it owns nothing yet.
_HAS_OWNER = text(
    """
    SELECT 1 FROM grants g JOIN users u
        ON g.kind = 'user' AND u.name = g.subject
        OR g.kind = 'team' AND u.name IN
           (SELECT m."user" FROM memberships m WHERE m.team = g.subject)
     WHERE g.project = :project AND g.role = 'owner' AND u.disabled = 0 AND u.seen IS NOT NULL
    """
)


class Tuple(Struct, frozen=True):
    """One grant, given ``by`` whom and when (RFC 3339 UTC)."""

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


def includes(conn: Connection, subject: Subject, person: str) -> bool:
    """Whether what is given to ``subject`` is given to ``person`` as well."""
    if subject.kind is Kind.USER:
        return subject.name == person
    mine = (memberships.c.team == subject.name, memberships.c.user == person)
    return conn.execute(select(memberships.c.team).where(*mine)).first() is not None


def owners(conn: Connection, project: str | None = None) -> dict[str, list[str]]:
    """The owners (``user:alice``, ``team:vision``) of one project or of all, by project."""
    query = select(grants.c.project, grants.c.kind, grants.c.subject)
    query = query.where(grants.c.role == Role.OWNER)
    if project is not None:
        query = query.where(grants.c.project == project)
    found: dict[str, list[str]] = defaultdict(list)
    order = (grants.c.kind.desc(), grants.c.subject)
    for name, kind, subject in conn.execute(query.order_by(*order)):
        found[name].append(f"{kind}:{subject}")
    return found


def unseen(conn: Connection, project: str) -> set[str]:
    """People with a role in the project who have not been here yet."""
    query = select(grants.c.subject).outerjoin(users, users.c.name == grants.c.subject)
    query = query.where(grants.c.project == project, grants.c.kind == Kind.USER)
    return set(conn.execute(query.where(users.c.seen.is_(None))).scalars())


def given_to(conn: Connection, subject: Subject) -> list[str]:
    """The projects in which a person or a team has a grant of their own, by name."""
    query = select(grants.c.project).where(grants.c.kind == str(subject.kind))
    query = query.where(grants.c.subject == subject.name).order_by(grants.c.project)
    return list(conn.execute(query).scalars())


def reach(conn: Connection, person: str) -> list[str]:
    """The projects in which somebody has a role, by themselves or through a team."""
    theirs = select(memberships.c.team).where(memberships.c.user == person)
    mine = and_(grants.c.kind == Kind.USER, grants.c.subject == person)
    ours = and_(grants.c.kind == Kind.TEAM, grants.c.subject.in_(theirs))
    query = select(grants.c.project).distinct().where(or_(mine, ours)).order_by(grants.c.project)
    return list(conn.execute(query).scalars())


def has_owner(conn: Connection, project: str) -> bool:
    """Whether an enabled person who has been here is an owner, directly or through a team."""
    return conn.execute(_HAS_OWNER, {"project": project}).first() is not None


def _key(project: str, subject: Subject) -> tuple[ColumnElement[bool], ...]:
    return (
        grants.c.project == project,
        grants.c.kind == str(subject.kind),
        grants.c.subject == subject.name,
    )


def _tuple(row: RowMapping) -> Tuple:
    subject = Subject(Kind(row["kind"]), row["subject"])
    return Tuple(row["project"], subject, Role(row["role"]), row["by"], row["created"])
