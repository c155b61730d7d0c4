"""An object store that presigns: an fsspec file system over a folder, and its HTTP server.

A URL is good for one object, one method and until it expires, as with the real ones.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import fsspec
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

KEY = b"the store's own key"


class Store(DirFileSystem):
    """``signing://bucket/…`` in a folder; ``endpoint`` is where its server listens."""

    protocol = "signing"
    cachable = False

    def __init__(self, folder: str, endpoint: str, **options: Any) -> None:
        super().__init__(path=folder, fs=LocalFileSystem(auto_mkdir=True), **options)
        self.endpoint = endpoint

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("signing://")

    def sign(self, path: str, expiration: int = 100, method: str = "GET", **_: Any) -> str:
        path = f"/{self._strip_protocol(path)}"
        until = str(int(time.time()) + expiration)
        query = urlencode({"until": until, "sign": signature(method, path, until)})
        return f"{self.endpoint}{quote(path)}?{query}"


def signature(method: str, path: str, until: str) -> str:
    return hmac.new(KEY, f"{method} {path} {until}".encode(), hashlib.sha256).hexdigest()


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if (path := self._allowed()) is None:
            return
        self.send_response(200)
        body = path.read_bytes()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if (path := self._allowed()) is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self.send_response(200)
        self.end_headers()

    def _allowed(self) -> Path | None:
        place = urlsplit(self.path)
        path, query = unquote(place.path), parse_qs(place.query)
        until, given = query.get("until", [""])[0], query.get("sign", [""])[0]
        if given == signature(self.command, path, until) and int(until) > time.time():
            return Path(self.server.folder, path.lstrip("/"))  # type: ignore[attr-defined]
        self.send_error(403)
        return None

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def store(folder: Path) -> Iterator[dict[str, Any]]:
    """Runs the server; yields the options of the file system."""
    fsspec.register_implementation("signing", Store, clobber=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.folder = folder  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield {"folder": str(folder), "endpoint": f"http://127.0.0.1:{server.server_port}"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
