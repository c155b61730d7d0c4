"""Signal a process only if it is the one that is meant, never another with its pid.

The process is held by a pidfd first and looked at after, so that what is signalled is what
was looked at. Where there are no pidfds (macOS, some containers) the look comes right
before the signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from submarine_ext.engines.local import records


def signal_claimant(claim: dict[str, Any], number: signal.Signals) -> bool:
    """Signal the supervisor that a claim names; False if it is no more."""
    pid, start = claim["pid"], claim["start"]
    same_boot = claim["boot"] == records.boot()
    return signal_if(pid, number, lambda: same_boot and records.running(pid, start))


def signal_if(pid: int, number: signal.Signals, right: Callable[[], bool]) -> bool:
    """Signal the process if it is the right one; False if it is not, or is gone."""
    with contextlib.suppress(ProcessLookupError), _held(pid) as fd:
        if right():
            if fd is None:
                os.kill(pid, number)
            else:
                signal.pidfd_send_signal(fd, number)
            return True
    return False


@contextlib.contextmanager
def _held(pid: int) -> Iterator[int | None]:
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (AttributeError, OSError):  # not on this system, or not allowed here
        yield None
        return
    try:
        yield fd
    finally:
        os.close(fd)
