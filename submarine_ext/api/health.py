"""Is the server alive and could it work? For probes, which carry no credential.

It tells two booleans and opens nothing, so that strangers can neither learn nor cause
anything by it.
"""

from __future__ import annotations

from msgspec import Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability


class Health(Struct, frozen=True):
    """``ready`` is False (status 503) while the services could not be opened."""

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
