"""One job as the feed follows it: which topics, and what their frames do to the view."""

from __future__ import annotations

import time
from collections.abc import Callable

from submarine_ext.client.jobs import Jobs
from submarine_ext.client.mirror import Mirror
from submarine_ext.client.socket import EventSocket, Frame, raise_if_refused
from submarine_ext.errors import Forbidden
from submarine_ext.widgets.view import View

TAIL_BYTES = 4096
POINTS = 300
EVERY = 0.3  # seconds between drawings
FLOOD = 256 * 1024  # characters of log between two drawings that are taken in
LINGER = 5.0  # seconds after the end in which logs and points may still arrive


class Watched:
    """``draw`` is called when the view has changed, at most once in ``EVERY`` seconds."""

    def __init__(self, view: View, jobs: Jobs, draw: Callable[[], object]) -> None:
        self.view = view
        self.over = False
        self._jobs, self._draw = jobs, draw
        job = view.job
        self._mirror = Mirror(job.id, jobs.read)
        self._logs, self._metrics = f"jobs/{job.id}/logs", f"jobs/{job.id}/metrics"
        self.topics = (self._mirror.topic, self._logs, self._metrics)
        self._attempt = 0
        self._withheld = False
        self._awaited: set[str] = set()
        self._ended: float | None = None
        self._drawn, self._changed, self._flood = 0.0, True, 0

    def begin(self, socket: EventSocket) -> None:
        """Ask for the job; its log and metrics follow once its attempt is known."""
        socket.subscribe(self._mirror.topic)

    def take(self, frame: Frame, socket: EventSocket) -> None:
        """Let a frame of one of our topics change the view."""
        self._changed = True
        try:
            raise_if_refused(frame)
        except Forbidden as error:
            if frame.topic != self._logs:
                raise
            self._withhold(error)
            return
        if frame.topic == self._mirror.topic:
            self._take_job(frame, socket)
        elif frame.type == "gap":
            self._skip_to_end(socket)
        elif frame.type == "log" and frame.data["attempt"] == self._attempt:
            self._take_log(frame.data["text"], socket)
        elif frame.type == "points":
            self.view.add_points(frame.data["series"])
        elif frame.type == "complete" and frame.data.get("attempt", self._attempt) == self._attempt:
            self._awaited.discard(frame.topic)

    def tick(self, socket: EventSocket) -> None:
        """Draw if it is time to; end if the job has and everything of it is here."""
        now = time.monotonic()
        if self._changed and now - self._drawn >= EVERY:
            if self._flood > FLOOD:
                self._skip_to_end(socket)
            self._draw()
            self._drawn, self._changed, self._flood = now, False, 0
        if self._ended is not None and (not self._awaited or now - self._ended > LINGER):
            self._finish()

    def give_up(self, sentence: str) -> None:
        """Say why nothing newer comes, and end."""
        self.view.note = sentence
        self.over = True
        self._draw()

    def _take_job(self, frame: Frame, socket: EventSocket) -> None:
        self._mirror.apply(frame)
        if self._mirror.deleted:
            self.give_up("The job was deleted.")
        job = self._mirror.job
        if job is None:
            return
        self.view.job = job
        if job.attempt != self._attempt:
            self._follow(job.attempt, socket)
        if job.state.terminal and self._ended is None:
            self._ended = time.monotonic()

    def _follow(self, attempt: int, socket: EventSocket) -> None:
        """Read what an attempt has left so far, and subscribe to what comes after it."""
        after, seq = self._read_log(attempt), self._read_metrics()
        self._attempt = attempt
        self._awaited = {self._metrics}
        socket.subscribe(self._metrics, since=seq)
        if not self._withheld:
            self._awaited.add(self._logs)
            socket.subscribe(self._logs, since=after, attempt=attempt)

    def _take_log(self, text: str, socket: EventSocket) -> None:
        """A job that prints more than anybody can read is looked at now and then only."""
        self._flood += len(text)
        if self._flood > FLOOD:
            socket.unsubscribe(self._logs)
        self.view.add_log(text)

    def _skip_to_end(self, socket: EventSocket) -> None:
        socket.subscribe(self._logs, since=self._read_log(self._attempt), attempt=self._attempt)

    def _withhold(self, error: Forbidden) -> None:
        """Who may see the job but not its log goes on seeing the job."""
        self._withheld = True
        self._awaited.discard(self._logs)
        self.view.note = error.detail

    def _read_log(self, attempt: int) -> int:
        """The log's end into the view; where to go on after it (0: it is not for us)."""
        if self._withheld:
            return 0
        try:
            return self._read_tail(attempt)
        except Forbidden as error:
            self._withhold(error)
            return 0

    def _read_tail(self, attempt: int) -> int:
        tail, after = self._jobs.log_tail(self.view.job.id, size=TAIL_BYTES, attempt=attempt)
        self.view.set_tail(tail)
        return after

    def _read_metrics(self) -> int:
        metrics = self._jobs.metrics(self.view.job.id, points=POINTS)
        self.view.set_metrics(metrics)
        return metrics.seq

    def _finish(self) -> None:
        self._read_log(self._attempt)
        self._read_metrics()
        self.over = True
        self._draw()
