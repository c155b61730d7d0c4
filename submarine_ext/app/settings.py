"""What may be configured wherever submarine-ext runs: in a Jupyter server and as a service.

Kept light: it is imported at every server start, so it may not load the services.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from traitlets import Float, Integer, List, Set, TraitError, Unicode, default, validate
from traitlets.config import Configurable

from submarine_ext.app.engines import engine_names, maker
from submarine_ext.app.site import Configured
from submarine_ext.domain.bundles import MAX_PACKED
from submarine_ext.domain.quantities import memory_bytes
from submarine_ext.errors import Invalid

DATABASE_URL = "SUBMARINE_DATABASE_URL"


class SubmarineSettings(Configurable):
    """Set them by the name of the class that runs: SubmarineExtension or SubmarineService."""

    data_dir = Unicode(
        help="Folder of the database, logs, artifacts and bundles. Default: the folder "
        "'submarine' in Jupyter's data folder."
    ).tag(config=True)
    database_url = Unicode(
        help="A PostgreSQL instead of the file in data_dir: postgresql://user@host/database. Put "
        "it into the environment (SUBMARINE_DATABASE_URL) where it holds a password: it is "
        "taken out of there, so kernels and jobs do not inherit it."
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

    @default("database_url")
    def _default_database_url(self) -> str:
        return os.environ.get(DATABASE_URL, "")

    @validate("database_url")
    def _valid_database_url(self, proposal: dict[str, Any]) -> str:
        url: str = proposal["value"]
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise TraitError(  # not quoting it: it may hold a password
                f"{type(self).__name__}.database_url must look like "
                "postgresql://user@host:5432/database."
            )
        return url

    @validate("cpu")
    def _valid_cpu(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        if value is not None and not value > 0:
            raise TraitError(f"{type(self).__name__}.cpu must be greater than 0.")
        return value

    @validate("memory")
    def _valid_memory(self, proposal: dict[str, Any]) -> str | None:
        value: str | None = proposal["value"]
        try:
            if value is not None:
                memory_bytes(value, f"{type(self).__name__}.memory")
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
                    f"{type(self).__name__}.engines: there is no engine {name!r}; there is "
                    f"{', '.join(sorted(known))}."
                )
        return list(dict.fromkeys(names))

    @property
    def root(self) -> Path:
        """The folder that everything lies in."""
        return Path(self.data_dir).expanduser().absolute()

    @property
    def memory_bytes(self) -> int | None:
        """The memory for local jobs, where it is said."""
        return memory_bytes(self.memory) if self.memory else None

    def offered(self) -> dict[str, Any]:
        """What of this machine is offered, the fields of ``app.agent.Offer``."""
        machine = {"cpu": self.cpu, "memory": self.memory_bytes, "gpu": self.gpu}
        return {"root": self.root / "machine", **machine}

    def configured(self, **more: Any) -> Configured:
        """All settings as plain values, with what only the one who runs them knows."""
        database_url = self.database_url
        os.environ.pop(DATABASE_URL, None)
        return Configured(
            database_url=database_url,
            root=self.root,
            cpu=self.cpu,
            memory=self.memory_bytes,
            gpu=self.gpu,
            max_bundle_bytes=self.max_bundle_bytes,
            engines=tuple(self.engines),
            makers={name: maker(name, self) for name in self.engines if name != "local"},
            **more,
        )
