"""Begin one rank's process, and learn whether the kernel killed for want of memory.

Forked and executed by hand: the log is opened in the child, the parent's death takes the
child along, and what goes wrong before the user's program exists is told apart from what
it does itself.

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
from pathlib import Path
from typing import Any, NoReturn

from submarine_ext.engines.local import pipes, tree

_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_OURS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_OOM_SCORE = b"300"  # short of memory, the kernel should take the job before the server


class CannotStartError(Exception):
    """The process could not become the user's program: at which ``stage``, and ``errno``."""

    def __init__(self, stage: str, number: int) -> None:
        super().__init__(stage, number)
        self.stage = stage
        self.errno = number


class Rank:
    """A process that stands ready, all but the user's program, and becomes it when told.

    Made ahead of time, it takes a fork off the way from a plan to the first instruction.
    """

    def __init__(self) -> None:
        supervisor = os.getpid()
        order, self._order = os.pipe()
        self._failure, failure = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._order)
            _stand_by(supervisor, order, failure)
        os.close(order)
        os.close(failure)

    def begin(self, order: dict[str, Any]) -> None:
        """Become the program: ``argv``, ``env``, ``cwd``, ``log``. Returns once it runs."""
        pipes.pour(self._order, json.dumps(order).encode())
        if told := pipes.drain(self._failure):
            stage, code = told.decode().split()
            raise CannotStartError(stage, int(code))

    def dismiss(self) -> None:
        """Not needed: it ends by itself."""
        os.close(self._order)
        os.close(self._failure)


def _stand_by(supervisor: int, order: int, failure: int) -> NoReturn:
    try:
        os.setpgid(0, 0)  # a job that signals its own group must not reach the supervisor
        tree.die_with_parent(supervisor)
        signal.set_wakeup_fd(-1)
        for number in (*_IGNORED_BY_PYTHON, *_OURS):
            signal.signal(number, signal.SIG_DFL)
        _prefer_for_oom()
        if told := pipes.drain(order):
            _become(json.loads(told), failure)
    finally:
        os._exit(127)


def _become(order: dict[str, Any], failure: int) -> None:
    stage = "log"
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        stage = "workdir"
        os.chdir(order["cwd"])
        stage = "command"
        os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606
    except OSError as error:
        os.write(failure, f"{stage} {error.errno}".encode())
    except ValueError:
        os.write(failure, f"{stage} {errno.EINVAL}".encode())


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
