"""A thousand people with an open socket on one team service, beside a bare tornado server.

The service is ``jupyter submarine serve`` in a process of its own, on a PostgreSQL; its people
are members of one team that a project is shared with. All come at once, from another process:
when they are new, and again, as after a restart. Then jobs are submitted, and the time counts
from before the request to the frame in each socket. The floor sends as many bytes to as many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.events import percentile
from benchmarks.figures import Figure
from benchmarks.postgres import postgres
from benchmarks.server import Server, end

SOCKETS = 1000
EVENTS = 20
PROJECT, TEAM = "vision", "crowd"
PEOPLE = [f"p{number}" for number in range(SOCKETS)]
CONFIG = """
c.SubmarineService.bind_url = "http://127.0.0.1:{port}"
c.SubmarineService.data_dir = "{folder}/data"
c.SubmarineService.engines = ["local"]
c.SubmarineService.admins = {{"root"}}
c.SubmarineService.identity_provider_class = "submarine_ext.testing.identity.PeopleByToken"
c.PeopleByToken.people = {people}
"""


class Measured(NamedTuple):
    """What one server did with the crowd: seconds, kB a socket, milliseconds."""

    first: float
    again: float
    each: float
    frames: list[float]


def measure(rounds: int) -> Iterator[Figure]:
    with bare() as there:
        send = there.connect()
        floor = crowd(there, "/socket", lambda: send.send("POST", "/broadcast", b"x" * 800))
    with postgres() as url, service(url) as there:
        furnish(there)
        send = there.connect()
        job = {"command": ["true"]}
        route = f"/projects/{PROJECT}/jobs"
        ours = crowd(there, "/submarine/api/events", lambda: send.json("POST", route, job))
    yield from figures(ours, floor)


def figures(ours: Measured, floor: Measured) -> Iterator[Figure]:
    yield Figure(
        what=f"{SOCKETS:,} people come for the first time, to the first frame of the last",
        unit="s", ours=ours.first, floor=floor.first, limit=10,
    )  # fmt: skip
    yield Figure(
        what="the same, who were here before",
        unit="s", ours=ours.again, floor=floor.again, limit=10,
    )  # fmt: skip
    yield Figure(
        what="memory of the service, each socket",
        unit="kB", ours=ours.each, floor=floor.each, limit=60,
    )  # fmt: skip
    for name, position in (("p50", 50), ("p99", 99)):
        found = [percentile(each.frames, position) for each in (ours, floor)]
        yield Figure(
            what=f"submission to the frame in {SOCKETS:,} sockets, {name}",
            unit="ms", ours=found[0], floor=found[1], limit=1000 if position == 99 else None,
        )  # fmt: skip


def crowd(there: Server, path: str, change: Callable[[], object]) -> Measured:
    """Let everybody come to a server that has answered already, then tell them of changes."""
    with reader(there, path, PEOPLE[:1]):
        pass  # what the first one costs is not each one's
    before = there.resident_mb
    with reader(there, path, PEOPLE) as (first, _):
        each = (there.resident_mb - before) * 1000 / SOCKETS
    with reader(there, path, PEOPLE) as (again, tell):
        frames = [each for _ in range(EVENTS) for each in tell(change)]
    return Measured(max(first), max(again), each, frames)


@contextmanager
def reader(
    there: Server, path: str, people: list[str]
) -> Iterator[tuple[list[float], Callable[[Callable[[], object]], list[float]]]]:
    """The sockets' process: when each was connected, and what lets them wait for a change."""
    tokens = [token(name) for name in people]
    command = [sys.executable, "-m", "benchmarks.crowd_reader"]
    with subprocess.Popen(
        [*command, str(there.port), path, f"projects/{PROJECT}", *tokens],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        asking, answers = process.stdin, process.stdout

        def tell(change: Callable[[], object]) -> list[float]:
            asking.write("next\n")
            asking.flush()
            begin = time.monotonic_ns()
            change()
            times = json.loads(answers.readline())
            answers.readline()  # it is ready again
            return [(moment - begin) / 1e6 for moment in times]

        connected = json.loads(answers.readline())
        answers.readline()
        yield connected, tell
        asking.close()


def furnish(there: Server) -> None:
    """One project, shared with a team of everybody."""
    root = there.connect()
    root.json("POST", "/teams", {"name": TEAM})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda some: join(there, some), [PEOPLE[n::8] for n in range(8)]))
    root.json("POST", "/projects", {"name": PROJECT})
    root.json("PUT", f"/projects/{PROJECT}/grants/team:{TEAM}", {"role": "viewer"})


def join(there: Server, people: list[str]) -> None:
    connection = there.connect()
    for name in people:
        connection.json("PUT", f"/teams/{TEAM}/members/{name}", {})


def token(name: str) -> str:
    return f"token-of-{name}"


@contextmanager
def service(database: str) -> Iterator[Server]:
    """``jupyter submarine serve``, once it is ready."""
    with TemporaryDirectory(prefix="submarine-bench-") as name:
        there = Server(Path(name))
        there.token = token("root")
        people = {token(each): each for each in ["root", *PEOPLE]}
        config = there.folder / "service.py"
        config.write_text(CONFIG.format(port=there.port, folder=name, people=people))
        command = ["submarine_ext.app.command", "serve", "--config", str(config)]
        environ = {**os.environ, "SUBMARINE_DATABASE_URL": database}
        with running(there, command, environ):
            there.connect().json("GET", "/me")
            yield there


@contextmanager
def bare() -> Iterator[Server]:
    with TemporaryDirectory(prefix="submarine-bench-") as name:
        there = Server(Path(name))
        command = ["benchmarks.bare_sockets", str(there.port)]
        with running(there, command, dict(os.environ)):
            yield there


@contextmanager
def running(there: Server, module: list[str], environ: dict[str, str]) -> Iterator[None]:
    with (there.folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        there.pid = process.pid
        listening(there, process)
        yield
    finally:
        end(process)


def listening(there: Server, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            return there.connect().close()
        except ConnectionError:
            time.sleep(0.02)
    raise RuntimeError((there.folder / "server.log").read_text())
