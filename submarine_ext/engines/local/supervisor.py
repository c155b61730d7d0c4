"""One process a job: begins its ranks, waits, ends the whole tree, writes how it ended.

It is forked from the launcher, leads its own session and outlives the server. It decides
nothing that needs explaining to people: ``exit.json`` says what happened in plain facts,
``endings`` makes sentences of them. It sleeps until a signal or a deadline wakes it.

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from submarine_ext.engines.local import keep, pipes, ranks, records, tree

Report = Callable[[dict[str, Any]], None]

SAMPLE_SECONDS = 0.25  # how often memory is looked at, where a limit was asked for
STOP_GRACE = 10.0  # between SIGTERM and SIGKILL, unless whoever stops says otherwise
LEFTOVER_GRACE = 2.0  # the same for what a job that ended by itself left running
KILL_PATIENCE = 30.0  # a process the kernel will not end (dead NFS) is named, not awaited
WRITE_PATIENCE = 60.0  # a full disk may be cleared; until then the truth is kept here


class Supervisor:
    """The life of one attempt. It is made ahead of time and gets its plan in :meth:`run`."""

    def __init__(self, report: Report, begun: int) -> None:
        self.report = report
        self.begun = begun
        self.plan: dict[str, Any] = {}
        self.folder = ""
        self.codes: dict[int, int | None] = {}
        self.pids: dict[int, int] = {}
        self.facts: dict[str, Any] = {"kind": "exited"}
        self.peak = 0
        self.asked_to_end = False
        self.started = 0.0
        tree.become_subreaper()
        self._listen()
        self.spare = ranks.Rank()
        pid = os.getpid()
        self.identity = {"pid": pid, "start": records.start_ticks(pid), "boot": records.boot()}

    def run(self, plan: dict[str, Any]) -> None:
        """From the claim to the exit record. ``plan`` is what ``plans.plan`` made."""
        self.plan = plan
        self.folder = plan["folder"]
        if not self._claim():
            return
        ooms = 0
        if self._stop_wanted():
            self.spare.dismiss()
        else:
            self._begin()
        with contextlib.suppress(OSError):  # a failing disk will be told of by the exit record
            records.settle(self.folder)
        self.report({"claimed": self.plan["name"], "time": self.started})
        os.close(self.begun)
        if self.started:
            ooms = ranks.oom_kills()
            self._wait()
        self._end_tree()
        self._conclude(ooms)

    def _claim(self) -> bool:
        content = {**self.identity, "time": time.time(), **self.plan["claim"]}
        try:
            mine = records.claim(self.folder, content)
        except OSError as error:
            self.report({"refused": self.plan["name"], "error": error.strerror})
            return False
        if not mine:
            self.report({"taken": self.plan["name"]})
        return mine

    def _listen(self) -> None:
        self._wakes, wake = os.pipe()
        for fd in (self._wakes, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_end)

    def _on_end(self, *_: object) -> None:
        self.asked_to_end = True

    def _sleep(self, seconds: float | None) -> None:
        if select.select([self._wakes], [], [], seconds)[0]:
            os.read(self._wakes, 4096)

    def _stop_wanted(self) -> bool:
        wanted = records.read(self.folder, records.STOP) is not None
        if wanted:
            self.facts["kind"] = "stopped"
        return wanted

    def _begin(self) -> None:
        self.started = time.time()
        try:
            for number, own in enumerate(self.plan["ranks"]):
                rank = ranks.Rank() if number else self.spare
                self.pids[rank.pid] = number
                rank.begin(self._order(own))
        except ranks.CannotStartError as error:
            self.facts |= {"kind": "unstartable", "stage": error.stage, "errno": error.errno}
            self.started = 0.0

    def _order(self, own: dict[str, Any]) -> dict[str, Any]:
        shared = {name: self.plan[name] for name in ("argv", "cwd")}
        return {**shared, "log": own["log"], "env": {**self.plan["env"], **own["env"]}}

    def _wait(self) -> None:
        """Until every rank has ended, or there is a reason to end them."""
        limit = self.plan["timeout"]
        deadline = time.monotonic() + limit if limit else None
        self._reap()
        while self.pids and self.facts["kind"] == "exited":
            self._sleep(self._pause(deadline))
            self._reap()
            self._judge(deadline)

    def _pause(self, deadline: float | None) -> float | None:
        pauses = [SAMPLE_SECONDS] if self.plan["memory"] else []
        if deadline is not None:
            pauses.append(max(0.0, deadline - time.monotonic()))
        return min(pauses, default=None)

    def _judge(self, deadline: float | None) -> None:
        """Find a reason to end what still runs, if there is one."""
        if not self.pids:
            return
        if self.asked_to_end:
            self.facts["kind"] = "stopped" if self._stop_wanted() else "shutdown"
        elif any(self.codes.values()):
            self.facts["kind"] = "rank"
        elif deadline is not None and time.monotonic() >= deadline:
            self.facts["kind"] = "timeout"
        elif self.plan["memory"]:
            self._judge_memory(self.plan["memory"])

    def _judge_memory(self, limit: int) -> None:
        pids = tree.descendants(os.getpid())
        used = tree.resident(pids)
        if used > limit:
            used = tree.proportional(pids)
        self.peak = max(self.peak, used)
        if used > limit:
            self.facts |= {"kind": "memory", "used": used}

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            unit = 1024 if tree.LINUX else 1
            self.peak = max(self.peak, usage.ru_maxrss * unit) if pid in self.pids else self.peak
            if (number := self.pids.pop(pid, None)) is not None:
                code = os.waitstatus_to_exitcode(status)
                self.codes[number] = code
                if code and "rank" not in self.facts and self.facts["kind"] == "exited":
                    self.facts["rank"] = number

    def _left(self) -> bool:
        self._reap()
        return bool(tree.children(os.getpid()) if tree.LINUX else self.pids)

    def _end_tree(self) -> None:
        """SIGTERM to every child, SIGKILL after the grace, until nothing is left."""
        grace = self._grace()
        begun, deadline = time.monotonic(), time.monotonic() + grace
        asked: set[int] = set()
        while self._left():
            now = time.monotonic()
            if now > deadline + KILL_PATIENCE:
                self.facts["survivors"] = tree.descendants(os.getpid())
                return
            if now < deadline:
                asked |= tree.signal_children(set(self.pids), signal.SIGTERM, asked)
                self._sleep(min(0.2, deadline - now))
            else:
                tree.signal_children(set(self.pids), signal.SIGKILL, set())
                self._sleep(0.02)
            if self.asked_to_end:
                deadline = min(deadline, begun + self._grace())

    def _grace(self) -> float:
        if self.facts["kind"] == "memory":
            return 0.0
        stop = records.read(self.folder, records.STOP)
        if stop is not None:
            return float(stop.get("grace", STOP_GRACE))
        return LEFTOVER_GRACE if self.facts["kind"] == "exited" else STOP_GRACE

    def _conclude(self, ooms: int) -> None:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        failed = self.facts.get("rank")
        if failed is not None and self.codes[failed] == -signal.SIGKILL:
            self.facts["oom"] = ranks.oom_kills() > ooms
        kept = keep.outputs(self.plan["work"], self.plan["artifacts"], self.plan["outputs"])
        self._write(
            {
                **self.facts,
                "codes": [self.codes.get(n) for n in range(len(self.plan["ranks"]))],
                "started": self.started or None,
                "finished": time.time(),
                "peak_memory": self.peak,
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "not_kept": kept,
            }
        )

    def _write(self, record: dict[str, Any]) -> None:
        patience = time.monotonic() + WRITE_PATIENCE
        while True:
            try:
                return records.write(self.folder, records.EXIT, record)
            except OSError:
                if time.monotonic() > patience:
                    raise
                self._sleep(1.0)


def supervise(plan: int, report: Report, begun: int) -> None:
    """Run in a process just forked; never returns to what it was forked from.

    Everything that needs no plan is done first; then one is awaited, as JSON up to the
    end of file on the descriptor ``plan``. None comes if the launcher dies. The
    descriptor ``begun`` is closed when the job runs.
    """
    folder = ""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    try:
        supervisor = Supervisor(report, begun)
        if told := json.loads(pipes.drain(plan) or b"{}"):
            folder = told["folder"]
            supervisor.run(told)
    except BaseException:  # noqa: BLE001 - the last frame of this process: told, then over
        if folder:
            _tell(folder)
        os._exit(1)
    os._exit(0)


def _tell(folder: str) -> None:
    import traceback  # heavy, and never needed when all is well

    with Path(folder, "supervisor.log").open("a") as log:
        traceback.print_exception(*sys.exc_info(), file=log)
