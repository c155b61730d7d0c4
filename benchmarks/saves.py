"""What history costs: save, open and list on the project drive, beside Jupyter's own.

The floor is the same server's ``/api/contents`` with the same notebook: one fsync and no
version. Both are asked in turns by one kept-alive client; every save has new content.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import Figure
from benchmarks.server import Connection, server

OURS = "/submarine/api/contents/default"
THEIRS = "/api/contents"
CELLS = 100
FILES = 200


def measure(rounds: int) -> Iterator[Figure]:
    with server("submarine_ext") as there:
        client = there.connect()
        sides = (OURS, THEIRS)

        def medians(deed: Callable[[str, int], object]) -> tuple[float, float]:
            ours, floor = (statistics.median(times) for times in taken(sides, deed, rounds))
            return ours, floor

        ours, floor = medians(lambda at, n: save(client, at, n))
        yield Figure(
            what=f"save a notebook of {CELLS} cells", unit="ms", ours=ours, floor=floor, at_most=2
        )
        ours, floor = medians(lambda at, _: client.send("GET", f"{at}/a.ipynb?content=1&hash=1"))
        yield Figure(what="open it", unit="ms", ours=ours, floor=floor, at_most=2)
        for at in sides:
            for n in range(FILES):
                body = {"type": "file", "format": "text", "content": str(n)}
                client.send("PUT", f"{at}/{n}.txt", json.dumps(body).encode())
        ours, floor = medians(lambda at, _: client.send("GET", f"{at}?content=1"))
        yield Figure(what=f"list {FILES} files", unit="ms", ours=ours, floor=floor, at_most=1)


def taken(
    sides: tuple[str, ...], deed: Callable[[str, int], object], rounds: int
) -> list[list[float]]:
    """Milliseconds of each side's turns."""
    times: list[list[float]] = [[] for _ in sides]
    for n in range(rounds + 1):
        for side, found in zip(sides, times, strict=True):
            begin = time.perf_counter()
            deed(side, n)
            found.append((time.perf_counter() - begin) * 1e3)
    return [found[1:] for found in times]  # the first of each also opens what is opened once


def save(client: Connection, at: str, n: int) -> None:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{i}",
            "source": f"x = {n}\n" * 10,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for i in range(CELLS)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    body = {"type": "notebook", "format": "json", "content": notebook}
    client.send("PUT", f"{at}/a.ipynb", json.dumps(body).encode())
