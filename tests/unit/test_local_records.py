"""The files in an attempt's folder: claimed once, seen whole or not at all, durable."""

import os
import time
from pathlib import Path

import pytest

from submarine_ext.engines.local import records


def careless_claim(folder, content):
    """A mutant: looks before it leaps."""
    if records.read(folder, records.CLAIM) is not None:
        return False
    time.sleep(0.2)
    records.write(folder, records.CLAIM, content)
    return True


def winners(claim, folder, number=8):
    """How many of the processes that try at once get the claim."""
    gate, opened = os.pipe()
    pids = []
    for _ in range(number):
        pid = os.fork()
        if pid == 0:
            os.close(opened)
            os.read(gate, 1)
            os._exit(0 if claim(str(folder), {"pid": os.getpid()}) else 1)
        pids.append(pid)
    os.close(gate)
    os.close(opened)
    return sum(os.waitpid(pid, 0)[1] == 0 for pid in pids)


def test_of_many_processes_one_gets_the_claim(tmp_path):
    assert winners(records.claim, tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["claim"]


def test_a_claim_that_looks_before_it_leaps_is_caught(tmp_path):
    assert winners(careless_claim, tmp_path) > 1


def half_written(folder, name, content):
    """A mutant: writes in place."""
    path = folder / name
    path.write_text("{")
    os.fsync(1)
    path.write_text("{}")


@pytest.mark.parametrize(("write", "whole"), [(records.write, True), (half_written, False)])
def test_a_record_is_seen_whole_or_not_at_all(tmp_path, monkeypatch, write, whole):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "exit.json").exists()))
    write(tmp_path, "exit.json", {"codes": [0]})
    assert (seen[0] is False) == whole


def test_a_record_is_durable_before_it_has_its_name_and_its_name_after(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        os, "fsync", lambda fd: calls.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
    )
    records.write(str(tmp_path), "exit.json", {})
    assert [call.startswith(str(tmp_path / "exit.json.")) for call in calls] == [True, False]
    assert calls[1] == str(tmp_path)


def test_a_broken_record_reads_as_none(tmp_path):
    (tmp_path / "exit.json").write_text('{"codes": [')
    assert records.read(tmp_path, "exit.json") is None


def test_a_process_is_known_by_its_start_and_not_its_pid_alone():
    pid = os.getpid()
    start = records.start_ticks(pid)
    assert records.running(pid, start)
    assert not records.running(pid, start - 1)


def test_a_zombie_is_not_running():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    start = records.start_ticks(pid)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        assert not records.running(pid, start)
    finally:
        os.waitpid(pid, 0)
