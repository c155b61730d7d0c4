"""The parts of the cluster, in the order they are installed. Each has ``install(server)``.

Named here once; a part that ``Settings.without`` names stays out.
"""

from __future__ import annotations

from importlib import import_module

from . import custom
from .server import Server

#: access, admission, garbage: policy; the rest: controllers and the machines.
PARTS: tuple[str, ...] = (
    "authorizing",
    "admission",
    "garbage",
    "janitors",
    "priorities",
    "kubelet",
    "podlog",
    "scheduler",
    "job_controller",
    "disruptions",
    "queues",
    "operators",
)


def install(server: Server) -> None:
    custom.install(server)
    for part in PARTS:
        if part not in server.settings.without:
            import_module(f"tests.cluster.{part}").install(server)
