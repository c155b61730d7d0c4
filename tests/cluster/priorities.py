"""The admission plugin Priority, for pods that name a PriorityClass (others: ``defaults``)."""

from __future__ import annotations

from .calls import Call
from .inside import Inside
from .server import Server
from .status import Object, forbidden

CLASSES = "priorityclasses.scheduling.k8s.io"


class Priorities:
    """Writes a class's number into a new pod; refuses a class that is not there."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def admit(self, call: Call, obj: Object, old: Object | None) -> None:
        name = obj.get("spec", {}).get("priorityClassName")
        if call.served.id != "pods" or old is not None or not name:
            return
        found = self._inside.get(CLASSES, "", name)
        if found is None:
            why = f"no PriorityClass with name {name} was found"
            raise forbidden("", "pods", obj["metadata"].get("name", ""), why)
        obj["spec"]["priority"] = int(found["value"])
        obj["spec"].setdefault("preemptionPolicy", "PreemptLowerPriority")


def install(server: Server) -> None:
    server.registry.mutating.append(Priorities(server.inside("admission")).admit)
