"""The least that holds sockets: a bare tornado server, the floor of :mod:`benchmarks.sockets`.

Whatever a socket sends is answered with ``subscribed``; ``POST /broadcast`` sends its body to
every socket.
"""

from __future__ import annotations

import asyncio
import sys

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

SOCKETS: set[Socket] = set()


class Socket(WebSocketHandler):
    def open(self) -> None:
        SOCKETS.add(self)

    def on_message(self, message: str | bytes) -> None:
        self.write_message('{"type":"subscribed"}')

    def on_close(self) -> None:
        SOCKETS.discard(self)


class Broadcast(RequestHandler):
    def post(self) -> None:
        for socket in SOCKETS:
            socket.write_message(self.request.body)


async def serve(port: int) -> None:
    Application([("/socket", Socket), ("/broadcast", Broadcast)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
