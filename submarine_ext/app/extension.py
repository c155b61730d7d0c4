"""The Jupyter server extension: its settings, and its life with the server.

Kept light: it is imported at every server start, so neither this module nor what it
imports may load the services (see :mod:`submarine_ext.app.site`).
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server._tz import utcnow
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import PeriodicCallback
from traitlets import Float, Integer, List, Set, TraitError, Unicode, default, validate

from submarine_ext.api.base import SETTING
from submarine_ext.api.routes import handlers
from submarine_ext.app.cluster import KubernetesEngine
from submarine_ext.app.engines import engine_names, maker
from submarine_ext.app.kernels import Kernels
from submarine_ext.app.page import tell_user
from submarine_ext.app.site import Configured, Site
from submarine_ext.domain.bundles import MAX_PACKED
from submarine_ext.domain.quantities import memory_bytes
from submarine_ext.errors import Invalid, SubmarineError
from submarine_ext.identity.principal import knows_people, server_owner
from submarine_ext.store.unfinished import unfinished_jobs

#: How often a server with open services looks whether jobs keep it alive.
ACTIVITY_MILLISECONDS = 20_000


class SubmarineExtension(ExtensionApp):
    """Launch and watch training from the lab."""

    name = "submarine_ext"
    classes = [KubernetesEngine]  # noqa: RUF012 - as traitlets wants it

    data_dir = Unicode(
        help="Folder of the database, logs, artifacts and bundles. Default: the folder "
        "'submarine' in Jupyter's data folder."
    ).tag(config=True)
    owner = Unicode(
        help="Name of the person who owns this server's jobs. Default: the JupyterHub user, "
        "else the operating-system user."
    ).tag(config=True)
    admins = Set(
        Unicode(),
        help="Names of the people who administer this server: teams, accounts, quotas. A "
        "server whose identity provider knows no people is administered by its owner.",
    ).tag(config=True)
    cpu = Float(
        None,
        allow_none=True,
        help="CPUs that local jobs may use together. Default: all that this process may use.",
    ).tag(config=True)
    memory = Unicode(
        None,
        allow_none=True,
        help="Memory that local jobs may use together, such as '8Gi'. Default: the machine's.",
    ).tag(config=True)
    gpu = Integer(
        None,
        allow_none=True,
        min=0,
        help="GPUs that local jobs may use together. Default: those found.",
    ).tag(config=True)
    engines = List(
        Unicode(),
        ["local"],
        minlen=1,
        help="Where jobs may run; the first is the default. 'local' is this machine, "
        "'kubernetes' a cluster (see KubernetesEngine); other packages may bring more.",
    ).tag(config=True)
    max_bundle_bytes = Integer(
        MAX_PACKED, min=1, help="The largest code bundle, in bytes, gzipped."
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "submarine")

    @default("owner")
    def _default_owner(self) -> str:
        return server_owner(os.environ.get("JUPYTERHUB_USER"))

    @validate("cpu")
    def _valid_cpu(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        if value is not None and not value > 0:
            raise TraitError("SubmarineExtension.cpu must be greater than 0.")
        return value

    @validate("memory")
    def _valid_memory(self, proposal: dict[str, Any]) -> str | None:
        value: str | None = proposal["value"]
        try:
            if value is not None:
                memory_bytes(value, "SubmarineExtension.memory")
        except Invalid as error:
            raise TraitError(error.detail) from None
        return value

    @validate("engines")
    def _valid_engines(self, proposal: dict[str, Any]) -> list[str]:
        names: list[str] = proposal["value"]
        known = engine_names() if names != ["local"] else names
        for name in names:
            if name not in known:
                raise TraitError(
                    f"SubmarineExtension.engines: there is no engine {name!r}; there is "
                    f"{', '.join(sorted(known))}."
                )
        return list(dict.fromkeys(names))

    def initialize_settings(self) -> None:
        """Called by Jupyter with the server's settings at hand."""
        self.site = Site(self._configured(), self.log)
        self.settings[SETTING] = self.site

    def initialize_handlers(self) -> None:
        """Called by Jupyter, which puts the base URL before each pattern."""
        self.handlers.extend(handlers())
        assert self.serverapp is not None, "Jupyter links before it initializes"
        Kernels(self.serverapp, self.site).attach()
        tell_user(self.serverapp.web_app.settings, self.owner)

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """The event loop runs now: look after jobs of an earlier server, if there are any."""
        self._activity = PeriodicCallback(self._note_activity, ACTIVITY_MILLISECONDS)
        self._activity.start()
        self._adoption = asyncio.create_task(self._adopt(), name="submarine adopt")

    async def stop_extension(self) -> None:
        """The server stops; jobs go on."""
        if hasattr(self, "_activity"):
            self._activity.stop()
            await asyncio.wait([self._adoption])
        await self.site.close()

    def current_activity(self) -> bool:
        """Unfinished jobs keep a server alive that would stop for lack of activity."""
        return self._active

    _active = False

    @property
    def _database(self) -> Path:
        return self.site.configured.root / "submarine.sqlite"

    async def _adopt(self) -> None:
        if await asyncio.to_thread(unfinished_jobs, self._database):
            await self._opened()

    async def _opened(self) -> None:
        try:
            await self.site.services()
        except SubmarineError as error:
            self.log.error("submarine_ext: %s", error.detail)

    async def _note_activity(self) -> None:
        """A job at work is activity (to idle cullers too); a socket that listens is not."""
        if self.site.submarine is None:
            return
        self._active = await asyncio.to_thread(unfinished_jobs, self._database)
        if self._active and self.serverapp is not None:
            self.serverapp.web_app.settings["last_activity_times"][self.name] = utcnow()

    def _admins(self) -> frozenset[str]:
        people = knows_people(self.settings.get("identity_provider"))
        return frozenset(self.admins if people else {*self.admins, self.owner})

    def _configured(self) -> Configured:
        folder_root = getattr(self.settings.get("contents_manager"), "root_dir", None)
        return Configured(
            root=Path(self.data_dir).expanduser().absolute(),
            owner=self.owner,
            admins=self._admins(),
            folder_root=Path(folder_root) if folder_root else None,
            cpu=self.cpu,
            memory=memory_bytes(self.memory) if self.memory else None,
            gpu=self.gpu,
            max_bundle_bytes=self.max_bundle_bytes,
            engines=tuple(self.engines),
            makers={name: maker(name, self) for name in self.engines if name != "local"},
        )
