"""Servers on one PostgreSQL, to be killed and frozen at any moment; forked from one program.

Each line ``{"root", "database", "index", "jobs", "people"}`` begins a server; the answer is
its pid. It submits every second job of ``jobs`` (those whose number is ``index`` modulo 2)
with a key of its own, writes what was acknowledged into ``accepted.txt`` of the root, and
looks after jobs until SIGTERM. One that is begun again after a kill submits all of its share
again: the keys see to it that no job is made twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec, Resources
from submarine_ext.errors import QuotaExceeded, Unavailable
from submarine_ext.reconcile import lease
from submarine_ext.store import postgres

#: Short, so that a test need not wait long for the other server; not so short that a loaded
#: machine loses it all the time.
lease.LEASE_SECONDS = 4.0
lease.TRY_SECONDS = 0.2
postgres._SESSION = tuple(words.replace("'10s'", "'4s'") for words in postgres._SESSION)

PAYLOAD = r"""
echo "$SUBMARINE_JOB $SUBMARINE_ATTEMPT" >> "$1"
printf '\036{"m":{"loss":0.5},"s":0}\n\036{"m":{"loss":0.25},"s":1}\n'
"""


async def serve(order: dict) -> None:
    root, people = Path(order["root"]), order["people"]
    settings = Settings(root=root, owner="ana", cpu=8.0, gpu=4, database_url=order["database"])
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    submarine = await patiently(lambda: Submarine.open(settings))
    submitting = [asyncio.create_task(submit(submarine, order, person)) for person in range(people)]
    await ended.wait()
    for task in submitting:
        task.cancel()
    await asyncio.gather(*submitting, return_exceptions=True)
    await submarine.close()


async def submit(submarine: Submarine, order: dict, person: int) -> None:
    """One person's share, one job after the other."""
    who = Principal(f"p{person}")
    root = Path(order["root"])
    command = ["sh", "-c", PAYLOAD, "sh", str(root / "starts.txt")]
    for number in range(order["index"], order["jobs"], 2):
        if (number // 2) % order["people"] != person:
            continue
        await allowed(root / "allowed.txt", number)
        spec = JobSpec(command=command, resources=Resources(gpu=number // 2 % 2))
        key = f"key-{number}"
        job = await patiently(
            lambda spec=spec, key=key: submarine.jobs.submit(who, f"of-{who.name}", spec, key)
        )
        tell(root / "accepted.txt", f"{key} {job.id}\n")


async def allowed(path: Path, number: int) -> None:
    """Until the story has come to this job: some are left for each fault."""
    while number >= int(path.read_text()):
        await asyncio.sleep(0.05)


async def patiently(ask):
    """Until there is room, and the database answers."""
    while True:
        try:
            return await ask()
        except (QuotaExceeded, Unavailable):
            await asyncio.sleep(0.05)


def tell(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, line.encode())
    os.close(handle)


def begin(order: dict) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        log = os.open(Path(order["root"]) / "server.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        asyncio.run(serve(order))
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        if "reap" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["reap"], 0)[1])
        else:
            answer = begin(asked)
        print(json.dumps(answer), flush=True)
