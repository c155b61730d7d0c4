"""A process's end is learnt once, with pidfds and without; strangers are never signalled."""

import asyncio
import contextlib
import os
import signal
import subprocess

import pytest

from submarine_ext.engines.local import records, strangers, watch
from submarine_ext.testing.session import scenario


@pytest.fixture(params=["with pidfds", "without pidfds"])
def pidfds(request, monkeypatch):
    def refused(_):
        raise PermissionError("as in a container that forbids it")

    if request.param == "without pidfds":
        monkeypatch.setattr(os, "pidfd_open", refused)


@contextlib.contextmanager
def process():
    running = subprocess.Popen(["sleep", "3600"])
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextlib.asynccontextmanager
async def watching(pidfds):
    opened = watch.Watch(asyncio.get_running_loop(), pidfds=pidfds)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("pidfds", [True, False])
@scenario
async def test_the_end_of_a_process_is_told_once(pidfds, monkeypatch):
    monkeypatch.setattr(watch, "FALLBACK_SECONDS", 0.01)
    calls, ended = [], asyncio.Event()

    def over():
        calls.append(1)
        ended.set()

    with process() as running:
        async with watching(pidfds) as watched:
            watched.add(running.pid, records.start_ticks(running.pid), over)
            await asyncio.sleep(0)
            assert not calls
            running.kill()
            await asyncio.wait_for(ended.wait(), 10)
            await asyncio.sleep(0.05)
    assert calls == [1]


@pytest.mark.parametrize("pidfds", [True, False])
@scenario
async def test_a_pid_that_passed_to_another_is_an_end(pidfds):
    ended = asyncio.Event()
    with process() as running:
        async with watching(pidfds) as watched:
            watched.add(running.pid, records.start_ticks(running.pid) - 1, ended.set)
            await asyncio.wait_for(ended.wait(), 10)


def claim(pid, **changes):
    return {"pid": pid, "start": records.start_ticks(pid), "boot": records.boot()} | changes


@pytest.mark.usefixtures("pidfds")
def test_the_process_of_a_claim_is_signalled():
    with process() as running:
        assert strangers.signal_claimant(claim(running.pid), signal.SIGTERM)
        assert running.wait(10) == -signal.SIGTERM


@pytest.mark.usefixtures("pidfds")
@pytest.mark.parametrize("changes", [{"start": 1}, {"boot": "another"}])
def test_a_stranger_with_the_claims_pid_is_not(changes):
    with process() as running:
        assert not strangers.signal_claimant(claim(running.pid, **changes), signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.2)


@pytest.mark.usefixtures("pidfds")
def test_a_process_that_is_gone_is_no_error():
    with process() as running:
        old = claim(running.pid)
    assert not strangers.signal_claimant(old, signal.SIGTERM)
