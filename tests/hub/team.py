"""A real JupyterHub with configurable-http-proxy and the team service, in processes of its own.

It is configured by the very blocks of ``docs/howto/jupyterhub.md``; what a test must have
otherwise (ports, folders, a dummy authenticator, short ages) is added after them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import websocket

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/jupyterhub.md"
PROXY = ROOT / "node_modules/.bin/configurable-http-proxy"
PASSWORD = "a-test-password"
#: carol and dora are administrators of the Hub.
PEOPLE = ("alice", "bob", "carol", "dora")
#: Seconds until a test that waits for something gives up.
PATIENCE = 60.0
METRICS = "the-scrapers-token"

_HUB = """
import os

c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = ["{proxy_command}"]
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.log_level = "WARN"
c.DummyAuthenticator.password = "{password}"
c.Authenticator.allowed_users = {people}
c.Authenticator.admin_users = {{"carol", "dora"}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.poll_interval = 1
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment |= {{
    "IPYTHONDIR": "{folder}/ipython",
    "JUPYTERHUB_ACTIVITY_INTERVAL": "1",
}}


def on_its_own(spawner):
    # People's first servers; those with a name are as the page has them.
    if not spawner.name:
        del spawner.environment["SUBMARINE_SERVICE_URL"]
    else:
        spawner.args = [*spawner.args, "--SubmarineExtension.offer_local_engine=True"]


c.Spawner.pre_spawn_hook = on_its_own
c.JupyterHub.allow_named_servers = True
c.JupyterHub.services[0]["environment"] = {service_environment}
c.JupyterHub.services += [
    {{"name": "driver", "api_token": os.environ["DRIVER_TOKEN"]}},
    {{"name": "bob", "api_token": os.environ["IMPOSTOR_TOKEN"]}},
]
c.JupyterHub.load_roles += [
    {{
        "name": "driver",
        "scopes": ["admin:users", "admin:groups", "admin:servers", "shares", "tokens"],
        "services": ["driver"],
    }},
    {{"name": "impostor", "scopes": ["access:services"], "services": ["bob"]}},
]
c.JupyterHub.load_groups = {{
    "ml": {{"users": ["alice", "bob"]}},
    "Ops & Co": {{"users": ["carol"]}},
}}
"""

_SERVICE = """
c.SubmarineService.data_dir = "{folder}/submarine"
c.SubmarineService.engines = ["local"]
c.SubmarineService.local_jobs = "everybody"
c.SubmarineService.stop_seconds = 1
c.HubIdentityProvider.max_age = 2
c.HubIdentityProvider.sync_seconds = 1
"""


def blocks(page: Path = PAGE) -> list[str]:
    """The Python blocks of a page, as somebody copies them."""
    found = re.findall(r"^( *)```python\n(.*?)^\1```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(body) for _, body in found]


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def until(happens: Callable[[], Any], what: str) -> Any:
    """What ``happens`` answers once it is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if answer := happens():
                return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {PATIENCE:g} s")


class Person:
    """Somebody with a token, or (``browser``) with a session's cookies."""

    def __init__(self, hub: TeamHub, name: str, token: str) -> None:
        self.name, self.token = name, token
        self._hub = hub
        self.http = httpx.Client(
            base_url=hub.service, headers={"Authorization": f"token {token}"}, timeout=30
        )
        hub.opened.append(self.http)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        more = {} if body is None else {"json": body}
        return self.http.request(method, f"submarine/api{path}", **more, **options)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def socket(self, *topics: str) -> Socket:
        return Socket(self._hub, {"Authorization": f"token {self.token}"}, topics)


class Socket:
    """The client's end of the service's WebSocket."""

    def __init__(self, hub: TeamHub, headers: dict[str, str], topics: tuple[str, ...]) -> None:
        url = f"{hub.service}submarine/api/events".replace("http", "ws", 1)
        self._socket = websocket.create_connection(url, header=headers, timeout=PATIENCE)
        hub.opened.append(self)
        for topic in topics:
            self._socket.send(json.dumps({"op": "subscribe", "topic": topic}))

    def until(self, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        while True:
            frame = json.loads(self._socket.recv())
            if wanted(frame):
                return frame

    def closed(self) -> int:
        """The code with which the server ends it; frames before that are read over."""
        while True:
            opcode, data = self._socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")

    def close(self) -> None:
        self._socket.close()
        self._socket.shutdown()


class TeamHub:
    """One JupyterHub; ``service`` is the service's URL behind its proxy."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = environment or {}
        self.opened: list[Any] = []
        self._tokens: dict[str, str] = {}
        public, hub, proxy, service = free_ports(4)
        self.url = f"http://127.0.0.1:{public}"
        self.direct = f"http://127.0.0.1:{service}"
        self.service = f"{self.url}/services/submarine/"
        self.proxy = f"http://127.0.0.1:{proxy}/api/routes"
        self.proxy_token = secrets.token_hex(16)
        self.driver, self.impostor = secrets.token_hex(16), secrets.token_hex(16)
        self._write(public=public, hub=hub, proxy=proxy, service=service)

    def _write(self, service: int, **ports: int) -> None:
        on_hub, of_service, *_ = blocks()
        settings = self.folder / "service.py"
        settings.write_text(of_service + _SERVICE.format(folder=self.folder))
        on_hub = on_hub.replace("8890", str(service))
        on_hub = on_hub.replace("/etc/submarine/service.py", str(settings))
        added = _HUB.format(
            **ports,
            folder=self.folder,
            proxy_command=PROXY,
            python=sys.executable,
            password=PASSWORD,
            people=set(PEOPLE),
            service_environment={
                **_isolated(self.folder / "service"),
                "SUBMARINE_METRICS_TOKEN": METRICS,
                **_measured(),
                **self.environment,
            },
        )
        (self.folder / "jupyterhub_config.py").write_text(on_hub + added)

    def start(self) -> None:
        (self.folder / "home").mkdir(exist_ok=True)
        with (self.folder / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"],
                cwd=self.folder,
                env={
                    **{k: v for k, v in os.environ.items() if k not in _measured()},
                    **_isolated(self.folder),
                    "DRIVER_TOKEN": self.driver,
                    "IMPOSTOR_TOKEN": self.impostor,
                    "CONFIGPROXY_AUTH_TOKEN": self.proxy_token,
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: httpx.get(f"{self.url}/hub/api").status_code == 200, "the Hub's start")
        until(self.is_ready, "the service's start")

    def close(self) -> None:
        """Close what tests opened."""
        while self.opened:
            self.opened.pop().close()

    def is_ready(self) -> bool:
        return httpx.get(f"{self.service}submarine/api/health/ready").status_code == 200

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def api(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """The Hub's own API, as an administrator's program or as whose token it is."""
        more = {} if body is None else {"json": body}
        answer = httpx.request(
            method,
            f"{self.url}/hub/api{path}",
            headers={"Authorization": f"token {token or self.driver}"},
            timeout=30,
            **more,
        )
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def person(self, name: str) -> Person:
        """Somebody with a token of their own, always the same."""
        if name not in self._tokens:
            self._tokens[name] = self.token(name)["token"]
        return Person(self, name, self._tokens[name])

    def token(self, name: str, scopes: list[str] | None = None) -> dict[str, Any]:
        body = {"note": "test", "expires_in": 3600, **({"scopes": scopes} if scopes else {})}
        browser = self.login(name)
        answer = browser.post(f"{self.url}/hub/api/users/{name}/tokens", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def login(self, name: str) -> httpx.Client:
        """A browser's session that has signed in at the Hub."""
        client = httpx.Client(follow_redirects=True, timeout=30)
        self.opened.append(client)
        form = client.get(f"{self.url}/hub/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', form.text)
        assert xsrf is not None, form.text[:300]
        fields = {"username": name, "password": PASSWORD, "_xsrf": xsrf[1]}
        home = client.post(f"{self.url}/hub/login?next=/hub/home", data=fields)
        assert home.url.path == "/hub/home", home.url
        client.headers["X-XSRFToken"] = cookie(client, "_xsrf", "/hub/")
        return client

    def route(self, path: str) -> dict[str, Any]:
        """What the proxy knows of one of its routes."""
        headers = {"Authorization": f"token {self.proxy_token}"}
        return httpx.get(self.proxy, headers=headers).json()[path]

    def service_log(self) -> list[dict[str, Any]]:
        """What the service has logged."""
        lines = (self.folder / "hub.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def service_pid(self) -> int:
        """The process that runs the service."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            if b"submarine_ext.app.service" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
        raise AssertionError("the service does not run")


def cookie(client: httpx.Client, name: str, path: str) -> str:
    return next(
        each.value or "" for each in client.cookies.jar if (each.name, each.path) == (name, path)
    )


def _measured() -> dict[str, str]:
    """What has coverage measured in a process: the service, not the Hub and people's servers."""
    names = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
    return {name: os.environ[name] for name in names if name in os.environ}


def _isolated(folder: Path) -> dict[str, str]:
    kinds = ("CONFIG", "DATA", "RUNTIME")
    return {f"JUPYTER_{kind}_DIR": str(folder / f"jupyter_{kind.lower()}") for kind in kinds}


@contextlib.contextmanager
def running(folder: Path, environment: dict[str, str] | None = None) -> Iterator[TeamHub]:
    """A Hub that is stopped in the end."""
    hub = TeamHub(folder, environment)
    try:
        hub.start()
        yield hub
    finally:
        hub.stop()
