"""A real Jupyter server in a process of its own, kernels of it, and a wire that can break."""

import contextlib
import hashlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from submarine_ext.client import Client

REPOSITORY = Path(__file__).parents[2]
#: Fast enough to be run often; each prints, logs and ends as it is told.
SCRIPTS = {
    "hello.py": "print('hello')\n",
    "fail.py": "import sys; print('oh no'); sys.exit(3)\n",
    "train.py": """
from submarine_ext import track
track.log_params({"lr": 0.1})
for step in range(5):
    track.log_metric("loss", 1 / (step + 1))
    track.progress((step + 1) / 5, f"epoch {step + 1}/5")
    print(f"epoch {step + 1}")
""",
    "wait.py": """
import pathlib, sys, time
print("waiting", flush=True)
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
print("released", flush=True)
""",
}


@dataclass
class Running:
    """A server that runs: its URL and token, its folders, the environment of its processes."""

    url: str
    token: str
    pid: int
    root: Path
    environment: dict[str, str]

    def ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"token {self.token}"} if self.token else {}
        answer = httpx.request(method, self.url + path, headers=headers, timeout=60, **options)
        return answer.raise_for_status().json() if answer.content else None


#: On a server of several; each has the token ``token-NAME``, kernels and terminals alice's.
PEOPLE = ("alice", "bob", "carol", "root-admin")


@contextlib.contextmanager
def jupyter_server(
    home: Path,
    *,
    extension: bool = True,
    token: str | None = None,
    port: int = 0,
    config: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    also: tuple[str, ...] = (),
) -> Iterator[Running]:
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JPY", "SUBMARINE"))}
    environment |= {name: str(home / name.lower()) for name in folders}
    environment["PYTHONPATH"] = str(REPOSITORY)
    environment |= environ or {}
    root = home / "root"
    root.mkdir(exist_ok=True)
    for name, source in SCRIPTS.items():
        (root / name).write_text(source)
    (home / "jupyter_config_dir").mkdir(exist_ok=True)
    file = home / "jupyter_config_dir" / "jupyter_server_config.json"
    file.write_text(json.dumps(config or {}))
    extensions = {"submarine_ext": extension, "jupyterlab": False, "jupyter_lsp": False}
    extensions |= dict.fromkeys(also, True)
    token = secrets.token_hex(8) if token is None else token
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
             "--ip=127.0.0.1", f"--port={port}", "--ServerApp.base_url=/at/",
             f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}",
             f"--ServerApp.jpserver_extensions={extensions}"],
            env=environment | {"JUPYTER_TOKEN": token}, stdout=log, stderr=log, cwd=root,
        )  # fmt: skip
    file = home / "jupyter_runtime_dir" / f"jpserver-{process.pid}.json"
    try:
        info = wait_for(lambda: json.loads(file.read_text()), process)
        server = Running(info["url"], token, process.pid, root, environment)
        wait_for(lambda: server.ask("GET", "api"), process)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def wait_for(ready: Callable[[], Any], process: subprocess.Popen[bytes]) -> Any:
    """The first answer; the server tells nobody when it is ready, so it is asked."""
    while process.poll() is None:
        with contextlib.suppress(OSError, ValueError, httpx.HTTPError):
            return ready()
        select.select([], [], [], 0.05)
    raise AssertionError(f"the server ended with {process.returncode}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with jupyter_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that knows :data:`PEOPLE`; it is alice's own, and root-admin is an admin."""
    people = {f"token-{name}": name for name in PEOPLE}
    provider = "submarine_ext.testing.identity.PeopleByToken"
    config = {
        "ServerApp": {"identity_provider_class": provider},
        "PeopleByToken": {"people": people},
        "SubmarineExtension": {"owner": "alice", "admins": ["root-admin"]},
    }
    home = tmp_path_factory.mktemp("shared")
    with jupyter_server(home, token="token-alice", config=config) as running:
        for token in people:
            with Client(running.url, token) as client:
                client.me()  # everybody has been here
        yield running


@pytest.fixture
def person(shared_server: Running) -> Iterator[Callable[[str], Client]]:
    """``bob = person("bob")``: the client of one of :data:`PEOPLE`."""
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(Client(shared_server.url, f"token-{name}"))


@pytest.fixture
def vision(person: Callable[[str], Client], request: pytest.FixtureRequest) -> str:
    """A project of alice's that this test alone uses."""
    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
    return person("alice").projects.create(f"vision-{digest}", title="Vision").name


@pytest.fixture
def restarting(tmp_path: Path) -> Iterator[Callable[[], Running]]:
    """Starts a server; called again, kills it and starts it anew in the same place."""
    with contextlib.ExitStack() as stack:
        port = 0
        running: Running | None = None

        def start() -> Running:
            nonlocal port, running
            if running is not None:
                os.kill(running.pid, signal.SIGKILL)
            running = stack.enter_context(jupyter_server(tmp_path, token="kept", port=port))
            port = httpx.URL(running.url).port or 0
            return running

        yield start


@pytest.fixture(scope="session")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Jupyter server without submarine-ext."""
    with jupyter_server(tmp_path_factory.mktemp("bare"), extension=False) as running:
        yield running


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks for no token."""
    with jupyter_server(tmp_path_factory.mktemp("open"), token="") as running:
        yield running


@pytest.fixture
def client(server: Running) -> Iterator[Client]:
    with Client(server.url, server.token) as made:
        yield made


@pytest.fixture
def work(server: Running, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of scripts, as the working folder."""
    monkeypatch.chdir(server.root)
    return server.root


class Kernel:
    """A kernel that the server started, spoken to as a notebook speaks to it."""

    def __init__(self, server: Running, path: str = "test.ipynb") -> None:
        self._server = server
        session = {"path": path, "name": "test.ipynb", "type": "notebook",
                   "kernel": {"name": "python3"}}  # fmt: skip
        self._id = server.ask("POST", "api/sessions", json=session)["id"]
        self._kernel = server.ask("GET", f"api/sessions/{self._id}")["kernel"]["id"]
        file = Path(server.environment["JUPYTER_RUNTIME_DIR"], f"kernel-{self._kernel}.json")
        self._client = BlockingKernelClient(connection_file=str(file))
        self._client.load_connection_file()
        # A kernel that starts on a busy machine may be silent for longer than a second.
        self._client.hb_channel.time_to_dead = 30.0
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(
        self,
        source: str,
        seen: Callable[[dict[str, Any]], None] = lambda _: None,
        *,
        typed: str | None = None,
    ) -> list[dict[str, Any]]:
        """Execute a cell; its outputs, as a notebook would keep them. ``seen`` gets each.

        ``typed`` answers whatever the cell asks; None: nobody can be asked.
        """
        outputs: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                outputs.append({"type": message["msg_type"], **message["content"]})
                seen(outputs[-1])

        self._client.execute_interactive(
            source,
            output_hook=keep,
            timeout=60,
            allow_stdin=typed is not None,
            stdin_hook=lambda _: self._client.input(typed or ""),
        )
        return outputs

    def messages(self) -> Iterator[dict[str, Any]]:
        """What the kernel publishes by itself from now on."""
        while True:
            yield self._client.get_iopub_msg(timeout=60)

    def interrupt(self) -> None:
        self._server.ask("POST", f"api/kernels/{self._kernel}/interrupt")

    def close(self) -> None:
        self._client.stop_channels()
        self._server.ask("DELETE", f"api/sessions/{self._id}")


@pytest.fixture
def kernel(server: Running) -> Iterator[Kernel]:
    made = Kernel(server)
    yield made
    made.close()


class Relay:
    """A wire to a server that breaks when it is told to."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.drop_answers = 0  # how many of the next answers get lost, with their connection
        self.refuse = 0  # how many of the next connections are closed at once
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection that there is."""
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.refuse:
                    self.refuse -= 1
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                with self._lock:
                    self._open |= {near, far}
                threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self.drop_answers:
                    self.drop_answers -= 1
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open.discard(end)
            end.close()


@pytest.fixture
def relay(server: Running) -> Iterator[Relay]:
    made = Relay(httpx.URL(server.url).port or 80)
    yield made
    made.close()


@pytest.fixture
def shared_relay(shared_server: Running) -> Iterator[Relay]:
    made = Relay(httpx.URL(shared_server.url).port or 80)
    yield made
    made.close()
