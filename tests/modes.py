"""The ways to run: one server that holds the projects, one that is connected to such a one, or
the team service (for tests whose people are known by name).

A test marked ``modes("embedded", "service", "connected")`` runs once in each, through the same
fixtures:
``jp_serverapp`` is the server that visitors speak to, ``served`` the one that holds the
services. The connected one knows the same people, by the same tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from traitlets.config import Config

from submarine_ext.app.service import SubmarineService
from submarine_ext.app.settings import SubmarineSettings

#: What only the server that holds the services may be told.
OF_THE_SERVICE = tuple(SubmarineSettings.class_own_traits(config=True))
#: Of a Jupyter server only.
_EXTENSIONS = ("ServerApp", "SubmarineExtension")
SERVICE_TOKEN = "the-owners-token-for-the-service"


class Service:
    """A second Jupyter server in this process, under a base URL of its own."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self._config, self._folder = config, folder
        (socket,) = bind_sockets(0, "127.0.0.1")
        self.port = socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/services/team"
        self._sockets = [socket]

    async def start(self) -> None:
        """Begin to answer."""
        self._halted = False
        self.app = await self._made()
        self._server = HTTPServer(self.app.web_app)
        self._server.add_sockets(self._sockets)

    async def restart(self) -> None:
        """Another process, as it were, at the same place."""
        self._sockets = bind_sockets(self.port, "127.0.0.1")
        await self.start()

    async def _made(self) -> ServerApp:
        app = ServerApp(
            config=Config(self._config),
            base_url="/services/team/",
            port=self.port,
            port_retries=0,
            root_dir=str(self._folder),
            open_browser=False,
            allow_root=True,
        )
        app.init_signal = lambda: None
        app.initialize(argv=[], new_httpserver=False)
        app.log.handlers, app.log.propagate = [], True
        return app

    async def halt(self) -> None:
        """Answer nobody any more, and say goodbye to whoever is connected."""
        if self._halted:
            return
        self._halted = True
        self._server.stop()
        await self.app._cleanup()
        self.app.kernel_manager.context.destroy()
        await self._server.close_all_connections()


class TeamService:
    """``jupyter submarine serve`` in this process, by the names that a Jupyter server has."""

    def __init__(self, config: dict[str, Any], base_url: str) -> None:
        ours = {
            **config.get("SubmarineExtension", {}),
            "identity_provider_class": config["ServerApp"]["identity_provider_class"],
            "base_url": base_url,
            "local_jobs": "everybody",
            "json_logs": False,
        }
        ours.setdefault("engines", ["local"])
        of_others = {name: each for name, each in config.items() if name not in _EXTENSIONS}
        self.app = SubmarineService(config=Config({**of_others, "SubmarineService": ours}))
        self.app.initialize([])
        self.web_app = self.app.application()
        self.identity_provider = self.app.identity


def of_the_service(config: dict[str, Any]) -> dict[str, Any]:
    """The service's own configuration: what the test says, with a token of its own."""
    made = deepcopy(config)
    if "identity_provider_class" not in made["ServerApp"]:
        made["IdentityProvider"] = {"token": SERVICE_TOKEN}
    return made


def of_the_connected(config: dict[str, Any], url: str, token_file: Path) -> dict[str, Any]:
    """The same, for a server that holds nothing."""
    made = deepcopy(config)
    made.pop("KubernetesEngine", None)
    ours = made.setdefault("SubmarineExtension", {})
    for name in OF_THE_SERVICE:
        ours.pop(name, None)
    ours["service_url"] = url
    if "identity_provider_class" not in made["ServerApp"]:
        token_file.write_text(f"{SERVICE_TOKEN}\n")
        ours["service_token_file"] = str(token_file)
    return made


@pytest.fixture
def mode(request: pytest.FixtureRequest) -> str:
    """``embedded``, unless the test is marked with others."""
    return getattr(request, "param", "embedded")


@pytest.fixture
def service(
    jp_server_config: Any, jp_configurable_serverapp: Any, jp_asyncio_loop: Any, tmp_path: Path
) -> Iterator[Service]:
    """The server that a connected one forwards to."""
    folder = tmp_path / "the-services-root"
    folder.mkdir()
    made = Service(of_the_service(jp_server_config), folder)
    jp_asyncio_loop.run_until_complete(made.start())
    yield made
    jp_asyncio_loop.run_until_complete(made.halt())


@pytest.fixture
def team_service(
    jp_server_config: Any,
    jp_base_url: str,
    jp_http_port: int,
    jp_asyncio_loop: Any,
    isolated_folders: None,
) -> Iterator[TeamService]:
    """The team service itself, as its administrator would start it. Its port outlives it."""
    made = TeamService(jp_server_config, jp_base_url)
    yield made
    jp_asyncio_loop.run_until_complete(made.app.site.close())


@pytest.fixture
def jp_serverapp(
    request: pytest.FixtureRequest, mode: str, jp_server_config: Any, jp_argv: Any, tmp_path: Path
) -> Any:
    """The server that visitors speak to."""
    if mode == "service":
        return request.getfixturevalue("team_service")
    jp_configurable_serverapp = request.getfixturevalue("jp_configurable_serverapp")
    config = jp_server_config
    if mode == "connected":
        url = request.getfixturevalue("service").url
        config = of_the_connected(config, url, tmp_path / "service-token")
    return jp_configurable_serverapp(config=config, argv=jp_argv)


@pytest.fixture
def served(request: pytest.FixtureRequest, mode: str, jp_serverapp: ServerApp) -> ServerApp:
    """The server that holds the services."""
    if mode == "connected":
        return request.getfixturevalue("service").app
    return jp_serverapp


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test in each mode that its mark names."""
    marker = metafunc.definition.get_closest_marker("modes")
    if marker is not None and "mode" in metafunc.fixturenames:
        metafunc.parametrize("mode", marker.args, indirect=True)
