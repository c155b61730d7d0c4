"""Is the server alive and could it work? For probes, which carry no credential.

``/health/live`` fails where only a restart helps, so whatever answers is live;
``/health/ready`` fails where requests should go elsewhere or wait. They tell two booleans and
open nothing, so that strangers can neither learn nor cause anything by them.
"""

from __future__ import annotations

from msgspec import Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability


class Health(Struct, frozen=True):
    """``ready`` is False (status 503) while the services could not be opened, and from when the
    server was told to stop.
    """

    live: bool
    ready: bool


class HealthCheck(Endpoint):
    """``/health``"""

    @operation(Capability.PUBLIC, answers={200: Health, 503: Health})
    async def get(self) -> Health:
        """Live and ready?"""
        ready = self.site.ready()
        self.set_status(200 if ready else 503)
        return Health(live=True, ready=ready)


class Live(Endpoint):
    """``/health/live``"""

    @operation(Capability.PUBLIC, answer=Health)
    async def get(self) -> Health:
        """Live?"""
        return Health(live=True, ready=self.site.ready())


class Ready(HealthCheck):
    """``/health/ready``"""
