"""A log of 1 GB: to open it beside one of 1 kB, and to search all of it beside ``grep``."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.server import Connection, server
from benchmarks.submit import finished

OPENED = "the end of a log of 1 GB (floor: of 1 kB)"
COLOURED = "a log of 1 GB searched to its end, coloured (floor: grep)"
PLAIN = "a log of 1 GB searched to its end (floor: grep)"
PASS = "one answer while searching 1 GB, the slowest"

LINES = 25_000_000  # of 40 bytes
ABSENT = "not in there"


def measure(rounds: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        data = Path(name)
        with server("submarine_ext", data=data) as there:
            client = there.connect()
            short = printed(client, "seq 1 100")
            long = printed(client, f"seq -f 'step %08.0f loss 0.12345 acc 0.9123' 1 {LINES}")
            colours = r"s/$/ \x1b[32mok\x1b[0m/"
            bright = printed(client, f"seq -f 'loss %08.0f' 1 {LINES} | sed '{colours}'")
            opened = [timed(lambda: tail(client, long)) for _ in range(rounds * 5)]
            shorter = [timed(lambda: tail(client, short)) for _ in range(rounds * 5)]
            yield Figure(
                what=OPENED,
                unit="ms",
                ours=statistics.median(opened),
                floor=statistics.median(shorter),
                limit=50,
            )
            for what, job in ((PLAIN, long), (COLOURED, bright)):
                log = data / "submarine" / "jobs" / job / "1" / "rank-0.log"
                answers = search(client, job, ABSENT)
                floor = timed(partial(grep, log, ABSENT))
                size = log.stat().st_size / 1e6
                yield Figure(
                    what=what,
                    unit="MB/s",
                    ours=size / sum(answers) * 1000,
                    floor=size / floor * 1000,
                )
                yield Figure(what=PASS, unit="ms", ours=max(answers), limit=1000)


def printed(client: Connection, shell: str) -> str:
    """The id of a job that has printed."""
    made = client.json("POST", "/projects/default/jobs", {"command": ["sh", "-c", shell]})
    return str(finished(client, made["id"])["id"])


def tail(client: Connection, job: str) -> None:
    """What a log's view reads to show its end."""
    client.send("GET", f"/submarine/api/jobs/{job}/logs?offset=-1048576&limit=262144")


def search(client: Connection, job: str, text: str) -> list[float]:
    """Milliseconds of each answer on the way to the log's end."""
    took, offset, more = [], 0, True
    while more:
        begin = time.perf_counter()
        path = f"/jobs/{job}/logs/search?text={text.replace(' ', '%20')}&offset={offset}"
        found = client.json("GET", path)
        took.append((time.perf_counter() - begin) * 1000)
        offset, more = found["next"], found["more"]
    return took


def grep(log: Path, text: str) -> None:
    """The same search by the program that is made for it."""
    subprocess.run(["grep", "-aci", text, log], check=False, stdout=subprocess.DEVNULL)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that it takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000
