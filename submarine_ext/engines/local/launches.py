"""The server's end of the launcher: starts it, starts it again when it dies, sends plans.

It knows nothing of tasks: plans go out, facts come back through one callback. A launcher
that died tells nothing more; ``restarted`` is called so that the engine looks for itself
which plans were begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from submarine_ext.engines.local import records
from submarine_ext.engines.local.watch import Watch

_ROOT = Path(__file__).parents[3]
_START = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from submarine_ext.engines.local.launcher import main; main()"
)
_BACKOFF = (0.05, 0.1, 0.5, 2.0, 5.0)

Fact = dict[str, Any]


class Launches:
    """One launcher process at a time, for as long as the server lives."""

    def __init__(
        self,
        root: Path,
        watch: Watch,
        told: Callable[[Fact], None],
        restarted: Callable[[], None],
    ) -> None:
        self._root = root
        self._watch = watch
        self._told = told
        self._restarted = restarted
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._inbox = bytearray()
        self._outbox = bytearray()
        self._deaths = 0
        self._again: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The launcher's, None while there is none."""
        return self._process.pid if self._process else None

    def begin(self) -> None:
        """Start the launcher; does not wait for it."""
        self._root.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-ISc", _START, str(_ROOT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd=self._root,  # it and its supervisors keep no other folder busy
                env={"LANG": "C.UTF-8"},
            )
        ours.settimeout(0)
        self._socket = ours
        self._loop.add_reader(ours, self._receive)
        self._watch.add(self._process.pid, records.start_ticks(self._process.pid), self._died)

    def send(self, plan: Fact) -> None:
        """Hand a plan over; kept here while the launcher is busy or on its way."""
        self._outbox += f"{plan['name']} {json.dumps(plan)}\n".encode()
        self._flush()

    def _flush(self) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._outbox:
                del self._outbox[: self._socket.send(self._outbox)]
        if self._outbox:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)

    def _receive(self) -> None:
        assert self._socket is not None
        data = b""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data = self._socket.recv(65536)
        if not data:
            self._loop.remove_reader(self._socket)  # the watch tells of the death itself
            return
        *lines, rest = (bytes(self._inbox) + data).split(b"\n")
        self._inbox = bytearray(rest)
        for line in lines:
            self._told(json.loads(line))

    def _died(self) -> None:
        if self._process is None:
            return
        self._drop()
        pause = _BACKOFF[min(self._deaths, len(_BACKOFF) - 1)]
        self._deaths += 1
        self._again = self._loop.call_later(pause, self._revive)

    def _revive(self) -> None:
        self.begin()
        self._restarted()

    def _drop(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        self._socket = None
        self._inbox.clear()
        self._outbox.clear()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self._process = None

    def close(self) -> None:
        """Let the launcher go: it ends at once, its supervisors go on."""
        if self._again:
            self._again.cancel()
        self._drop()
