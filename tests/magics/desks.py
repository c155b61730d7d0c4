"""A person's lab in a room, without a browser: a CRDT of its own, and the real protocol."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

import httpx
import websocket

from tests.magics.conftest import REPOSITORY, Running

COLLABORATION = REPOSITORY / ".venv" / "collaboration"  # make .venv/.test puts it there

# For this module only: servers that tests start in this process know nothing of it.
sys.path.append(str(COLLABORATION))
try:
    from jupyter_ydoc import YNotebook, YUnicode
    from pycrdt import (
        Doc,
        create_sync_message,
        create_update_message,
        handle_sync_message,
        write_message,
    )
finally:
    sys.path.remove(str(COLLABORATION))

SYNC, AWARENESS, RAW = 0, 1, 2
SECONDS = 20


def session(server: Running, path: str, who: str, kind: str = "notebook") -> httpx.Response:
    return httpx.put(
        f"{server.url}api/collaboration/session/{path}",
        headers={"Authorization": f"token token-{who}"},
        json={"format": "json" if kind == "notebook" else "text", "type": kind},
        timeout=SECONDS,
    )


def opened(server: Running, room: str, key: str, who: str) -> websocket.WebSocket:
    url = f"{server.url}api/collaboration/room/{room}?sessionId={key}"
    return websocket.create_connection(
        url.replace("http", "ws", 1),
        header=[f"Authorization: token token-{who}"],
        timeout=SECONDS,
    )


class Desk:
    """``until`` reads what comes; what is changed in ``file`` goes out."""

    def __init__(self, server: Running, who: str, path: str, kind: str = "notebook") -> None:
        told = session(server, path, who, kind).raise_for_status().json()
        self.room = f"{told['format']}:{told['type']}:{told['fileId']}"
        self.key = told["sessionId"]
        self.doc = Doc()
        self.file: Any = (YNotebook if kind == "notebook" else YUnicode)(self.doc)
        self.seen: list[dict[str, Any]] = []
        self._saves = 0
        self._applying = False
        self.socket = opened(server, self.room, self.key, who)
        self.doc.observe(self._changed)
        self.send(create_sync_message(self.doc))
        self.until(lambda: self.file.get() and self._answered)

    _answered = False

    def send(self, message: bytes) -> None:
        self.socket.send_binary(message)

    def until(self, happened: Callable[[], Any]) -> None:
        """Take what comes until something is so."""
        while not happened():
            self.take(self.socket.recv())

    def take(self, message: bytes | str) -> None:
        assert isinstance(message, bytes), message
        assert message, "the socket was closed"
        if message[0] == SYNC:
            self._applying = True
            try:
                reply = handle_sync_message(message[1:], self.doc)
            finally:
                self._applying = False
            self._answered = self._answered or message[1] == 1
            if reply is not None:
                self.send(reply)
        elif message[0] == RAW:
            self.seen.append(json.loads(message[message.index(b"{") :]))
        else:
            self.seen += states_in(message)

    def type(self, text: str, cell: int = 0) -> None:
        source = self.file.ycells[cell]["source"]
        source += text

    def source(self, cell: int = 0) -> str:
        return str(self.file.ycells[cell]["source"])

    def save(self) -> str:
        """The lab's Save: success or failed."""
        self._saves += 1
        self.send(bytes([RAW, 4]) + b"save" + bytes([self._saves]))
        self.until(lambda: any(each.get("responseTo") == self._saves for each in self.seen))
        return next(e["status"] for e in self.seen if e.get("responseTo") == self._saves)

    def asked(self) -> bool:
        """Ask the server something: it has heard all that was sent before."""
        self._answered = False
        self.send(create_sync_message(self.doc))
        self.until(lambda: self._answered)
        return True

    def answers(self) -> bool:
        """Answer one thing that the server asked."""
        self.take(self.socket.recv())
        return True

    def as_answer(self) -> bytes:
        """All that this desk knows, as it would answer a question of the server."""
        update = self.doc.get_update()
        return write_message(update)

    def ended(self) -> int:
        """The code with which the server closes the socket."""
        while True:
            code, data = self.socket.recv_data()
            if code == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")

    def close(self) -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            self.socket.close()
        self.socket.shutdown()

    def _changed(self, event: Any) -> None:
        if not self._applying:
            self.send(create_update_message(event.update))


def states_in(message: bytes) -> list[dict[str, Any]]:
    """The states in an awareness message of a few short ones."""
    found = []
    text, at = message.decode("latin-1"), 0
    while (at := text.find('{"', at)) >= 0:
        state, length = json.JSONDecoder().raw_decode(text[at:])
        found.append(state)
        at += length
    return found


def presence(client: int, clock: int, state: dict[str, Any]) -> bytes:
    """An awareness message of one short state."""
    told = json.dumps(state).encode()
    body = bytes([1, client, clock]) + write_message(told)
    return bytes([AWARENESS]) + write_message(body)
