"""The server is killed at a random moment of starting tasks: none is lost, none begins twice."""

import contextlib
import os
import random
import select
import subprocess
import sys

import msgspec
import pytest

from submarine_ext.engines.base import Outcome
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.testing.engines import EngineContract
from submarine_ext.testing.session import scenario, session

SERVER = """
import asyncio, sys
from pathlib import Path
import msgspec
from submarine_ext.engines.base import Task
from submarine_ext.engines.local.engine import LocalEngine

async def main():
    engine = LocalEngine(Path(sys.argv[1]), cpu=4)
    await engine.open()
    tasks = msgspec.json.decode(
        sys.stdin.buffer.read(), type=list[Task], dec_hook=lambda kind, value: kind(value)
    )
    print("begun", flush=True)
    for task in tasks:
        await engine.start(task)
    await asyncio.sleep(3600)

asyncio.run(main())
"""
BEGINS = (
    "import os, sys\n"
    "fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)\n"
    "os.write(fd, sys.argv[2].encode() + b'\\n')"
)


@pytest.mark.parametrize("seed", range(8))
@scenario
async def test_every_task_begins_exactly_once(seed, tmp_path):
    contract, ledger = EngineContract(), tmp_path / "ledger"
    tasks = [contract.program(tmp_path, BEGINS, str(ledger), str(n)) for n in range(12)]
    kill_a_server(tmp_path, tasks, random.Random(seed).uniform(0, 0.2))
    async with session(LocalEngine(tmp_path, cpu=4)) as s:
        fresh = await s.engine.adopt(tasks)
        for task in tasks:
            if task.name in fresh:
                await s.engine.start(task)
        ends = [await s.ended(task.name) for task in tasks]
    assert {ended.outcome for ended in ends} == {Outcome.SUCCEEDED}
    assert sorted(ledger.read_text().split(), key=int) == [str(n) for n in range(12)]


def kill_a_server(root, tasks, after):
    """Start a server that starts the tasks; SIGKILL it so many seconds later."""
    command = [sys.executable, "-c", SERVER, str(root)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watched = os.pidfd_open(server.pid)
    with contextlib.closing(server.stdin) as pipe:
        pipe.write(msgspec.json.encode(tasks, enc_hook=str))
    assert server.stdout.readline() == b"begun\n"
    select.select([watched], [], [], after)
    os.close(watched)
    server.kill()
    server.wait()
    server.stdout.close()
