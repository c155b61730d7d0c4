"""The settings of a server that is connected to a team service."""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from traitlets import Bool, TraitError, Unicode, default
from traitlets.config import Configurable

from submarine_ext.app.cluster import KubernetesEngine
from submarine_ext.app.connected import ConnectedSite
from submarine_ext.app.settings import DATABASE_URL, SubmarineSettings
from submarine_ext.app.upstream import Upstream
from submarine_ext.errors import Invalid
from submarine_ext.identity.credentials import Credentials

#: Why a setting is refused that only whoever holds the projects can use.
THEIRS = "is for the team service to set: it has no effect beside service_url"
#: Settings that mean something where the machine is offered.
OFFERED = frozenset({"cpu", "memory", "gpu", "data_dir"})


class ConnectionSettings(Configurable):
    """Which service, and how the one person of a server without a Hub is known there."""

    service_url = Unicode(
        help="URL of the team service, without /submarine/api. This server then keeps no "
        "projects and jobs of its own: it forwards every request with the visitor's own "
        "credential, or refuses it. Default: $SUBMARINE_SERVICE_URL."
    ).tag(config=True)
    service_token_file = Unicode(
        None,
        allow_none=True,
        help="File with the owner's token for the team service, where no JupyterHub gives one. "
        "It is sent for the owner and for nobody else.",
    ).tag(config=True)

    offer_local_engine = Bool(
        default_value=False,
        help="Offer this machine to the team service as an engine of the server's owner: their "
        "jobs that name it run here, as this server's account, and everything about them is the "
        "project's. Whoever runs the service can then run programs here. cpu, memory, gpu and "
        "data_dir say what is offered, and where the jobs' folders are.",
    ).tag(config=True)

    @default("service_url")
    def _default_service_url(self) -> str:
        return os.environ.get("SUBMARINE_SERVICE_URL", "")

    def connected_site(self, owner: str, folder_root: Path | None) -> ConnectedSite | None:
        """The site of a connected server; None for one that holds its own projects.

        Raises TraitError for settings that cannot be, or would do nothing.
        """
        if not self.service_url:
            self._refuse(("service_token_file", "offer_local_engine"), "needs service_url")
            return None
        offered = OFFERED if self.offer_local_engine else frozenset()
        self._refuse(SubmarineSettings.class_own_traits(config=True).keys() - offered, THEIRS)
        if os.environ.get(DATABASE_URL):
            raise TraitError(f"{DATABASE_URL} {THEIRS}.")
        for name in self.config.get(KubernetesEngine.__name__, {}):
            raise TraitError(f"{KubernetesEngine.__name__}.{name} {THEIRS}.")
        if find_spec("aiohttp") is None:
            raise TraitError("service_url needs aiohttp: pip install 'submarine-ext[connected]'.")
        file = self.service_token_file
        credentials = Credentials(owner, Path(file).expanduser() if file else None)
        return ConnectedSite(self._upstream(), credentials, owner, folder_root)

    def _upstream(self) -> Upstream:
        try:
            return Upstream(self.service_url)
        except Invalid as error:
            raise TraitError(f"{type(self).__name__}.service_url: {error.detail}") from None

    def _refuse(self, names: Collection[str], why: str) -> None:
        """A setting that does nothing is a mistake of whoever wrote it, under whichever of our
        classes' names.
        """
        for section in self.section_names():
            for name in self.config.get(section, {}):
                if name in names:
                    raise TraitError(f"{section}.{name} {why}.")
