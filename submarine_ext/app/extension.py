"""The Jupyter server extension: its settings, and its life with the server.

Kept light: it is imported at every server start, so neither this module nor what it
imports may load the services (see :mod:`submarine_ext.app.site`).
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from jupyter_server._tz import utcnow
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import PeriodicCallback
from traitlets import Unicode, default

from submarine_ext.api.base import SETTING
from submarine_ext.api.routes import handlers
from submarine_ext.app import proxy
from submarine_ext.app.cluster import KubernetesEngine
from submarine_ext.app.connected import ConnectedSite
from submarine_ext.app.connecting import ConnectionSettings
from submarine_ext.app.kernels import Kernels
from submarine_ext.app.page import tell_user
from submarine_ext.app.places import projects_of
from submarine_ext.app.rooms import Rooms, open_rooms
from submarine_ext.app.served import refuse_served
from submarine_ext.app.settings import SubmarineSettings
from submarine_ext.app.site import Configured, Site
from submarine_ext.errors import SubmarineError
from submarine_ext.identity.principal import knows_people, server_owner
from submarine_ext.store.unfinished import unfinished_jobs

#: How often a server with open services looks whether jobs keep it alive.
ACTIVITY_MILLISECONDS = 20_000


class SubmarineExtension(SubmarineSettings, ConnectionSettings, ExtensionApp):
    """Launch and watch training from the lab."""

    name = "submarine_ext"
    classes = [KubernetesEngine]  # noqa: RUF012 - as traitlets wants it

    owner = Unicode(
        help="Name of the person who owns this server's jobs. Default: the JupyterHub user, "
        "else the operating-system user."
    ).tag(config=True)

    @default("owner")
    def _default_owner(self) -> str:
        return server_owner(os.environ.get("JUPYTERHUB_USER"))

    def initialize_settings(self) -> None:
        """Called by Jupyter with the server's settings at hand."""
        connected = self.connected_site(self.owner, self._folder_root)
        if connected is not None and self.offer_local_engine:
            self._require_hidden(self.root)
        self.site: Site | ConnectedSite = connected or self._own_site()
        self.settings[SETTING] = self.site

    def initialize_handlers(self) -> None:
        """Called by Jupyter, which puts the base URL before each pattern."""
        assert self.serverapp is not None, "Jupyter links before it initializes"
        here = isinstance(self.site, Site)
        self.handlers.extend(handlers() if here else proxy.handlers())
        Kernels(self.serverapp, projects_of(self.site), self.owner).attach()
        Rooms(self.serverapp, self._projects_here).attach()
        if isinstance(self.site, Site) and not self.site.configured.database_url:
            open_rooms(self.serverapp)
        tell_user(self.serverapp.web_app.settings, self.owner)

    @property
    def _projects_here(self) -> Path | None:
        """The folder of the projects' files; a connected server has none."""
        return self.site.configured.root / "projects" if isinstance(self.site, Site) else None

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """The event loop runs now: look after jobs of an earlier server, if there are any."""
        if isinstance(self.site, ConnectedSite) and not self.offer_local_engine:
            return  # its jobs are the service's
        self._activity = PeriodicCallback(self._note_activity, ACTIVITY_MILLISECONDS)
        self._activity.start()
        if isinstance(self.site, ConnectedSite):
            self.site.offer(self.offered(), self.log)
            return
        self._adoption = asyncio.create_task(self._adopt(), name="submarine adopt")

    async def stop_extension(self) -> None:
        """The server stops; jobs go on."""
        if not hasattr(self, "site"):
            return  # its settings were refused
        if hasattr(self, "_activity"):
            self._activity.stop()
        if hasattr(self, "_adoption"):
            await asyncio.wait([self._adoption])
        await self.site.close()

    def current_activity(self) -> bool:
        """Unfinished jobs keep a server alive that would stop for lack of activity."""
        return self._active

    _active = False

    async def _adopt(self) -> None:
        assert isinstance(self.site, Site)
        database = self.site.configured.root / "submarine.sqlite"
        shared = bool(self.site.configured.database_url)
        if shared or await asyncio.to_thread(unfinished_jobs, database):
            await self._opened()

    async def _opened(self) -> None:
        try:
            await self.site.services()
        except SubmarineError as error:
            self.log.error("submarine_ext: %s", error.detail)

    async def _note_activity(self) -> None:
        """A job at work is activity (to idle cullers too); a socket that listens is not."""
        if isinstance(self.site, ConnectedSite):
            self._active = self.site.busy
        elif self.site.submarine is not None:
            self._active = await self.site.submarine.is_busy()
        if self._active and self.serverapp is not None:
            self.serverapp.web_app.settings["last_activity_times"][self.name] = utcnow()

    def _own_site(self) -> Site:
        configured = self._configured()
        self._require_hidden(configured.root)
        return Site(configured, self.log)

    def _require_hidden(self, data: Path) -> None:
        """Jobs' folders are not for everybody who may enter."""
        if self._knows_people:
            contents = self.settings.get("contents_manager")
            refuse_served(data, contents, f"{type(self).__name__}.data_dir")

    @property
    def _knows_people(self) -> bool:
        """Whether there may be others than the owner."""
        return knows_people(self.settings.get("identity_provider"))

    def _admins(self) -> frozenset[str]:
        return frozenset(self.admins if self._knows_people else {*self.admins, self.owner})

    @property
    def _folder_root(self) -> Path | None:
        folder_root = getattr(self.settings.get("contents_manager"), "root_dir", None)
        return Path(folder_root) if folder_root else None

    def _configured(self) -> Configured:
        return self.configured(
            owner=self.owner, admins=self._admins(), folder_root=self._folder_root
        )
