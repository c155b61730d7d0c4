"""Paths that are no resource: discovery, OpenAPI, version and health."""

from __future__ import annotations

from aiohttp import web

from .calls import Call
from .server import Server
from .status import no_page

VERSION = {
    "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
    "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.2",
    "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406", "gitTreeState": "clean",
    "buildDate": "2026-11-22T11:38:35Z", "goVersion": "go1.26.6", "compiler": "gc",
    "platform": "linux/amd64",
}  # fmt: skip


def answer(server: Server, call: Call, request: web.Request) -> web.Response:
    if call.path == "/version":
        return web.json_response(VERSION, headers={"Cache-Control": "no-cache, private"})
    if call.path in {"/healthz", "/livez", "/readyz"}:
        return web.Response(text="ok", headers={"Cache-Control": "no-cache, private"})
    raise no_page()
