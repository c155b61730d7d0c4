"""From taking rights away to the end in each of a thousand open sockets, beside a broadcast.

Two people on one server: ann shares a project with ben, whose sockets follow it. What comes
first to each socket after the change is its end: the ``closed`` frame of the topic, or the
socket's own end where the account is disabled. The slowest socket counts.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from benchmarks.events import broadcast, frames
from benchmarks.figures import Figure
from benchmarks.server import Connection, Server, server

SOCKETS = 1000
PEOPLE = {"token-of-ann": "ann", "token-of-ben": "ben"}
PROJECT = "vision"
GRANT = f"/projects/{PROJECT}/grants/user:ben"
LIMIT = 1000


def measure(rounds: int) -> Iterator[Figure]:
    rounds = min(rounds, 3)
    with server(
        "submarine_ext",
        "benchmarks.floor",
        token="token-of-ann",
        ServerApp__identity_provider_class="submarine_ext.testing.identity.PeopleByToken",
        PeopleByToken__people=PEOPLE,
        SubmarineExtension__admins="ann",
    ) as there:
        ann, ben = there.connect(), Server.at(there.port, "token-of-ben")
        ben.connect().json("GET", "/me")
        ann.json("POST", "/projects", {"name": PROJECT})
        share(ann)
        floor = slowest(ben, "floor", rounds, lambda: broadcast(ann), lambda: None)
        ours = slowest(ben, "submarine", rounds, lambda: revoke(ann), lambda: share(ann))
        yield _figure("a role is taken away", "topics", ours, floor)
        ours = slowest(ben, "submarine", rounds, lambda: disable(ann), lambda: enable(ann))
        yield _figure("an account is disabled", "sockets", ours, floor)


def _figure(deed: str, things: str, ours: float, floor: float) -> Figure:
    what = f"{deed} until the last of {SOCKETS:,} {things} is closed (floor: broadcast)"
    return Figure(what=what, unit="ms", ours=ours, floor=floor, limit=LIMIT)


def slowest(
    there: Server, kind: str, rounds: int, change: Callable[[], None], back: Callable[[], None]
) -> float:
    """Milliseconds to the last socket; the median of rounds with new sockets each."""
    found = []
    for _ in range(rounds):
        found.append(max(frames(there, SOCKETS, kind, 1, change, PROJECT)))
        back()
    return statistics.median(found)


def share(ann: Connection) -> None:
    ann.json("PUT", GRANT, {"role": "viewer"})


def revoke(ann: Connection) -> None:
    ann.json("DELETE", GRANT)


def disable(ann: Connection) -> None:
    ann.json("PATCH", "/users/ben", {"disabled": True})


def enable(ann: Connection) -> None:
    ann.json("PATCH", "/users/ben", {"disabled": False})
