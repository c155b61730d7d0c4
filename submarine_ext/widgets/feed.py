"""One thread and one socket for all job widgets of a kernel.

The thread begins with the first widget and ends with the last job: nothing is left behind.
"""

from __future__ import annotations

import threading

from submarine_ext.client.discovery import Server
from submarine_ext.client.socket import EventSocket, Frame
from submarine_ext.errors import SubmarineError, Unavailable
from submarine_ext.widgets.watched import Watched

TICK = 0.15  # seconds


class Feed:
    """Follows jobs of one server; ``add`` may be called from any thread."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._new: list[Watched] = []
        self._watched: list[Watched] = []
        self._thread: threading.Thread | None = None

    def add(self, watched: Watched) -> None:
        """Follow this one, too."""
        with self._lock:
            self._new.append(watched)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="submarine-feed", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        with EventSocket(self._server) as socket:
            frames = socket.frames(TICK)
            while self._something_left(socket):
                try:
                    frame = next(frames)
                except Unavailable as error:
                    self._give_up(error)
                    frames = socket.frames(TICK)
                    continue
                self._step(frame, socket)

    def _something_left(self, socket: EventSocket) -> bool:
        """Take in what is new, drop what is over; False ends the thread."""
        for watched in [w for w in self._watched if w.over]:
            self._watched.remove(watched)
            self._leave(watched, socket)
        with self._lock:
            fresh, self._new = self._new, []
            self._watched += fresh
            if not self._watched:
                self._thread = None
                return False
        for watched in fresh:
            watched.begin(socket)
        return True

    def _step(self, frame: Frame | None, socket: EventSocket) -> None:
        for watched in self._watched:
            try:
                if frame is not None and frame.topic in watched.topics:
                    watched.take(frame, socket)
                watched.tick(socket)
            except Unavailable:
                continue  # the connection will be made anew, and then everything is read again
            except SubmarineError as error:
                watched.give_up(error.detail)

    def _leave(self, watched: Watched, socket: EventSocket) -> None:
        still = {topic for other in self._watched for topic in other.topics}
        for topic in watched.topics:
            if topic not in still:
                socket.unsubscribe(topic)

    def _give_up(self, error: Unavailable) -> None:
        for watched in self._watched:
            watched.give_up(error.detail)
