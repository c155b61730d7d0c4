"""What somebody is to a project: computed from the tuples, never copied.

Checking one project and listing all that somebody sees are the same query over the same
tables, in the caller's transaction. Names are compared byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, text

from submarine_ext.domain.access import Relation, Role
from submarine_ext.domain.projects import ProjectSettings, ProjectState, Visibility

_ROLE = {role.rank: role for role in Role}

#: The greatest rank among the person's own grant and those of their teams.
_RANK = """
  SELECT max(CASE g.role WHEN 'owner' THEN 3 WHEN 'editor' THEN 2 ELSE 1 END)
    FROM grants g
   WHERE g.project = p.name
     AND (g.kind = 'user' AND g.subject = :person
       OR g.kind = 'team' AND g.subject IN
          (SELECT m.team FROM memberships m WHERE m."user" = :person))
"""
_ALL = f"""
  SELECT p.name, p.state, p.visibility, p.epoch, p.settings,
    ({_RANK}) AS rank,
    (SELECT u.admin FROM users u WHERE u.name = :person) AS admin,
    (SELECT u.disabled FROM users u WHERE u.name = :person) AS disabled,
    EXISTS (SELECT 1 FROM transfers t
             WHERE t.project = p.name AND t.receiver = :person) AS offered,
    EXISTS (SELECT 1 FROM emergencies e
             WHERE e.project = p.name AND e.admin = :person AND e.until > :now) AS emergency
    FROM projects p
"""  # noqa: S608 - no value is part of it
_ONE = text(f"{_ALL} WHERE p.name = :project")
#: The many in which somebody is nobody (other people's own) stay in the database.
_BY_NAME = text(
    f"""
    SELECT * FROM ({_ALL}) AS known
     WHERE rank IS NOT NULL OR visibility = 'internal' OR offered OR admin <> 0
     ORDER BY name
    """  # noqa: S608 - no value is part of it
)

_settings = msgspec.json.Decoder(ProjectSettings).decode
_PERSON = text("SELECT admin, disabled FROM users WHERE name = :person")


class Standing(Struct, frozen=True):
    """A person on this server, and to a project (None: there is no such project)."""

    admin: bool = False
    disabled: bool = False
    relation: Relation | None = None
    state: ProjectState = ProjectState.ACTIVE
    epoch: int = 0


def standing(conn: Connection, person: str, project: str, now: str) -> Standing:
    """What ``person`` is to ``project`` at the time ``now`` (RFC 3339 UTC)."""
    row = conn.execute(_ONE, {"person": person, "project": project, "now": now}).first()
    return at_all(conn, person) if row is None else _standing(row)


def standings(conn: Connection, person: str, now: str) -> Iterator[tuple[str, Standing]]:
    """What ``person`` is to every project in which they are anything, by name."""
    for row in conn.execute(_BY_NAME, {"person": person, "now": now}):
        yield row.name, _standing(row)


def at_all(conn: Connection, person: str) -> Standing:
    """What ``person`` is on this server; a stranger is nobody special."""
    row = conn.execute(_PERSON, {"person": person}).first()
    return Standing() if row is None else Standing(bool(row.admin), bool(row.disabled))


def _standing(row: Row[tuple[object, ...]]) -> Standing:
    state = ProjectState(row.state)
    relation = _in_the_trash(row) if state is ProjectState.TRASHED else _relation(row, state)
    return Standing(bool(row.admin), bool(row.disabled), relation, state, row.epoch)


def _relation(row: Row[tuple[object, ...]], state: ProjectState) -> Relation:
    return Relation(
        role=_ROLE.get(row.rank),
        internal=row.visibility == Visibility.INTERNAL,
        admin=bool(row.admin),
        break_glass=bool(row.emergency),
        offered=bool(row.offered),
        viewer_logs=_settings(row.settings).viewer_logs,
        orphaned=state is ProjectState.ORPHANED,
    )


def _in_the_trash(row: Row[tuple[object, ...]]) -> Relation:
    """Only its owners (and admins) know that it still exists."""
    owner = Role.OWNER if row.rank == Role.OWNER.rank else None
    return Relation(role=owner, admin=bool(row.admin), break_glass=bool(row.emergency))
