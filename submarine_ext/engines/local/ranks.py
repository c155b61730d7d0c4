"""Begin one rank's process, and learn whether the kernel killed for want of memory.

Forked and executed by hand: the log is opened in the child, the parent's death takes the
child along, and what goes wrong before the user's program exists is told apart from what
it does itself.

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from pathlib import Path
from typing import Any, NoReturn

from submarine_ext.engines.local import tree

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_OURS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_OOM_SCORE = b"300"  # short of memory, the kernel should take the job before the server


class CannotStartError(Exception):
    """The process could not become the user's program: at which ``stage``, and ``errno``."""

    def __init__(self, stage: str, number: int) -> None:
        super().__init__(stage, number)
        self.stage = stage
        self.errno = number


def spawn(plan: dict[str, Any], number: int) -> int:
    """Start a rank; answers with its pid once the user's program runs."""
    read, write = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(plan, plan["ranks"][number], parent, write)
    os.close(write)
    with os.fdopen(read, "rb") as failure:
        told = failure.read().decode()
    if told:
        os.waitpid(pid, 0)
        stage, code = told.split()
        raise CannotStartError(stage, int(code))
    return pid


def _become(plan: dict[str, Any], rank: dict[str, Any], parent: int, failure: int) -> NoReturn:
    stage = "log"
    try:
        os.setpgid(0, 0)  # a job that signals its own group must not reach the supervisor
        tree.die_with_parent(parent)
        signal.set_wakeup_fd(-1)
        for number in (*_IGNORED_BY_PYTHON, *_OURS):
            signal.signal(number, signal.SIG_DFL)
        _prefer_for_oom()
        log = os.open(rank["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        stage = "workdir"
        os.chdir(plan["cwd"])
        stage = "command"
        os.execvpe(plan["argv"][0], plan["argv"], {**plan["env"], **rank["env"]})  # noqa: S606
    except OSError as error:
        os.write(failure, f"{stage} {error.errno}".encode())
    except ValueError:
        os.write(failure, f"{stage} {errno.EINVAL}".encode())
    finally:
        os._exit(127)


def _prefer_for_oom() -> None:
    with contextlib.suppress(OSError):
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        os.write(fd, _OOM_SCORE)
        os.close(fd)


def oom_kills() -> int:
    """How often the kernel has killed for want of memory: in our cgroup, or on the machine."""
    for path in (_cgroup_events(), Path("/proc/vmstat")):
        with contextlib.suppress(OSError, AttributeError):
            for line in path.read_text().splitlines():  # type: ignore[union-attr]
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    return 0


def _cgroup_events() -> Path | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                return Path("/sys/fs/cgroup", line[4:], "memory.events")
    return None
