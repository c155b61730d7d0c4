"""The small process that forks supervisors, so that no job waits for a fresh interpreter.

Started once a server, connected by a socket pair: one JSON line in per plan, one JSON line
out per fact. When the server dies the socket ends and so does the launcher; supervisors
live on. It is a subreaper: what a killed supervisor leaves lands here and is ended.

Standard library only: started without site-packages (``launches.py``).
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any

from submarine_ext.engines.local import pipes, tree
from submarine_ext.engines.local.supervisor import supervise


class Launcher:
    """Reads plans until the server goes away."""

    def __init__(self, server: socket.socket) -> None:
        self.server = server
        self.names: dict[int, str] = {}
        self.gone: list[str] = []
        self.buffer = bytearray()
        self.wakes, wake = os.pipe()
        for fd in (self.wakes, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.spare = 0
        self.order = -1
        self.begun: int | None = None
        self.fork()

    def run(self) -> None:
        """Until end of file."""
        while True:
            beginning = [self.begun] if self.begun is not None and not self.spare else []
            ready = select.select([self.server.fileno(), self.wakes, *beginning], [], [])[0]
            if self.begun in ready:
                self.fork()
            if self.wakes in ready:
                os.read(self.wakes, 4096)
                self.reap()
            if self.server.fileno() in ready and not self.receive():
                return

    def receive(self) -> bool:
        """Take what has come; False when the server is gone."""
        try:
            data = self.server.recv(1 << 18)
        except ConnectionError:  # it went with facts of ours unread
            return False
        self.buffer += data
        *lines, rest = self.buffer.split(b"\n") if b"\n" in data else [self.buffer]
        self.buffer = bytearray(rest)
        for line in lines:
            self.launch(bytes(line))
        return bool(data)

    def launch(self, line: bytes) -> None:
        """Give a plan, which follows its task's name, to the spare supervisor."""
        name, _, plan = line.partition(b" ")
        if not self.spare:
            self.fork()
        self.names[self.spare] = name.decode()
        pipes.pour(self.order, plan)
        self.spare = 0

    def fork(self) -> None:
        """Make a supervisor that stands ready for the next plan.

        It closes ``begun`` when its job runs: time to make another, and not before, since
        the job goes first.
        """
        if self.begun is not None:
            os.close(self.begun)
        order, self.order = os.pipe()
        self.begun, begun = os.pipe()
        self.spare = os.fork()
        if self.spare == 0:
            for fd in (self.wakes, self.order, self.begun):
                os.close(fd)
            supervise(order, self.report, begun)
        os.close(order)
        os.close(begun)

    def report(self, fact: dict[str, Any]) -> None:
        """One line to the server; nobody minds if it is gone."""
        with contextlib.suppress(OSError):
            self.server.sendall(json.dumps(fact).encode() + b"\n")

    def reap(self) -> None:
        """End what a killed supervisor left behind, then tell who is gone."""
        while pid := _ended():
            if name := self.names.pop(pid, None):
                self.gone.append(name)
            elif pid == self.spare:
                os.close(self.order)
                self.spare = 0
        if not tree.signal_children(set(), signal.SIGKILL, {self.spare, *self.names}):
            for name in self.gone:
                self.report({"gone": name})
            self.gone.clear()


def _ended() -> int:
    """The pid of a child that has ended, 0 where there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def main() -> None:
    """Entry point: the socket is file descriptor ``sys.argv[1]``."""
    tree.become_subreaper()
    gc.collect()
    gc.freeze()  # a collection would touch, and so copy, every page in every supervisor
    Launcher(socket.socket(fileno=int(sys.argv[1]))).run()
