"""One container as local processes: the command is run, watched, and ended with all it began.

Instead of a PID namespace: a session of its own and a mark in the environment, by which
what the command started is found and killed when its first process ends. Knows nothing of
pods; the kubelet is told of output and of the end. Blocking calls here are short.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

MARK = "FAKE_CONTAINER"
#: Seconds between two looks at the memory of a container that has a limit.
LOOK = 0.05
#: A pipe that something we cannot see still holds is given up after so many seconds.
GIVE_UP = 2.0


class Unstartable(Exception):
    """The program is not there or may not be run; the text is the container runtime's."""


@dataclass(frozen=True)
class Command:
    """What is run. ``memory`` in bytes; ``whole`` kills all of it, not its largest process."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    memory: int | None = None
    whole: bool = True


@dataclass(frozen=True)
class Exit:
    """``code`` as a shell counts it: 128 + n after signal n. ``oom``: the node killed it."""

    code: int
    oom: bool


class Container:
    """A running command. ``ended`` is set when all of it is gone and its output is read."""

    def __init__(self, command: Command, output: Callable[[str, bytes], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._command, self._output = command, output
        self._mark = uuid4().hex
        self._open: set[int] = set()
        self._drained = asyncio.Event()
        self._oom = False
        self.ended: asyncio.Future[Exit] = self._loop.create_future()
        self._process = self._start()
        self._handle = os.pidfd_open(self._process.pid)
        self._loop.add_reader(self._handle, self._first_process_ended)
        self._watch: asyncio.TimerHandle | None = None
        self._finishing: asyncio.Task[None] | None = None
        if command.memory is not None:
            self._look()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> subprocess.Popen[bytes]:
        pipes = {name: os.pipe() for name in ("stdout", "stderr")}
        try:
            process = subprocess.Popen(
                self._command.argv,
                stdin=subprocess.DEVNULL,
                stdout=pipes["stdout"][1],
                stderr=pipes["stderr"][1],
                env={**self._command.environment, MARK: self._mark},
                cwd=self._command.folder,
                start_new_session=True,
            )
        except OSError as error:
            for reader, _ in pipes.values():
                os.close(reader)
            raise Unstartable(_refusal(self._command.argv[0], error)) from error
        finally:
            for _, writer in pipes.values():
                os.close(writer)
        for name, (reader, _) in pipes.items():
            self._listen(name, reader)
        return process

    def _listen(self, stream: str, pipe: int) -> None:
        os.set_blocking(pipe, False)
        self._open.add(pipe)
        self._loop.add_reader(pipe, self._read, stream, pipe)

    def _read(self, stream: str, pipe: int) -> None:
        try:
            data = os.read(pipe, 1 << 18)
        except BlockingIOError:
            return
        if data:
            self._output(stream, data)
        else:
            self._hang_up(pipe)

    def _hang_up(self, pipe: int) -> None:
        self._loop.remove_reader(pipe)
        os.close(pipe)
        self._open.discard(pipe)
        if not self._open:
            self._drained.set()

    def signal(self, number: int) -> None:
        """Signal the first process; as PID 1 it feels only what it catches, and SIGKILL."""
        if number == signal.SIGKILL or _catches(self.pid, number):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _first_process_ended(self) -> None:
        self._loop.remove_reader(self._handle)
        os.close(self._handle)
        if self._watch is not None:
            self._watch.cancel()
        self._finishing = self._loop.create_task(self._finish())

    async def _finish(self) -> None:
        code = self._process.wait()
        kill_all(self._mark, self.pid)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), GIVE_UP)
        for pipe in list(self._open):
            self._hang_up(pipe)
        self.ended.set_result(Exit(code if code >= 0 else 128 - code, self._oom))

    def _look(self) -> None:
        self._watch = self._loop.call_later(LOOK, self._look)
        members = _tree(self.pid)
        limit = self._command.memory or 0
        if sum(_resident(pid) for pid in members) <= limit:
            return
        if sum(_proportional(pid) for pid in members) > limit:
            self._out_of_memory(members)

    def _out_of_memory(self, members: list[int]) -> None:
        if not self._command.whole:
            members = [max(members, key=_resident)]
        self._oom = self._oom or self.pid in members
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill_all(mark: str, session: int) -> None:
    """Kill the rest of a container, until a look finds nothing more."""
    while members := [pid for pid in _processes() if _belongs(pid, mark, session)]:
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _belongs(pid: int, mark: str, session: int) -> bool:
    """Whether the process lives, and is of the container. A zombie has ended."""
    try:
        state, _, _, found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
        if state in {"Z", "X"}:
            return False
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it ended meanwhile, or is somebody else's
        return False
    return int(found) == session or f"{MARK}={mark}".encode() in environment.split(b"\0")


def _catches(pid: int, number: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def _tree(pid: int) -> list[int]:
    """The process and its descendants, the nearest first."""
    found = [pid]
    for member in found:
        with contextlib.suppress(OSError):
            for children in Path(f"/proc/{member}/task").glob("*/children"):
                found += [int(child) for child in children.read_text().split()]
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _proportional(pid: int) -> int:
    """What the process uses when shared pages are counted once, as a cgroup counts them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _refusal(program: str, error: OSError) -> str:
    why = "permission denied"
    if isinstance(error, FileNotFoundError):
        named = "/" in program
        why = "no such file or directory" if named else "executable file not found in $PATH"
    return (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed:"
        " runc create failed: unable to start container process:"
        f' exec: "{program}": {"stat " + program + ": " if "/" in program else ""}{why}'
    )
