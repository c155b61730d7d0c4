"""Puts together what is seen of an attempt: for the diagnosis, and when its pods ran."""

from __future__ import annotations

from typing import Any

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes.diagnosis.facts import items, moment, part, text
from submarine_ext.engines.kubernetes.diagnosis.view import View
from submarine_ext.engines.kubernetes.kinds.base import Kind, Object, Top
from submarine_ext.engines.kubernetes.placement import Placement
from submarine_ext.engines.kubernetes.pod import report
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.sights import Sight, Sights


class Eyes:
    """Looks at one attempt through the watches of its namespace."""

    def __init__(
        self, task: Task, settings: Settings, placement: Placement, kind: Kind,
        sights: Sights, sight: Sight,
    ) -> None:  # fmt: skip
        self.sight = sight
        self._task = task
        self._settings = settings
        self._placement = placement
        self._kind = kind
        self._sights = sights

    def read(self, top: Object | None) -> Top | None:
        """The top object's state."""
        return None if top is None else self._kind.read(top)

    def pods(self) -> list[tuple[int, Object]]:
        """Every pod that runs ranks, or did, with its node; by node and then by age."""
        nodes = ((self._node(pod), pod) for pod in self.sight.all_pods())
        found = [(node, pod) for node, pod in nodes if node is not None]
        return sorted(found, key=lambda one: one[0])

    def _node(self, pod: Object) -> int | None:
        """Whoever may make pods may give them our labels, and no node or one that is none."""
        try:
            node = self._kind.node(pod)
        except (KeyError, TypeError, ValueError):
            return None
        nodes = self._task.spec.distributed.nodes
        return node if node is not None and 0 <= node < nodes else None

    def started(self) -> float | None:
        """When the first container began, in seconds since the epoch."""
        times = [_begun(status) for _, pod in self.pods() for status in _containers(pod)]
        return min(filter(None, times), default=None)

    def runs(self) -> bool:
        """Whether a container runs now, and is not being ended."""
        return any(
            part(status, "state", "running")
            for _, pod in self.pods()
            if pod["metadata"]["uid"] in self.sight.pods
            and "deletionTimestamp" not in pod["metadata"]
            for status in _containers(pod)
        )

    def reports(self) -> dict[int, dict[str, Any]]:
        """What the newest pod of each node left as it ended."""
        found = {}
        for node, pod in self.pods():
            for status in _containers(pod):
                left = report.read(text(part(status, "state", "terminated"), "message"))
                if left is not None:
                    found[node] = report.as_view(left)
        return found

    def view(self, top: Object | None, position: int | None = None) -> View:
        """All of it."""
        pods = [pod for _, pod in self.pods()]
        uid = top["metadata"]["uid"] if top else ""
        workload = self._sights.workload_of(uid)
        about = [thing["metadata"]["uid"] for thing in (top, workload, *pods) if thing]
        return View(
            spec=self._task.spec,
            settings=self._settings,
            namespace=self._placement.namespace,
            top=self.read(top),
            top_object=top,
            pods=pods,
            events=self._sights.events_about(about),
            reports=self.reports(),
            workload=workload,
            position=position,
            queue=self._placement.queue,
        )


def _containers(pod: Object) -> list[Object]:
    return items(pod, "status", "containerStatuses")


def _begun(status: Object) -> float | None:
    state = part(status, "state")
    ran = part(state, "running") or part(state, "terminated")
    return moment(ran.get("startedAt"))
