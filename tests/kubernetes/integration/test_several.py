"""Jobs of several machines that really run here: they meet, and end together."""

from __future__ import annotations

import json

import pytest

from submarine_ext.domain.jobs import Distributed, Framework
from submarine_ext.engines.base import Outcome, Task
from submarine_ext.testing import jobs
from tests.kubernetes.integration.bench import Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import PODS

pytestmark = pytest.mark.usefixtures("runs")

PAIR = Distributed(framework=Framework.TORCH, nodes=2)
NO_NAMES, NO_WAY = 75, 76

MEETS = f"""
import os, socket, sys, time
rank, end = os.environ['RANK'], time.monotonic() + 60
address = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])

def resolves(name):
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False

if rank == '0':
    with socket.create_server(('', address[1])) as server:
        server.settimeout(60)
        try:
            peer, _ = server.accept()
        except TimeoutError:
            sys.exit({NO_WAY})
        with peer:
            print('heard', peer.recv(100).decode())
            peer.sendall(b'hello from 0')
    sys.exit()
while True:
    try:
        peer = socket.create_connection(address, 5)
        break
    except OSError as error:
        if time.monotonic() > end:
            sys.exit({NO_WAY} if resolves(address[0]) else {NO_NAMES})
        time.sleep(0.1)
with peer:
    peer.sendall(b'hello from ' + rank.encode())
    print('heard', peer.recv(100).decode())
"""


async def one_address(place: Place, task: Task) -> bool:
    """Whether pods have no network of their own, as where they are plain processes."""
    addresses = [pod["status"].get("podIP") for pod in await place.of(PODS, task)]
    return len(set(addresses)) < len(addresses)


async def test_two_machines_meet_where_they_were_told(place: Place, bench: Bench) -> None:
    """Over the headless Service. Mutants: no Service, another port."""
    task = bench.program(MEETS, distributed=PAIR)
    ended = await bench.run(task)
    if ended.exit_code in (NO_NAMES, NO_WAY) and await one_address(place, task):
        bench.unlike("pods of this cluster have no names and addresses of their own")
    assert ended.outcome is Outcome.SUCCEEDED, ended.reason
    assert task.log(0).read_text() == "heard hello from 1\n"
    assert task.log(1).read_text() == "heard hello from 0\n"


async def test_every_process_knows_its_rank(bench: Bench) -> None:
    source = "import json, os; print(json.dumps(dict(os.environ)))"
    shape = Distributed(framework=Framework.TORCH, nodes=2, processes_per_node=2)
    task = bench.program(source, distributed=shape)
    ended = await bench.run(task)
    assert ended.outcome is Outcome.SUCCEEDED, ended.reason
    found = [json.loads(task.log(rank).read_text()) for rank in range(4)]
    assert [env["RANK"] for env in found] == ["0", "1", "2", "3"]
    assert [env["LOCAL_RANK"] for env in found] == ["0", "1", "0", "1"]
    assert {env["WORLD_SIZE"] for env in found} == {"4"}
    assert len({(env["MASTER_ADDR"], env["MASTER_PORT"]) for env in found}) == 1


async def test_tensorflow_is_told_its_cluster(bench: Bench) -> None:
    source = "import os; print(os.environ['TF_CONFIG'])"
    shape = Distributed(framework=Framework.TENSORFLOW, nodes=2)
    task = bench.program(source, distributed=shape)
    ended = await bench.run(task)
    assert ended.outcome is Outcome.SUCCEEDED, ended.reason
    told = [json.loads(task.log(rank).read_text()) for rank in range(2)]
    assert [one["task"]["index"] for one in told] == [0, 1]
    assert told[0]["cluster"] == told[1]["cluster"]


FAILS_TOGETHER = """
import os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
rank = os.environ['RANK']
def goodbye(*_):
    print('last words of', rank, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, goodbye)
for line in range(2000):
    print(rank, line)
sys.stdout.flush()
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
if rank == '1':
    sys.exit(5)
time.sleep(3600)
"""


async def test_when_one_fails_the_others_end_and_every_log_is_whole(
    place: Place, bench: Bench
) -> None:
    """The cluster deletes the others' pods, and their logs with them. Mutant: logs that are
    read at the end.
    """
    task = bench.program(FAILS_TOGETHER, distributed=PAIR)
    ended = await bench.run(task)
    assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, 5)
    assert "Rank 1" in str(ended.reason)
    lines = [task.log(rank).read_text().splitlines() for rank in range(2)]
    assert lines[1] == [f"1 {n}" for n in range(2000)]
    whole = [*(f"0 {n}" for n in range(2000)), "last words of 0"]
    assert lines[0] in ([], whole), "nothing only where it was ended before it began"
    phases = {pod["status"]["phase"] for pod in await place.of(PODS, task)}
    assert phases <= {"Failed", "Succeeded"}


async def test_a_stop_ends_every_machine(place: Place, bench: Bench) -> None:
    task = bench.program(jobs.SAYS_GOODBYE, distributed=PAIR)
    async with bench.session() as s:
        await s.engine.start(task)
        for rank in range(2):
            await jobs.printed(task.log(rank), b"ready", place.target.patience)
        await s.engine.stop(task.name, grace_seconds=10)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
        assert await place.of(PODS, task) == []
    assert [task.log(rank).read_text() for rank in range(2)] == ["ready\ngoodbye\n"] * 2
    await place.nothing_left(task)


async def test_a_restart_in_the_middle_loses_no_ranks_log(place: Place, bench: Bench) -> None:
    source = """
import os, time
for line in range(200):
    print(os.environ['RANK'], line, flush=True)
    time.sleep(0.01)
"""
    task = bench.program(source, distributed=PAIR)
    async with bench.session() as s:
        await s.engine.start(task)
        for rank in range(2):
            await jobs.printed(task.log(rank), b" 20\n", place.target.patience)
    async with bench.session() as s:
        await s.engine.adopt([task])
        assert (await s.ended(task.name)).outcome is Outcome.SUCCEEDED
    for rank in range(2):
        assert task.log(rank).read_text() == "".join(f"{rank} {n}\n" for n in range(200))
