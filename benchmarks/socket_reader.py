"""A WebSocket client that costs next to nothing: it hands out raw payloads (RFC 6455)."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from collections.abc import Iterator

from benchmarks.server import Server

OPCODE_TEXT, OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG = 1, 8, 9, 10


class SocketReader:
    """An open socket; no compression is offered, frames are unfragmented."""

    def __init__(self, there: Server, path: str = "/submarine/api/events") -> None:
        self._socket = socket.create_connection(("127.0.0.1", there.port))
        self._stream = self._socket.makefile("rb", buffering=1 << 20)
        key = base64.b64encode(os.urandom(16)).decode()
        request = (
            f"GET {path} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{there.port}\r\nAuthorization: token {there.token}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n"
        )
        self._socket.sendall(request.encode())
        status = self._stream.readline()
        if b" 101 " not in status:
            raise RuntimeError(f"the socket was refused: {status!r}")
        while self._stream.readline().strip():
            pass

    @property
    def descriptor(self) -> int:
        return self._socket.fileno()

    def discard(self) -> None:
        """Throw away what has arrived."""
        if not self._socket.recv(1 << 16):
            raise RuntimeError("the socket was closed")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def subscribe(self, topic: str, **fields: object) -> None:
        """Send one subscription."""
        self._send(OPCODE_TEXT, json.dumps({"op": "subscribe", "topic": topic, **fields}).encode())

    def payloads(self) -> Iterator[bytes]:
        """The text of each frame, until the server closes."""
        while header := self._stream.read(2):
            opcode, payload = header[0] & 0x0F, self._stream.read(self._length(header[1]))
            if opcode == OPCODE_CLOSE:
                return
            if opcode == OPCODE_PING:
                self._send(OPCODE_PONG, payload)
            else:
                yield payload

    def _length(self, short: int) -> int:
        if short == 126:
            return int(struct.unpack("!H", self._stream.read(2))[0])
        if short == 127:
            return int(struct.unpack("!Q", self._stream.read(8))[0])
        return short

    def _send(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        # A mask of zeros leaves the payload as it is; clients must send one.
        self._socket.sendall(bytes([0x80 | opcode]) + length + bytes(4) + payload)
