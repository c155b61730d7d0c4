"""From a change to the frame in each of many sockets, beside a bare tornado broadcast.

The sockets live in a process of their own, as browsers do; it says when each frame came.
"""

from __future__ import annotations

import json
import selectors
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import Figure
from benchmarks.server import Connection, Server, server
from benchmarks.socket_reader import SocketReader

FEW, MANY = 1, 1000


def measure(rounds: int) -> Iterator[Figure]:
    with server("submarine_ext", "benchmarks.floor") as there:
        client = there.connect()
        for sockets, limits in ((FEW, (50.0, 250.0)), (MANY, (None, None))):
            ours = frames(there, sockets, "submarine", rounds, lambda: submit(client))
            floor = frames(there, sockets, "floor", rounds, lambda: broadcast(client))
            for name, position, limit in (("p50", 50, limits[0]), ("p99", 99, limits[1])):
                yield Figure(
                    what=f"state change to the frame, {sockets:,} socket(s), {name}",
                    unit="ms",
                    ours=percentile(ours, position),
                    floor=percentile(floor, position),
                    at_most=3 if sockets == MANY else None,
                    limit=limit,
                )


def submit(client: Connection) -> None:
    """A change that everybody is told: a new job."""
    client.json("POST", "/projects/default/jobs", {"command": ["true"]})


def broadcast(client: Connection) -> None:
    """Let the bare server send as much to all."""
    client.send("POST", "/floor/broadcast", b"x" * 800)


def frames(
    there: Server,
    sockets: int,
    kind: str,
    rounds: int,
    change: Callable[[], None],
    project: str = "default",
) -> list[float]:
    """Milliseconds from the change to its frame, for each socket and round."""
    command = [sys.executable, "-m", "benchmarks.events"]
    arguments = [str(there.port), there.token, str(sockets), kind, project]
    with subprocess.Popen(
        [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as watcher:
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        found: list[float] = []
        for n in range(rounds):
            if n:
                watcher.stdin.write("next\n")
                watcher.stdin.flush()
            watcher.stdout.readline()  # it is ready
            begin = time.monotonic_ns()
            change()
            times = json.loads(watcher.stdout.readline())
            found += [(moment - begin) / 1e6 for moment in times]
        watcher.stdin.close()
    return found


def percentile(values: list[float], position: int) -> float:
    return statistics.quantiles(values, n=100)[position - 1]


def watch(there: Server, sockets: int, kind: str, project: str) -> None:
    """The process with the sockets: for each line on stdin, when the next frame came to each."""
    path = "/submarine/api/events" if kind == "submarine" else "/floor/socket"
    selector = selectors.DefaultSelector()
    for _ in range(sockets):
        reader = SocketReader(there, path)
        if kind == "submarine":
            reader.subscribe(f"projects/{project}")
            next(reader.payloads())
        selector.register(reader.descriptor, selectors.EVENT_READ, reader)
    while True:
        print("ready", flush=True)
        print(json.dumps(first_frames(selector, sockets)), flush=True)
        if not sys.stdin.readline():
            return
        drain(selector)


def first_frames(selector: selectors.BaseSelector, sockets: int) -> list[int]:
    """When the first byte of a frame came to each socket (CLOCK_MONOTONIC, ns)."""
    seen: dict[int, int] = {}
    while len(seen) < sockets:
        for key, _ in selector.select():
            now = time.monotonic_ns()
            seen.setdefault(key.fd, now)
            key.data.discard()
    return list(seen.values())


def drain(selector: selectors.BaseSelector) -> None:
    """Throw away what follows, until nothing has come for a while."""
    while ready := selector.select(timeout=0.3):
        for key, _ in ready:
            key.data.discard()


if __name__ == "__main__":
    port, token, count, which, project = sys.argv[1:]
    watch(Server.at(int(port), token), int(count), which, project)
