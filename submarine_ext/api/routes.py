"""Every route there is. What is not in this table answers 404.

Paths are OpenAPI templates below :data:`BASE`; the same table makes tornado's patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from submarine_ext.api import (
    audit,
    bundles,
    contents,
    engines,
    events,
    files,
    health,
    jobs,
    machines,
    openapi,
    outputs,
    people,
    projects,
    queue,
    secrets,
    teams,
    transfers,
)
from submarine_ext.api.base import Guard, Nowhere

BASE = "/submarine/api"

ROUTES: dict[str, type[Guard]] = {
    "/me": people.WhoAmI,
    "/users": people.Users,
    "/users/{user}": people.OneUser,
    "/teams": teams.Teams,
    "/teams/{team}": teams.OneTeam,
    "/teams/{team}/members/{user}": teams.OneMember,
    "/projects": projects.Projects,
    "/projects/{project}": projects.OneProject,
    "/projects/{project}/grants": projects.Grants,
    "/projects/{project}/grants/{subject}": projects.OneGrant,
    "/projects/{project}/transfer": projects.Transfer,
    "/projects/{project}/transfer/accept": projects.Accept,
    "/projects/{project}/break-glass": projects.Emergency,
    "/projects/{project}/secrets": secrets.Secrets,
    "/projects/{project}/secrets/{secret}": secrets.OneSecret,
    "/projects/{project}/versions/{path}": files.Versions,
    "/projects/{project}/merges/{path}": files.Merges,
    "/projects/{project}/trash": files.Trash,
    "/projects/{project}/trash/{path}": files.OneTrashed,
    "/projects/{project}/imports": files.Imports,
    "/projects/{project}/exports/{path}": files.Export,
    "/contents": contents.Root,
    "/contents/{project}": contents.ProjectFolder,
    "/contents/{project}/{path}/checkpoints/{version}": contents.OneCheckpoint,
    "/contents/{project}/{path}/checkpoints": contents.Checkpoints,
    "/contents/{project}/{path}": contents.OnePath,
    "/files/{project}/{path}": transfers.OneFile,
    "/projects/{project}/jobs": jobs.ProjectJobs,
    "/projects/{project}/preflight": jobs.ProjectPreflight,
    "/jobs/{job}": jobs.OneJob,
    "/jobs/{job}/stop": jobs.Stop,
    "/jobs/{job}/retry": jobs.Retry,
    "/jobs/{job}/logs": outputs.Logs,
    "/jobs/{job}/logs/search": outputs.LogSearch,
    "/jobs/{job}/logs/download": outputs.LogFile,
    "/jobs/{job}/metrics": outputs.MetricsOf,
    "/jobs/{job}/artifacts": outputs.Artifacts,
    "/jobs/{job}/artifacts/{path}": outputs.OneArtifact,
    "/bundles": bundles.Bundles,
    "/bundles/{sha256}": bundles.OneBundle,
    "/queue": queue.WholeQueue,
    "/engines": engines.Engines,
    "/engines/{engine}/checks": engines.Checks,
    "/machines/{user}": machines.OneMachine,
    "/audit": audit.Audit,
    "/events": events.Events,
    "/tickets": events.Tickets,
    "/health": health.HealthCheck,
    "/health/live": health.Live,
    "/health/ready": health.Ready,
    "/openapi.json": openapi.Description,
}

#: What a part of a path can be; anything else is a route that does not exist.
PARTS = {
    "project": r"[a-z0-9][a-z0-9-]{0,62}",
    "engine": r"[^/]{1,63}",
    "job": r"j[0-9a-hjkmnp-tv-z]{11}",
    "sha256": r"[0-9a-f]{64}",
    "path": r".{1,4096}",
    "team": r"[a-z0-9][a-z0-9-]{0,62}",
    "user": r"[^/]{1,1024}",
    "subject": r"(?:user|team)(?::|%3[aA])[^/]{1,1024}",
    "secret": r"[A-Za-z_][A-Za-z0-9_]{0,254}",
    "version": r"[0-9]{1,18}",
}


def handlers() -> list[tuple[str, type[Guard], dict[str, Any]]]:
    """Patterns below the server's base URL, who answers there, and with what."""
    return registered(lambda _, handler: (handler, _given(handler)))


def registered(
    answered_by: Callable[[str, type[Guard]], tuple[type[Guard], dict[str, Any]]],
) -> list[tuple[str, type[Guard], dict[str, Any]]]:
    """The whole table as tornado wants it; ``answered_by`` says who stands at a route."""
    known = [
        (BASE + pattern(path), *answered_by(path, handler)) for path, handler in ROUTES.items()
    ]
    return [*known, (f"{re.escape(BASE)}(?:/.*)?", Nowhere, {})]


def _given(handler: type[Guard]) -> dict[str, Any]:
    is_description = handler is openapi.Description
    return {"routes": ROUTES, "patterns": PARTS} if is_description else {}


def pattern(path: str) -> str:
    """A template as a regular expression with named groups."""
    return re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m[1]}>{PARTS[m[1]]})", re.escape(path))


def route_of(handler: object) -> str:
    """The template that a request was answered by; '-' for what has none."""
    return next((path for path, kind in ROUTES.items() if type(handler) is kind), "-")
