"""What a busy lab's server answers in, and how long each answer keeps all others waiting.

200 projects, 20 teams, 1,000 people, 100,000 events, 5,000 jobs under way, a folder of 1,000
files, a file of 1,000 versions. Each request is asked in turns with a bare handler that has
the answer's bytes already, in the same server. The pause is the longest that its event loop,
which kernels share, was busy meanwhile: others wait for that long.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import crowd
from benchmarks.figures import Figure
from benchmarks.server import Connection, server

API = "/submarine/api"
FILES = 1000
#: What is asked, where, and how many ms it may take.
ASKED = (
    ("who am I, with 5,000 jobs under way", "/me", 20),
    ("list 200 projects, 20 teams", "/projects", 20),
    ("list 1,000 files", f"/contents/{crowd.PROJECT}", 50),
    (
        "list 1,000 versions",
        f"/contents/{crowd.PROJECT}/{crowd.FILE}/checkpoints",
        50,
    ),
    ("a page of 100,000 events", f"/audit?project={crowd.PROJECT}", 20),
    ("the same of one person", f"/audit?actor={crowd.ACTOR}", 20),
    ("the same of one action", "/audit?action=secret.put", 100),
)
PAUSE = 50


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        data = Path(name)
        with server("submarine_ext", data=data) as there:
            owner = there.connect().json("GET", "/me")["user"]
        crowd.fill(data / "submarine" / "submarine.sqlite", owner)
        files(data / "submarine" / "projects" / crowd.PROJECT)
        with server("submarine_ext", "benchmarks.floor", data=data) as there:
            client = there.connect()
            client.json("GET", "/me")  # opens the services
            for what, path, limit in ASKED:
                yield from asked(client, what, API + path, limit, rounds)


def files(folder: Path) -> None:
    folder.mkdir(parents=True)
    for n in range(FILES):
        (folder / f"{n}.txt").write_text(str(n))


def asked(client: Connection, what: str, path: str, limit: float, rounds: int) -> Iterator[Figure]:
    client.send("PUT", "/floor/bytes", client.send("GET", path))
    ours, floor, pauses = [], [], []
    for _ in range(rounds):
        client.send("GET", "/floor/pause")
        ours.append(_milliseconds(client, path))
        pauses.append(json.loads(client.send("GET", "/floor/pause")))
        floor.append(_milliseconds(client, "/floor/bytes"))
    middle = statistics.median
    yield Figure(what=what, unit="ms", ours=middle(ours), floor=middle(floor), limit=limit)
    yield Figure(
        what="… and nobody else is answered for", unit="ms", ours=middle(pauses), limit=PAUSE
    )


def _milliseconds(client: Connection, path: str) -> float:
    begin = time.perf_counter()
    client.send("GET", path)
    return (time.perf_counter() - begin) * 1000
