"""The one WebSocket of a reader: subscriptions that survive a broken connection.

Each topic remembers the cursor after its last frame; after a reconnect, or a gap because we
were slow, it is subscribed again from there. Frames are as protocol.md says; what they mean
is for the readers (:mod:`submarine_ext.client.follow`, the widgets' feed).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Any, Self

import msgspec
import websocket
from msgspec import Struct

from submarine_ext.client.discovery import Server
from submarine_ext.client.problems import from_problem
from submarine_ext.client.transport import API, Transport, credential, unreachable
from submarine_ext.errors import Forbidden, Unavailable

QUIET = 30.0  # seconds without a frame after which we ask whether the server is there
DEAD = 75.0  # seconds without any sign of life after which we connect again
PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between attempts to connect; the last repeats


class Frame(Struct, frozen=True):
    """One frame from the server; ``since`` only in a gap."""

    type: str
    topic: str = ""
    seq: int | None = None
    data: dict[str, Any] = {}
    since: int | None = None


class EventSocket:
    """Frames of the subscribed topics, over as many connections as it takes.

    Not for several threads at once. ``patience`` is how many seconds to go on trying to
    connect before ``Unavailable`` is raised; None: for ever.
    """

    def __init__(self, server: Server, *, patience: float | None = 600.0) -> None:
        self._server, self._patience = server, patience
        self._topics: dict[str, dict[str, Any]] = {}
        self._socket: websocket.WebSocket | None = None
        self._heard = self._asked = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def subscribe(self, topic: str, **options: int) -> None:
        """Ask for a topic: ``since`` a cursor, and ``rank`` and ``attempt`` of a log."""
        self._topics[topic] = options
        if self._socket is not None:
            self._send({"op": "subscribe", "topic": topic, **options})

    def unsubscribe(self, topic: str) -> None:
        """No more frames of a topic."""
        if self._topics.pop(topic, None) is not None and self._socket is not None:
            self._send({"op": "unsubscribe", "topic": topic})

    def frames(self, tick: float = 0.5) -> Iterator[Frame | None]:
        """Frames for ever; None each ``tick`` seconds in which nothing came.

        An ``error`` or ``closed`` frame comes like any other (see :func:`raise_if_refused`).
        Raises ``Unavailable`` when the server stayed away for longer than the patience.
        """
        while True:
            if self._socket is None:
                yield from self._connect(tick)
            yield self._receive(tick)

    def close(self) -> None:
        """End the connection; what was subscribed is kept for the next one."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close(timeout=1)

    def _connect(self, tick: float) -> Iterator[None]:
        """Connect and subscribe to everything again; yields while it waits to try again."""
        start, attempt = time.monotonic(), 0
        while self._socket is None:
            try:
                self._socket = _open(self._server)
            except Unavailable:
                if self._patience is not None and time.monotonic() - start > self._patience:
                    raise
                resume = time.monotonic() + PAUSES[min(attempt, len(PAUSES) - 1)]
                attempt += 1
                while time.monotonic() < resume:
                    time.sleep(min(tick, 0.2))
                    yield None
        self._heard = self._asked = time.monotonic()
        for topic, options in self._topics.items():
            self._send({"op": "subscribe", "topic": topic, **options})

    def _receive(self, tick: float) -> Frame | None:
        assert self._socket is not None
        try:
            self._socket.settimeout(tick)
            opcode, message = self._socket.recv_data_frame(control_frame=True)
        except websocket.WebSocketTimeoutException:
            self._check_life()
            return None
        except (websocket.WebSocketException, OSError):
            self.close()
            return None
        self._heard = time.monotonic()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.close()
        if opcode != websocket.ABNF.OPCODE_TEXT:
            return None
        return self._understand(msgspec.json.decode(message.data, type=Frame))

    def _understand(self, frame: Frame) -> Frame | None:
        options = self._topics.get(frame.topic)
        if options is None and frame.type != "error":
            return None  # of a topic we have left
        if frame.type == "closed":
            del self._topics[frame.topic]
        elif frame.type == "gap":
            self.subscribe(frame.topic, **{**(options or {}), "since": frame.since or 0})
        elif frame.seq is not None and options is not None:
            options["since"] = frame.seq
        return frame

    def _check_life(self) -> None:
        now = time.monotonic()
        if now - self._heard > DEAD:
            self.close()
        elif now - max(self._heard, self._asked) > QUIET and self._socket is not None:
            self._asked = now
            self._guarded(self._socket.ping)

    def _send(self, message: dict[str, Any]) -> None:
        if self._socket is not None:
            self._guarded(self._socket.send, json.dumps(message))

    def _guarded(self, act: Any, *args: Any) -> None:
        """A connection that breaks while we write is noticed and made anew by ``frames``."""
        try:
            act(*args)
        except (websocket.WebSocketException, OSError):
            self.close()


def _open(server: Server) -> websocket.WebSocket:
    url = "ws" + server.url.removeprefix("http") + API + "events" + _ticket(server)
    headers = [f"{name}: {value}" for name, value in credential(server).items()]
    direct: dict[str, Any] = {"http_no_proxy": ["*"]} if server.loopback else {}
    try:
        return websocket.create_connection(
            url, header=headers, timeout=10, suppress_origin=True, **direct
        )
    except websocket.WebSocketBadStatusException as error:
        if error.status_code in (401, 403):
            raise Forbidden(
                f"The server at {server.url} does not accept this credential."
            ) from error
        raise unreachable(server.url, error) from error
    except (websocket.WebSocketException, OSError) as error:
        raise unreachable(server.url, error) from error


def _ticket(server: Server) -> str:
    """Where there is no token to show, a socket opens with a ticket, as a browser's does."""
    if server.token:
        return ""
    with closing(Transport(server)) as transport:
        return f"?ticket={transport.post('tickets', {}).json()['ticket']}"


def raise_if_refused(frame: Frame) -> None:
    """Raise what an ``error`` or ``closed`` frame says; other frames pass."""
    if frame.type == "error":
        raise from_problem(frame.data)
    if frame.type == "closed":
        code = "forbidden" if frame.data.get("code") == 4403 else "not_found"
        raise from_problem({"code": code, "detail": frame.data.get("detail")})
