"""Kubeflow's operators in their least form: they make pods, tell ranks, say how it goes.

Here they are told of changes; what they do is in ``trainer`` and ``training_operator``.
"""

from __future__ import annotations

from .server import Server
from .storage import Change
from .trainer import JOBS, TRAINJOBS, Trainer
from .training_operator import V1, V1Operator
from .work import Timing, Work


class Operators:
    """Both operators; each kind only where its CRD is."""

    def __init__(self, server: Server, timing: Timing) -> None:
        self._server, self._timing = server, timing
        self._trainer = Trainer(server.inside("trainer"))
        self._v1 = {
            resource: V1Operator(server.inside("training-operator"), resource) for resource in V1
        }
        self._work: dict[str, Work] = {TRAINJOBS: Work(self._trainer.sync)}
        self._work |= {resource: Work(each.sync) for resource, each in self._v1.items()}
        server.storage.listeners.append(self._note)

    async def close(self) -> None:
        for work in self._work.values():
            work.close()

    def _note(self, resource: str, change: Change) -> None:
        if resource in self._work and change.type != "DELETED":
            if (
                change.before is None
                or change.before.object["spec"] != change.record.object["spec"]
            ):
                self._work[resource].add(change.record.key)
            return
        if resource not in {"pods", JOBS}:
            return
        metadata = change.record.object["metadata"]
        for owner in metadata.get("ownerReferences") or ():
            for mine, work in self._work.items():
                if mine in self._server.kinds and self._server.kinds[mine].kind == owner["kind"]:
                    work.add((metadata["namespace"], owner["name"]), self._timing.own)


def install(server: Server) -> None:
    timing = server.settings.more.get("timing", Timing())
    server.closing.append(Operators(server, timing).close)
