"""Servers to be killed: the test's half and the half of the program that is killed.

A test asks a program for one story after another; the program forks a server for each,
because it has imported everything once and a fault test needs hundreds. What a server tells
before it dies comes back with how it ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

Order = dict[str, Any]
Tell = Callable[[object], None]
Serve = Callable[[Order, Tell], Awaitable[int]]


@contextmanager
def program(name: str) -> Iterator[Callable[..., Order]]:
    """``order(**fields)`` → ``{"statuses": [wait status…], "told": […]}``, when all ended.

    The fields are the program's own, and ``mutant``, and ``fork``: how many servers at once.
    """
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"tests.contract.{name}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def order(**fields: object) -> Order:
        process.stdin.write(json.dumps(fields) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    try:
        yield order
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def was_killed(status: int) -> bool:
    """Whether a server of that wait status died at its failpoint."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def obey(serve: Serve, mutants: Mapping[str, Callable[[], None]]) -> None:
    """The program: fork what each order asks for, until there are no more."""
    for line in sys.stdin:
        print(json.dumps(_run(serve, mutants, json.loads(line))), flush=True)


def _run(serve: Serve, mutants: Mapping[str, Callable[[], None]], order: Order) -> Order:
    number = order.get("fork", 1)
    begun = [_fork(serve, mutants, {**order, "index": i}) for i in range(number)]
    told, statuses = [], []
    for pid, reader in begun:
        with os.fdopen(reader) as lines:
            told += [json.loads(line) for line in lines]
        statuses.append(os.waitpid(pid, 0)[1])
    return {"statuses": statuses, "told": told}


def _fork(serve: Serve, mutants: Mapping[str, Callable[[], None]], order: Order) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid != 0:
        os.close(writer)
        return pid, reader
    status = 70
    try:
        os.close(reader)
        if order.get("mutant"):
            mutants[order["mutant"]]()
        tell = lambda what: os.write(writer, json.dumps(what).encode() + b"\n")  # noqa: E731
        status = asyncio.run(serve(order, tell))
    finally:
        os._exit(status)
