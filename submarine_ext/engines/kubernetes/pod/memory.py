"""What the container used: what its control group knows of memory, and processor time.

Both versions of control groups; nothing is known where neither can be read. Standard
library only, Python 3.8: this runs in pods.
"""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_V2, _V1 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")


def oom_kills(v2: Path = _V2, v1: Path = _V1) -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for path in (v2 / "memory.events", v1 / "memory.oom_control"):
        with contextlib.suppress(OSError, ValueError):
            for line in path.read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0


def peak(v2: Path = _V2, v1: Path = _V1) -> int:
    """The most bytes that this container had; where the group does not tell, a process's."""
    for path in (v2 / "memory.peak", v1 / "memory.max_usage_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            return int(path.read_text())
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def cpu_seconds() -> float:
    """Processor time of everything that ran here and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(used.ru_utime + used.ru_stime, 2)
