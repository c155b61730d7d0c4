"""End what a killed supervisor left behind: processes that carry an attempt's name.

A living supervisor needs none of this. When it was killed, its ranks die with it (the
kernel sees to that), its orphans go to the launcher (which ends them); what remains is
found by ``SUBMARINE_JOB`` and ``SUBMARINE_ATTEMPT`` in ``/proc/PID/environ``, readable for
our own user only. Without ``/proc`` nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from functools import partial
from pathlib import Path

from submarine_ext.engines.local import strangers

PATIENCE = 10.0


def end_all(job: str, attempt: int) -> list[int]:
    """SIGKILL every process of the attempt until none is left; blocking, up to 10 s.

    Answers with the pids that would not go (uninterruptible input or output).
    """
    marks = {f"SUBMARINE_JOB={job}".encode(), f"SUBMARINE_ATTEMPT={attempt}".encode()}
    until = time.monotonic() + PATIENCE
    while (found := _carrying(marks)) and time.monotonic() < until:
        for pid in found:
            strangers.signal_if(pid, signal.SIGKILL, partial(_carries, pid, marks))
        time.sleep(0.01)
    return found


def _carrying(marks: set[bytes]) -> list[int]:
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return [pid for pid in pids if pid != os.getpid() and _carries(pid, marks)]


def _carries(pid: int, marks: set[bytes]) -> bool:
    with contextlib.suppress(OSError):
        return marks <= set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    return False
