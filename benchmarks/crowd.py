"""A database as a busy lab leaves it: people, teams, projects, a long log, jobs under way."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import insert

from submarine_ext.domain.times import now
from submarine_ext.store import schema
from submarine_ext.store.store import Store, Transaction

PROJECTS, TEAMS, PEOPLE, EVENTS, UNFINISHED, VERSIONS = 200, 20, 1000, 100_000, 5000, 1000
#: Where the files and the long history are, and who is asked about.
PROJECT, FILE, ACTOR = "p1", "0.txt", "person-77"
#: Shared with a team of theirs.
SHARED = "p17"


def fill(database: Path, owner: str) -> None:
    """Add it all to a database that a server has made; ``owner`` is in every team."""
    asyncio.run(_fill(database, owner))


async def _fill(database: Path, owner: str) -> None:
    store = await Store.open(database)
    await store.write(lambda tx: _people(tx, owner))
    await store.write(lambda tx: _projects(tx, owner))
    await store.write(_events)
    await store.write(lambda tx: _jobs(tx, owner))
    await store.write(lambda tx: _versions(tx, owner))
    await store.close()


def _people(tx: Transaction, owner: str) -> None:
    quota = '{"jobs": 100000, "cpu": 100000}'
    people = [f"person-{n}" for n in range(PEOPLE)]
    teams = [f"team-{n}" for n in range(TEAMS)]
    tx.execute(
        insert(schema.users),
        [
            {"name": name, "admin": 0, "disabled": 0, "quota": "{}", "seen": now()}
            for name in people
        ],
    )
    tx.execute(schema.users.update().where(schema.users.c.name == owner).values(quota=quota))
    tx.execute(
        insert(schema.teams),
        [{"name": name, "title": name, "quota": quota, "created": now()} for name in teams],
    )
    members = [(teams[n % TEAMS], name) for n, name in enumerate(people)]
    members += [(team, owner) for team in teams]
    tx.execute(
        insert(schema.memberships),
        [{"team": team, "user": user, "role": "member"} for team, user in members],
    )


def _projects(tx: Transaction, owner: str) -> None:
    names = [f"p{n}" for n in range(PROJECTS)]
    tx.execute(
        insert(schema.projects), [{"name": name, "title": name, "created": now()} for name in names]
    )
    given = [(name, "user", owner, "owner") for name in names]
    given += [(name, "team", f"team-{n % TEAMS}", "editor") for n, name in enumerate(names)]
    given += [
        (name, "user", f"person-{n + 5 * k}", "viewer")
        for n, name in enumerate(names)
        for k in range(10)
    ]
    tx.execute(
        insert(schema.grants),
        [
            {"project": p, "kind": k, "subject": s, "role": r, "by": owner, "created": now()}
            for p, k, s, r in given
        ],
    )


def _events(tx: Transaction) -> None:
    tx.execute(
        insert(schema.events),
        [
            {
                "time": now(), "project": f"p{n % PROJECTS}", "actor": f"person-{n % PEOPLE}",
                "action": "job.progress", "kind": "job", "object": f"j{n}",
                "data": f'{{"id": "j{n}", "reason": "{"x" * 300}"}}',
            }
            for n in range(EVENTS)
        ],
    )  # fmt: skip


def _jobs(tx: Transaction, owner: str) -> None:
    """They run on an engine that this server has not: it counts them and leaves them alone."""
    ids = [f"j{n:016}" for n in range(UNFINISHED)]
    tx.execute(
        insert(schema.jobs),
        [
            {
                "id": id_, "project": PROJECT, "owner": owner, "name": "j", "engine": "gone",
                "spec": '{"command":["true"]}', "state": "running", "target": "run",
                "attempt": 1, "retries_left": 0, "generation": 1, "grace_seconds": 10.0,
                "created": now(), "latest": "{}", "ranks": 1, "revision": 1, "cpu": 1000,
            }
            for id_ in ids
        ],
    )  # fmt: skip
    accounts = [f"user:{owner}", "team:team-1", "team:team-2"]
    tx.execute(
        insert(schema.charges), [{"job": id_, "account": a} for id_ in ids for a in accounts]
    )


def _versions(tx: Transaction, owner: str) -> None:
    tx.execute(insert(schema.documents), {"id": 1, "project": PROJECT, "path": FILE})
    tx.execute(
        insert(schema.versions),
        [
            {
                "document": 1, "sha256": f"{n:064}", "etag": f"{n:064}", "size": 1,
                "author": owner, "time": now(), "kind": "saved",
            }
            for n in range(VERSIONS)
        ],
    )  # fmt: skip
