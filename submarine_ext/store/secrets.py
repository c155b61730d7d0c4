"""Secrets and what jobs were given of them, encrypted as they come: values are not read here."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select, update

from submarine_ext.domain.secrets import Secret
from submarine_ext.store.schema import redactions, secrets


def every(conn: Connection, project: str) -> list[Secret]:
    """The project's secrets, by name."""
    query = select(secrets.c.name, secrets.c.author, secrets.c.written)
    rows = conn.execute(query.where(secrets.c.project == project).order_by(secrets.c.name))
    return [Secret(name=row.name, author=row.author, written=row.written) for row in rows]


def names(conn: Connection, project: str) -> set[str]:
    """The names of the project's secrets."""
    query = select(secrets.c.name).where(secrets.c.project == project)
    return set(conn.execute(query).scalars())


def any_at_all(conn: Connection) -> bool:
    """Whether anything is stored that was encrypted."""
    return any(conn.execute(select(t).limit(1)).first() for t in (secrets, redactions))


def get(conn: Connection, project: str, name: str) -> Secret | None:
    """One of them, None where there is none."""
    return next((secret for secret in every(conn, project) if secret.name == name), None)


def put(conn: Connection, project: str, secret: Secret, token: str) -> None:
    """Write a secret whose encrypted value is ``token``."""
    values = {"author": secret.author, "written": secret.written, "value": token}
    here = {"project": project, "name": secret.name}
    if not conn.execute(update(secrets).filter_by(**here).values(**values)).rowcount:
        conn.execute(insert(secrets), {**here, **values})


def remove(conn: Connection, project: str, name: str) -> None:
    """Forget one."""
    conn.execute(delete(secrets).filter_by(project=project, name=name))


def tokens(conn: Connection, project: str, wanted: Collection[str]) -> dict[str, str]:
    """The encrypted values of those of the wanted names that there are."""
    query = select(secrets.c.name, secrets.c.value)
    rows = conn.execute(query.where(secrets.c.project == project, secrets.c.name.in_(wanted)))
    return {row.name: row.value for row in rows}


def give(conn: Connection, job: str, attempt: int, token: str) -> str:
    """Remember what an attempt is given; what it was given before stands, and is answered."""
    before = given(conn, job, attempt)
    if before is not None:
        return before
    conn.execute(insert(redactions), {"job": job, "attempt": attempt, "values": token})
    return token


def given(conn: Connection, job: str, attempt: int) -> str | None:
    """What an attempt was given, encrypted."""
    return conn.execute(select(redactions.c["values"]).filter_by(job=job, attempt=attempt)).scalar()
