"""Every route there is. What is not in this table answers 404.

Paths are OpenAPI templates below :data:`BASE`; the same table makes tornado's patterns.
"""

from __future__ import annotations

import re
from typing import Any

from submarine_ext.api import bundles, engines, events, health, jobs, openapi, outputs, people
from submarine_ext.api.base import Guard, Nowhere

BASE = "/submarine/api"

ROUTES: dict[str, type[Guard]] = {
    "/me": people.WhoAmI,
    "/projects": people.Projects,
    "/projects/{project}/jobs": jobs.ProjectJobs,
    "/jobs/{job}": jobs.OneJob,
    "/jobs/{job}/stop": jobs.Stop,
    "/jobs/{job}/retry": jobs.Retry,
    "/jobs/{job}/logs": outputs.Logs,
    "/jobs/{job}/metrics": outputs.MetricsOf,
    "/jobs/{job}/artifacts": outputs.Artifacts,
    "/jobs/{job}/artifacts/{path}": outputs.OneArtifact,
    "/bundles": bundles.Bundles,
    "/bundles/{sha256}": bundles.OneBundle,
    "/engines": engines.Engines,
    "/events": events.Events,
    "/tickets": events.Tickets,
    "/health": health.HealthCheck,
    "/openapi.json": openapi.Description,
}

#: What a part of a path can be; anything else is a route that does not exist.
PARTS = {
    "project": r"[a-z0-9][a-z0-9-]{0,62}",
    "job": r"j[0-9a-hjkmnp-tv-z]{11}",
    "sha256": r"[0-9a-f]{64}",
    "path": r".{1,4096}",
}


def handlers() -> list[tuple[str, type[Guard], dict[str, Any]]]:
    """Patterns below the server's base URL, who answers there, and with what."""
    known = [(BASE + pattern(path), handler, _given(handler)) for path, handler in ROUTES.items()]
    return [*known, (f"{re.escape(BASE)}(?:/.*)?", Nowhere, {})]


def _given(handler: type[Guard]) -> dict[str, Any]:
    is_description = handler is openapi.Description
    return {"routes": ROUTES, "patterns": PARTS} if is_description else {}


def pattern(path: str) -> str:
    """A template as a regular expression with named groups."""
    return re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m[1]}>{PARTS[m[1]]})", re.escape(path))
