"""Two versions of a notebook of many cells side by side, beside nbdime alone.

One cell in ten was changed, one was added and one removed. nbdime compares every cell with
every other, letter by letter, which ours spares it.
"""

from __future__ import annotations

import copy
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import nbformat

from benchmarks.figures import Figure
from submarine_ext.domain.comparisons import diff
from submarine_ext.domain.versions import Version, VersionKind

#: Of notebooks without cell ids (before nbformat 4.5), where nbdime needs the square of the
#: time, it is asked for fewer.
CELLS, CELLS_WITHOUT_IDS = 1000, 200
VERSION = Version(
    id="1", last_modified="", author="ann", kind=VersionKind.SAVED, message=None, size=1,
    etag="0" * 64, base=None, jobs=[], current=False,
)  # fmt: skip


def measure(rounds: int) -> Iterator[Figure]:
    from nbdime.diffing.notebooks import diff_notebooks

    for cells, minor, kind in ((CELLS, 5, ""), (CELLS_WITHOUT_IDS, 4, " without ids")):
        old = notebook(cells, minor)
        new = edited(old)
        theirs = [nbformat.from_dict(one) for one in (old, new)]
        yield Figure(
            what=f"compare notebooks of {cells:,} cells{kind} (floor: nbdime alone)",
            unit="ms",
            ours=milliseconds(compared(old, new), min(rounds, 5)),
            floor=milliseconds(lambda pair=theirs: diff_notebooks(*pair), 1),
            at_most=1,
        )


def compared(old: dict[str, Any], new: dict[str, Any]) -> Callable[[], object]:
    """What a request for the difference computes."""
    bodies = [json.dumps(one).encode() for one in (old, new)]
    return lambda: diff("a.ipynb", VERSION, VERSION, *bodies)


def milliseconds(deed: Callable[[], object], rounds: int) -> float:
    """The median."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        deed()
        found.append((time.perf_counter() - begin) * 1000)
    return statistics.median(found)


def notebook(cells: int, minor: int) -> dict[str, Any]:
    numbers = random.Random(1)
    return {
        "cells": [
            {
                "cell_type": "code",
                **({"id": f"cell-{n}"} if minor > 4 else {}),
                "source": "\n".join(f"x_{n}_{k} = {numbers.random()}" for k in range(8)),
                "metadata": {},
                "outputs": [{"output_type": "stream", "name": "stdout", "text": f"{n}\n"}],
                "execution_count": n,
            }
            for n in range(cells)
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": minor,
    }


def edited(old: dict[str, Any]) -> dict[str, Any]:
    new = copy.deepcopy(old)
    cells = new["cells"]
    for cell in cells[::10]:
        cell["source"] = cell["source"].replace("=", "==", 1)
    another = {**copy.deepcopy(cells[1]), "source": "print(1)"}
    if "id" in another:
        another["id"] = "another"
    cells.insert(50, another)
    del cells[5]
    return new
