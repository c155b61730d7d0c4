"""The process of a crowd's sockets: all are opened at once, and each says when its frames came.

::

    python -m benchmarks.crowd_reader PORT PATH TOPIC TOKEN…

It writes one JSON value a line: the seconds until each socket had its first frame; then, for
each line that it reads, when the next frame came to each (CLOCK_MONOTONIC, ns), once it has
come to all. Before that it has been quiet for a while, so that nothing old is counted.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import struct
import sys
import time

QUIET = 0.2
GIVEN_UP = 60.0


class Crowd:
    def __init__(self, size: int) -> None:
        self.size = size
        self.frames: dict[int, int] = {}
        self.everybody = asyncio.Event()
        self.last = 0.0

    def came(self, number: int) -> None:
        self.last = time.monotonic()
        self.frames.setdefault(number, time.monotonic_ns())
        if len(self.frames) == self.size:
            self.everybody.set()

    def begin(self) -> None:
        self.frames.clear()
        self.everybody.clear()

    async def quiet(self) -> None:
        while (since := time.monotonic() - self.last) < QUIET:
            await asyncio.sleep(QUIET - since)

    async def all(self) -> list[int]:
        async with asyncio.timeout(GIVEN_UP):
            await self.everybody.wait()
        return list(self.frames.values())


class Reader(asyncio.Protocol):
    """One socket: the handshake, one subscription, then it only listens."""

    def __init__(self, crowd: Crowd, number: int, request: bytes, subscription: bytes) -> None:
        self._crowd, self._number = crowd, number
        self._request, self._subscription = request, subscription
        self._head: bytes | None = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            self._crowd.came(self._number)
            return
        self._head += data
        if b"\r\n\r\n" in self._head:
            if not self._head.startswith(b"HTTP/1.1 101"):
                raise SystemExit(f"a socket was refused: {self._head!r}")
            self._head = None
            self._transport.write(self._subscription)

    def connection_lost(self, error: Exception | None) -> None:
        if not sys.stdin.closed:
            print(f"socket {self._number} was closed: {error}", file=sys.stderr)


def request(port: int, path: str, token: str) -> bytes:
    lines = [
        *(f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: token {token}"),
        *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def subscription(topic: str) -> bytes:
    payload = json.dumps({"op": "subscribe", "topic": topic}).encode()
    assert len(payload) < 126
    # A mask of zeros leaves the payload as it is; clients must send one.
    return struct.pack("!BB", 0x81, 0x80 | len(payload)) + bytes(4) + payload


async def main(port: int, path: str, topic: str, tokens: list[str]) -> None:
    loop = asyncio.get_running_loop()
    crowd = Crowd(len(tokens))
    wanted = subscription(topic)

    async def opened(number: int, token: str) -> None:
        await loop.create_connection(
            lambda: Reader(crowd, number, request(port, path, token), wanted), "127.0.0.1", port
        )

    begin = time.monotonic_ns()
    await asyncio.gather(*[opened(number, token) for number, token in enumerate(tokens)])
    came = await crowd.all()
    say([(each - begin) / 1e9 for each in came])
    while True:
        await crowd.quiet()
        crowd.begin()
        say("ready")
        if not await asyncio.to_thread(sys.stdin.readline):
            return
        say(await crowd.all())


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
