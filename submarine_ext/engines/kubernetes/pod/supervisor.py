"""The first process of a pod: begins the node's ranks, ends them, tells how it was.

It takes the files out of the bundle, passes output on, keeps time, forwards SIGTERM and
leaves its grace, ends what ranks leave behind, sends files, and writes the termination
report. It prints nothing but what ranks print, and records. What an end means to people is
said by the server; here only what nobody else can know (which file was meant).

Standard library only, Python 3.8: this runs in pods.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any

from submarine_ext import ranks as frameworks
from submarine_ext.domain.endings import last_error
from submarine_ext.engines.kubernetes.pod import files, memory, program, stream
from submarine_ext.engines.local import nearest, ranks, tree

REPORT_LIMIT = 4096  # bytes that Kubernetes keeps of a termination message
UNSTARTABLE, UNPREPARED, TIMEOUT = 64, 75, 124  # exit codes: no retry helps; one may; too long
LEFTOVER_GRACE = 2.0  # for what ranks that ended by themselves left running
FAILURE_GRACE = 10.0  # for ranks that go on when another has failed, or over their time
KILL_PATIENCE = 5.0  # for processes that the kernel does not end at once


class UnstartableError(Exception):
    """It cannot run, whatever is done; the text is for people."""


def run(plan: str) -> int:
    """Run what the plan (a path) says; answers with the container's exit code."""
    return Supervisor(json.loads(Path(plan).read_text(encoding="utf-8"))).run()


class Supervisor:
    """The life of one pod. Facts gather in ``report`` until they are written."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.folders = program.Folders(Path(os.environ.get("SUBMARINE_WORKSPACE", "/workspace")))
        node = program.node_rank(os.environ)
        self.numbers = [node * plan["processes"] + local for local in range(plan["processes"])]
        self.pids: dict[int, int] = {}
        self.codes: dict[int, int] = {}
        self.report: dict[str, Any] = {"kind": "exited"}
        self.asked_to_end: float | None = None  # when, by the monotonic clock
        self.ooms = memory.oom_kills()
        tree.become_subreaper()
        self._listen()
        self.stream = stream.Stream(self.folders.fifos, self.numbers)
        self.keeper = files.Keeper(plan, node)

    def run(self) -> int:
        """From the bundle to the report."""
        try:
            self._prepare()
            if self.asked_to_end is None:
                self._begin()
            else:
                self.report["kind"] = "stopped"
        except UnstartableError as error:
            self.report.update(kind="unstartable", error=str(error))
        except (files.NotPreparedError, OSError) as error:
            self.report.update(kind="unprepared", error=str(error))
        self.stream.begin()
        if self.report["kind"] == "exited":
            self._wait()
        self._end_tree()
        self.stream.finish(KILL_PATIENCE)
        self._conclude()
        return self._exit_code()

    def _listen(self) -> None:
        self._wakes, wake = os.pipe()
        for fd in (self._wakes, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Ignored by what a shell begins in the background, and so by its children.
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_end)

    def _on_end(self, *_: object) -> None:
        if self.asked_to_end is None:
            self.asked_to_end = time.monotonic()

    def _sleep(self, seconds: float | None) -> None:
        if select.select([self._wakes], [], [], seconds and max(0.0, seconds))[0]:
            os.read(self._wakes, 4096)

    # Before it runs

    def _prepare(self) -> None:
        root = Path(os.environ.get("SUBMARINE_ROOT", "/submarine"))
        files.unpack(root / "bundle", self.folders.work, self.plan)
        for folder in (self.folders.artifacts, self.folders.home):
            folder.mkdir(parents=True, exist_ok=True)
        file = self.plan.get("script") or self.plan.get("notebook")
        if file is not None and not (self.folders.work / file).is_file():
            raise UnstartableError(nearest.no_file(file, self.folders.work))

    def _begin(self) -> None:
        plan = self.plan
        env = program.environment(plan, self.folders, os.environ)
        os.environ["PATH"] = env["PATH"]  # where a command's nearest name is looked for
        order = {
            "argv": program.argv(plan, self.folders),
            "cwd": str(self.folders.work / (plan["workdir"] or "")),
        }
        places = program.addresses(plan, os.environ)
        shape = frameworks.Shape(plan["framework"], plan["nodes"], plan["processes"], places)
        self.begun, started = time.monotonic(), time.time()
        for number in self.numbers:
            log = str(self.stream.paths[number])
            own = {"SUBMARINE_STREAM": log, **frameworks.environment(shape, number)}
            self._begin_rank(number, {**order, "log": log, "env": {**env, **own}})
        self.report["started"] = started

    def _begin_rank(self, number: int, order: dict[str, Any]) -> None:
        rank = ranks.Rank()
        self.pids[rank.pid] = number
        try:
            rank.begin(order)
        except ranks.CannotStartError as error:
            workdir = self.plan["workdir"]
            command = order["argv"][0]
            said = nearest.not_started(
                error.stage, error.errno, command, self.folders.work, workdir
            )
            raise UnstartableError(said) from error

    # While it runs

    def _wait(self) -> None:
        """Until every rank has ended, or there is a reason to end them."""
        limit = self.plan["timeout"]
        deadline = self.begun + limit if limit else None
        self._reap()
        while self.pids:
            if self.asked_to_end is not None:
                self.report["kind"] = "stopped"
            elif deadline is not None and time.monotonic() >= deadline:
                self.report["kind"] = "timeout"
            if self.report["kind"] != "exited" or "rank" in self.report:
                return
            self._sleep(None if deadline is None else deadline - time.monotonic())
            self._reap()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                number = self.pids.pop(pid, None)
                code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
                if number is not None:
                    self.codes[number] = code
                if number is not None and code and self.report["kind"] == "exited":
                    self.report.setdefault("rank", number)
                    self.report.setdefault("code", code)

    # The end

    def _end_tree(self) -> None:
        """SIGTERM to every child, SIGKILL after the grace, until nothing is left."""
        deadline = time.monotonic() + (FAILURE_GRACE if self.pids else LEFTOVER_GRACE)
        asked: set[int] = set()
        while self._left():
            now, deadline = time.monotonic(), self._until(deadline)
            if now < deadline:
                asked |= tree.signal_children(set(self.pids), signal.SIGTERM, asked)
                self._sleep(min(0.2, deadline - now))
            elif now < deadline + KILL_PATIENCE:
                tree.signal_children(set(self.pids), signal.SIGKILL, set())
                self._sleep(0.02)
            else:
                return

    def _until(self, deadline: float) -> float:
        """When the pod itself is asked to end, all must be over a little before its grace."""
        if self.asked_to_end is None:
            return deadline
        grace: float = self.plan["grace"]
        spare = min(5.0, grace / 3)  # seconds to send files and the report
        until = self.asked_to_end + grace - spare
        return until if self.report["kind"] == "stopped" else min(deadline, until)

    def _left(self) -> bool:
        self._reap()
        return bool(tree.children(os.getpid()) if tree.LINUX else self.pids)

    def _conclude(self) -> None:
        self.report["finished"] = time.time()
        if "started" in self.report:
            found = self.keeper.find(self.folders.work, self.folders.artifacts)
            self.keeper.send(self.stream, found, self.folders.root / ".submarine.tar.gz")
            self.stream.write(stream.record("end", notes=self.keeper.notes))
            self.report.update(
                code=self.report.get("code", self.codes.get(self.numbers[0])),
                oom=memory.oom_kills() > self.ooms,
                used=memory.peak(),
                cpu=memory.cpu_seconds(),
                notes=self.keeper.notes,
            )
        if "rank" in self.report:
            self.report["error"] = last_error(self.stream.tail(self.report["rank"]))
        self._write_report()

    def _write_report(self) -> None:
        while len(text := json.dumps(self.report)) > REPORT_LIMIT and self.report["notes"]:
            self.report["notes"].pop()
        path = os.environ.get("TERMINATION_LOG", "/dev/termination-log")
        with contextlib.suppress(OSError):  # the exit code says the most important of it
            Path(path).write_text(text, encoding="utf-8")

    def _exit_code(self) -> int:
        others = {
            "unstartable": UNSTARTABLE,
            "unprepared": UNPREPARED,
            "timeout": TIMEOUT,
            "stopped": 128 + signal.SIGTERM,
        }
        code: int = others.get(self.report["kind"], self.report.get("code", 0))
        return code if code >= 0 else 128 - code
