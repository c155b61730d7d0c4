"""What Prometheus is told. Labels are routes, states and names of engines: never people."""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from submarine_ext.api.base import Guard
from submarine_ext.domain.jobs import JobState
from submarine_ext.errors import Forbidden

if TYPE_CHECKING:
    from submarine_ext.services.figures import Figure

#: The scraper's bearer token: in the environment, so that it stands in no file of settings.
TOKEN = "SUBMARINE_METRICS_TOKEN"  # noqa: S105 - a variable's name


class Metrics:
    """One for each service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "submarine_request_seconds",
            "Time that requests took",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._ready = self._gauge("submarine_ready", "1: requests are welcome")
        self._sockets = self._gauge("submarine_sockets", "Open WebSockets")
        self._jobs = self._gauge("submarine_jobs", "Jobs that have not ended", ["state"])
        self._engines = self._gauge("submarine_engine_healthy", "1: it can run jobs", ["engine"])
        self._age = self._gauge(
            "submarine_directory_age_seconds", "Since the groups were last taken over; -1: never"
        )

    def _gauge(self, name: str, meaning: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(name, meaning, labels or [], registry=self.registry)

    async def page(self, site: Any) -> bytes:
        """Everything, as it is now."""
        self._ready.set(site.ready())
        self._sockets.set(len(site.sockets))
        services = site.submarine
        if services is not None:
            self._tell(await services.figures.now())
        return generate_latest(self.registry)

    def _tell(self, now: Figure) -> None:
        for state in JobState:
            if not state.terminal:
                self._jobs.labels(state).set(now.jobs.get(state, 0))
        for name, healthy in now.healthy.items():
            self._engines.labels(name).set(healthy)
        self._age.set(-1 if now.directory_age is None else now.directory_age)


class Scrape(Guard):
    """``/metrics``, for whoever has the scraper's token, and for admins."""

    def initialize(self, metrics: Metrics) -> None:
        """Called by tornado."""
        self._metrics = metrics

    async def prepare(self) -> None:  # type: ignore[override]
        """Raise Forbidden for everybody else."""
        if self._is_scraper():
            return
        await self._authenticate()
        services = await self.site.services()
        await services.people.arrive(self.principal)
        if not (await services.people.me(self.principal)).admin:
            raise Forbidden("The service's metrics are for administrators.")

    @allow_unauthenticated
    async def get(self) -> None:
        """All metrics in Prometheus' text format."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        _ = self.finish(await self._metrics.page(self.site))

    def _is_scraper(self) -> bool:
        expected = os.environ.get(TOKEN, "")
        kind, _, given = self.request.headers.get("Authorization", "").partition(" ")
        return (
            bool(expected)
            and kind.lower() == "bearer"
            and hmac.compare_digest(given.encode(), expected.encode())
        )
