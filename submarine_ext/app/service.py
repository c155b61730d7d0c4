"""The team service: ``jupyter submarine serve``.

A web application of our own with the extension's handlers, and not a Jupyter server with
services taken out: what is not in :meth:`SubmarineService.routes` does not exist, so there are
no kernels, files, terminals or settings of the service's account to be reached, whatever other
extensions are installed beside it. Of Jupyter's server it has the identity provider.

Without a provider that knows people it refuses to start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import Any, NoReturn
from urllib.parse import urlsplit

from jupyter_core.application import JupyterApp
from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.web import Application
from traitlets import Bool, Enum, Float, TraitError, Type, Unicode, default, validate
from traitlets.config import Configurable, catch_config_error

from submarine_ext import __version__
from submarine_ext.api.base import SETTING, Nowhere
from submarine_ext.api.routes import handlers, route_of
from submarine_ext.app import logs
from submarine_ext.app.cluster import KubernetesEngine
from submarine_ext.app.home import Home
from submarine_ext.app.metrics import Metrics, Scrape
from submarine_ext.app.settings import SubmarineSettings
from submarine_ext.app.site import Configured, Site
from submarine_ext.domain.directory import Known
from submarine_ext.errors import SubmarineError
from submarine_ext.files.keys import secret_at
from submarine_ext.identity.directory import HasDirectory
from submarine_ext.identity.principal import knows_people
from submarine_ext.reconcile.groups import Groups

#: Seconds until services that could not be opened are tried again.
OPEN_AGAIN = 5.0
GOING_AWAY = 1001
#: What is larger is cut off; JSON and bundles have their own, smaller limits.
MOST_BODY = 512 << 20
_access = logging.getLogger(logs.ACCESS)

NOBODY = (
    "The service does not know who people are, so it does not start. Run it as a service of "
    "JupyterHub (with submarine-ext[hub] installed and JUPYTERHUB_API_TOKEN, "
    "JUPYTERHUB_API_URL, JUPYTERHUB_SERVICE_NAME and JUPYTERHUB_SERVICE_PREFIX set), or name an "
    "identity provider that knows people in SubmarineService.identity_provider_class."
)


class SubmarineService(SubmarineSettings, JupyterApp):
    """Run the team service of submarine-ext: shared projects and jobs for many people."""

    name = "jupyter-submarine"
    version = __version__
    description = __doc__
    classes = [KubernetesEngine]  # noqa: RUF012 - as traitlets wants it
    aliases = {  # noqa: RUF012
        "config": "JupyterApp.config_file",
        "log-level": "Application.log_level",
    }
    flags = {}  # noqa: RUF012
    raise_config_file_errors = True

    bind_url = Unicode(
        help="Where to listen: http://ADDRESS:PORT. Default: JUPYTERHUB_SERVICE_URL, else "
        "http://127.0.0.1:8890."
    ).tag(config=True)
    base_url = Unicode(
        help="The path that everything lies below. Default: JUPYTERHUB_SERVICE_PREFIX, else /."
    ).tag(config=True)
    identity_provider_class = Type(
        None,
        IdentityProvider,
        allow_none=True,
        help="Who knows who people are, a jupyter_server IdentityProvider. Default: the "
        "JupyterHub that this is a service of (see HubIdentityProvider).",
    ).tag(config=True)
    local_jobs = Enum(
        ["admins", "everybody"],
        "admins",
        help="Who may run jobs on the engine 'local', where it is among 'engines': they run as "
        "the service's own account and reach all that it does.",
    ).tag(config=True)
    json_logs = Bool(default_value=True, help="Log JSON, one object a line.").tag(config=True)
    stop_seconds = Float(
        5.0, min=0, help="Seconds that requests get to end when the service is stopped."
    ).tag(config=True)

    @default("bind_url")
    def _default_bind_url(self) -> str:
        return os.environ.get("JUPYTERHUB_SERVICE_URL") or "http://127.0.0.1:8890"

    @default("base_url")
    def _default_base_url(self) -> str:
        return os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or "/"

    @validate("bind_url")
    def _valid_bind_url(self, proposal: dict[str, Any]) -> str:
        value: str = proposal["value"]
        place = urlsplit(value)
        if place.scheme != "http" or not place.hostname or not place.port:
            raise TraitError(
                f"SubmarineService.bind_url must be http://ADDRESS:PORT, not {value!r}; TLS is "
                "for the proxy in front."
            )
        return value

    @default("engines")
    def _default_engines(self) -> list[str]:
        return ["kubernetes"]

    @default("identity_provider_class")
    def _default_identity_provider_class(self) -> type[IdentityProvider] | None:
        if not os.environ.get("JUPYTERHUB_API_TOKEN"):
            return None
        from submarine_ext.identity.hub import HubIdentityProvider, belongs_to_a_hub

        return HubIdentityProvider if belongs_to_a_hub() else None

    @catch_config_error
    def initialize(self, argv: Any = None) -> None:
        """Read the settings; refuse unknown ones, and to serve people whom nobody knows."""
        super().initialize(argv)
        if self._dispatching:
            return
        if self.json_logs:
            logs.begin(self.log_level)
            self.log.handlers.clear()
            self.log.setLevel(logging.NOTSET)
            self.log.propagate = True
        provider_class = self.identity_provider_class
        if provider_class is None or not knows_people(provider_class):
            self._refuse(NOBODY)
        self._refuse_unknown(type(self), KubernetesEngine, provider_class)
        self.identity = provider_class(parent=self, log=self.log)
        self.metrics = Metrics()
        self.site = Site(self._configured(), self.log)
        if isinstance(self.identity, HasDirectory):
            self.identity.learn = self._learn

    def start(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        super().start()
        asyncio.run(self._serve())

    def routes(self) -> list[tuple[Any, ...]]:
        """All that there is."""
        every: list[tuple[Any, ...]] = [
            *handlers(),
            *self.identity.get_handlers(),
            ("/metrics", Scrape, {"metrics": self.metrics}),
            ("/", Home),
        ]
        return [(url_path_join(self.base_url, pattern), *rest) for pattern, *rest in every]

    def application(self) -> Application:
        """The web application."""
        root = self.site.configured.root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings: dict[str, Any] = {SETTING: self.site}
        return Application(
            self.routes(),
            default_handler_class=Nowhere,
            log_function=self._log_request,
            base_url=self.base_url,
            login_url=url_path_join(self.base_url, "/login"),
            cookie_secret=secret_at(root / "cookie.key"),
            cookie_options=self.identity.cookie_options,
            xsrf_cookies=getattr(self.identity, "xsrf_cookies", True),
            xsrf_cookie_kwargs={"path": self.base_url},
            # Whoever stands before it decides under which names it is reached.
            allow_remote_access=True,
            allow_unauthenticated_access=False,
            identity_provider=self.identity,
            config=self.config,
            serverapp=None,
            **settings,
        )

    async def _serve(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        server = HTTPServer(self.application(), xheaders=True, max_body_size=MOST_BODY)
        place = urlsplit(self.bind_url)
        assert place.port, "it was looked at"
        server.listen(place.port, place.hostname)
        self.log.info("The team service listens at %s%s", self.bind_url, self.base_url)
        work = asyncio.create_task(self._look_after(), name="submarine service")
        await stop.wait()
        self.log.info("The team service stops")
        await self._end(server, work)

    async def _end(self, server: HTTPServer, work: asyncio.Task[None]) -> None:
        """Sockets are told to come again, requests may end, jobs go on."""
        self.site.leave()
        server.stop()
        for socket in list(self.site.sockets):
            socket.close(GOING_AWAY, "The service stops.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.stop_seconds):
                await self.site.idle()
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await server.close_all_connections()
        await self.site.close()

    async def _look_after(self) -> None:
        """Open the services, as often as it takes, and take the groups over."""
        while True:
            try:
                services = await self.site.services()
                break
            except SubmarineError as error:
                self.log.error("%s", error.detail)
                await asyncio.sleep(OPEN_AGAIN)
        if isinstance(self.identity, HasDirectory):
            pause = self.identity.sync_seconds
            await Groups(services.directory, self.identity.groups, pause).run()

    async def _learn(self, known: Known, asked: float) -> None:
        await (await self.site.services()).directory.learn(known, asked)

    def _configured(self) -> Configured:
        only = self.local_jobs == "admins"
        return self.configured(
            owner=None,
            admins=frozenset(self.admins),
            folder_root=None,
            for_admins=frozenset({"local"} if only else ()),
            team_names=getattr(self.identity, "team_names", {}),
        )

    def _log_request(self, handler: Any) -> None:
        request, who = handler.request, getattr(handler, "principal", None)
        seconds = request.request_time()
        told = (request.method, route_of(handler), str(handler.get_status()))
        self.metrics.requests.labels(*told).observe(seconds)
        fields = {"method": told[0], "route": told[1], "status": int(told[2])}
        more = {"milliseconds": round(1000 * seconds, 1), "user": who.name if who else None}
        _access.info("request", extra={"fields": {**fields, **more}})

    def _refuse_unknown(self, *kinds: type[Configurable]) -> None:
        """A setting with a slip of the pen in its name would silently do nothing."""
        for kind in kinds:
            known = set(kind.class_trait_names(config=True))
            for name in self.config.get(kind.__name__, {}):
                if name not in known:
                    self._refuse(f"There is no setting {kind.__name__}.{name}.")

    def _refuse(self, sentence: str) -> NoReturn:
        print(f"jupyter submarine serve: {sentence}", file=sys.stderr)  # noqa: T201
        sys.exit(2)


main = SubmarineService.launch_instance

if __name__ == "__main__":
    main()
