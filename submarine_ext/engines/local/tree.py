"""The processes below a supervisor: who they are, what they use, and their end.

On Linux the supervisor is a *subreaper*: whatever a job detaches (double fork, ``setsid``)
becomes the supervisor's own child. Only own children are ever signalled, and only the
supervisor can reap those, so a pid can never have passed to a stranger. Elsewhere the
system has no such thing: ranks are ended with their process groups, and what left its
group escapes.

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if LINUX else None


def become_subreaper() -> None:
    """From now on every orphan below this process becomes its child."""
    if _libc:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Called in a fresh child: the kernel kills it when the parent dies, however it does."""
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def children(pid: int) -> list[int]:
    """Direct children of a process, orphans it inherited included; zombies, too."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except OSError:  # gone, or a kernel without CONFIG_PROC_CHILDREN
        return _children_by_walk(pid)
    return found


def _children_by_walk(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """Everything below a process."""
    found = children(pid)
    for child in found:
        found += children(child)
    return found


def resident(pids: list[int]) -> int:
    """Bytes in memory, pages shared by several counted for each: cheap and never too low."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGESIZE")


def proportional(pids: list[int]) -> int:
    """Bytes in memory that these processes cause: shared pages count once, and pages of
    mapped files, which the kernel may drop, do not count. Slow for large processes.
    """
    return sum(map(_proportional, pids))


def _proportional(pid: int) -> int:
    values: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, rest = line.partition(":")
            values[name] = int(rest.split()[0]) * 1024
    parts = [values[name] for name in ("Pss_Anon", "Pss_Shmem") if name in values]
    return sum(parts) if parts else values.get("Pss", 0)


def signal_children(ranks: set[int], number: int, spare: set[int]) -> set[int]:
    """Signal every living child that is not in ``spare``; answers with who was signalled.

    ``ranks`` are the children known where the system does not tell (not Linux).
    """
    if not LINUX:
        for pid in ranks - spare:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, number)
        return ranks - spare
    targets = set(children(os.getpid())) - spare
    for pid in targets:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return targets
