"""The least that a Jupyter server extension can do; loaded as one, beside ours.

``POST /floor/row`` keeps the request in one durable row (WAL, ``synchronous=FULL``) and
answers with the bytes put to ``/floor/bytes``; ``POST /floor/run`` also starts a program,
its output going to a file; ``POST /floor/broadcast`` sends its text to every open
``/floor/socket``. ``GET /floor/pause`` answers for how many ms at a time nobody was answered
at most since it was last asked.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.websocket import WebSocketHandler


class _Floor(JupyterHandler):
    def check_xsrf_cookie(self) -> None:
        """Requests carry the token."""

    @property
    def floor(self) -> Floor:
        found: Floor = self.settings["submarine_floor"]
        return found


class Row(_Floor):
    @web.authenticated
    def post(self) -> None:
        spec = json.loads(self.request.body)
        self.floor.remember(json.dumps(spec))
        self.set_status(201)
        self.finish(self.floor.payload)


class Run(_Floor):
    @web.authenticated
    def post(self) -> None:
        spec = json.loads(self.request.body)
        self.floor.remember(json.dumps(spec))
        self.floor.spawn(spec["command"], Path(spec["output"]))
        self.set_status(201)
        self.finish(self.floor.payload)


class Bytes(_Floor):
    @web.authenticated
    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(self.floor.payload)

    @web.authenticated
    def put(self) -> None:
        self.floor.payload = self.request.body
        self.finish()


class Socket(_Floor, WebSocketHandler):
    async def get(self) -> None:
        if self.current_user is None:
            raise web.HTTPError(403)
        await super().get()

    def open(self) -> None:
        self.floor.sockets.add(self)

    def on_close(self) -> None:
        self.floor.sockets.discard(self)


class Broadcast(_Floor):
    @web.authenticated
    def post(self) -> None:
        text = self.request.body.decode()
        for socket in self.floor.sockets:
            socket.write_message(text)
        self.finish()


class Pause(_Floor):
    @web.authenticated
    def get(self) -> None:
        self.finish(json.dumps(self.floor.clock.longest()))


class Clock:
    """Ticks on the event loop; a late tick says for how long the loop did something else."""

    TICK = 0.002

    def __init__(self) -> None:
        self._late = 0.0
        self._due = time.monotonic()

    def tick(self) -> None:
        self._late = max(self._late, time.monotonic() - self._due)
        self._due = time.monotonic() + self.TICK
        asyncio.get_running_loop().call_later(self.TICK, self.tick)

    def longest(self) -> float:
        """Milliseconds; what goes on right now counts, too."""
        late, self._late = max(self._late, time.monotonic() - self._due), 0.0
        return late * 1000


class Floor:
    """The state of the bare handlers: a database, the bytes they answer with, sockets."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.payload = b"{}"
        self.sockets: set[Socket] = set()
        self.clock = Clock()
        self._database = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE IF NOT EXISTS row (seq INTEGER PRIMARY KEY, spec)")

    def remember(self, spec: str) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("INSERT INTO row (spec) VALUES (?)", (spec,))
        self._database.execute("COMMIT")

    def spawn(self, command: list[str], output: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        files = [(os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o600)]
        os.posix_spawn(command[0], command, {}, file_actions=files, setsid=True)
        os.waitpid(-1, os.WNOHANG)


def _load_jupyter_server_extension(app: ServerApp) -> None:
    settings: dict[str, Any] = app.web_app.settings
    settings["submarine_floor"] = Floor(Path(app.root_dir) / "floor")
    app.io_loop.add_callback(settings["submarine_floor"].clock.tick)
    base = settings["base_url"]
    routes = [
        ("row", Row),
        ("run", Run),
        ("bytes", Bytes),
        ("socket", Socket),
        ("broadcast", Broadcast),
        ("pause", Pause),
    ]
    app.web_app.add_handlers(
        ".*$", [(url_path_join(base, "floor", name), handler) for name, handler in routes]
    )
