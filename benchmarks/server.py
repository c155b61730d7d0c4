"""A real Jupyter server in a process of its own, and one kept-alive connection to it."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
#: What the virtual environment enables by itself; off unless a benchmark asks for it.
INSTALLED = ("submarine_ext", "jupyterlab", "jupyter_lsp", "notebook_shim")


class Server:
    """Where a running server is: ``folder`` holds all its state, ``pid`` its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data, self.root = folder / "data", folder / "root"
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.pid = 0
        self.seconds_to_start = 0.0

    @classmethod
    def at(cls, port: int, token: str) -> Server:
        """A server that another process runs."""
        there = cls(Path())
        there.port, there.token = port, token
        return there

    def connect(self) -> Connection:
        """A new connection; one for each client."""
        return Connection(self)

    @property
    def resident_mb(self) -> float:
        """Memory in use by the server's process, in 10⁶ bytes."""
        return resident_bytes(self.pid) / 1e6


class Connection:
    """One kept-alive HTTP connection with the token, without Nagle's delay."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._http.connect()
        self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Say goodbye."""
        self._http.close()

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """The answer's body; an answer of 400 or more raises RuntimeError."""
        self._http.request(method, path, body, {**self._headers(), **headers})
        answer = self._http.getresponse()
        payload = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {payload[:500]!r}")
        return payload

    def json(self, method: str, path: str, body: object = None) -> Any:
        """The same with JSON both ways, below ``/submarine/api``."""
        payload = None if body is None else json.dumps(body).encode()
        return json.loads(self.send(method, f"/submarine/api{path}", payload) or b"null")

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"token {self._server.token}",
            "Content-Type": "application/json",
        }


@contextmanager
def server(
    *extensions: str, data: Path | None = None, token: str | None = None, **traits: object
) -> Iterator[Server]:
    """Run ``jupyter server`` with exactly these extensions until the block ends."""
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        there = Server(Path(name))
        there.data = data or there.data
        there.token = token or there.token
        there.data.mkdir(exist_ok=True)
        there.root.mkdir()
        with (there.folder / "server.log").open("wb") as log:
            begin = time.monotonic()
            process = subprocess.Popen(
                _command(there, extensions, traits),
                env=_environment(there),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                _wait_until_up(there, process)
                there.pid, there.seconds_to_start = process.pid, time.monotonic() - begin
                yield there
            finally:
                end(process)


def _command(there: Server, extensions: tuple[str, ...], traits: Mapping[str, object]) -> list[str]:
    enabled = {**dict.fromkeys(INSTALLED, False), **dict.fromkeys(extensions, True)}
    return [
        *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={there.port}", "--ServerApp.port_retries=0"),
        f"--IdentityProvider.token={there.token}",
        f"--ServerApp.root_dir={there.root}",
        *(f"--ServerApp.jpserver_extensions={name}={on}" for name, on in enabled.items()),
        "--log-level=WARN",
        *(f"--{name.replace('__', '.')}={value}" for name, value in traits.items()),
    ]


def _environment(there: Server) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "JUPYTER_CONFIG_DIR": str(there.folder / "config"),
        "JUPYTER_DATA_DIR": str(there.data),
        "JUPYTER_RUNTIME_DIR": str(there.folder / "runtime"),
        "IPYTHONDIR": str(there.folder / "ipython"),
    }


def _wait_until_up(there: Server, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", there.port), timeout=1).close()
        except OSError:
            time.sleep(0.005)
        else:
            there.connect().send("GET", "/api/status")
            return
    raise RuntimeError((there.folder / "server.log").read_text())


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a process that leads its session, and everything in it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def resident_bytes(pid: int) -> int:
    """A process's resident memory (proc_pid_status(5), VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
