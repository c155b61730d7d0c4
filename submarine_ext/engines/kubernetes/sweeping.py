"""Takes away what nobody else would: objects that nobody waits for any more.

An attempt takes its own away. What a server left that was killed while it placed a job, and
that the next one had no use for, never runs, yet counts in quotas; and objects of kinds
without a time to live would stay for ever. Only this site's objects are looked at, and what
runs is left alone, whoever has forgotten it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.cluster import Cluster
from submarine_ext.engines.kubernetes.diagnosis import facts
from submarine_ext.engines.kubernetes.kinds.base import Kind, Object
from submarine_ext.engines.kubernetes.removing import PODS, Removal
from submarine_ext.engines.kubernetes.transport import Api

MOST = 200  # objects taken away in one sweep of a namespace; the next one goes on
PAGE = "500"  # objects looked at of a kind


class Sweep:
    """``wanted`` are the labels of all unfinished tasks that there were at ``since`` (epoch
    seconds), or are now: what is younger is not judged by them.
    """

    def __init__(self, cluster: Cluster, wanted: AbstractSet[str], since: float) -> None:
        self._cluster = cluster
        self._wanted = wanted
        self._since = since

    async def run(self) -> None:
        """Sweep every namespace in use once. What the cluster refuses is left for later."""
        served = await self._cluster.offer()
        for namespace, who in (await self._cluster.places()).items():
            left = MOST
            try:
                api = await self._cluster.as_whom(who)
                for kind in served.usable:
                    left -= await self._kind(api, namespace, kind, left)
            except ApiError:
                continue  # no right, or no such namespace: not ours to sweep

    async def _kind(self, api: Api, namespace: str, kind: Kind, most: int) -> int:
        removal = Removal(api, self._cluster.reach, namespace)
        found = await self._list(api, kind.resource.path(namespace))
        idle = [top for top in found if _label(top) not in self._wanted]
        past = [top for top in idle if self._ended_long_ago(kind, top)]
        unborn = [top for top in idle if self._forgotten(kind, top)]
        if unborn:  # asked after the objects: whoever ran by then shows here
            began = set(_began(await self._list(api, PODS.path(namespace))))
            unborn = [top for top in unborn if _label(top) not in began]
        for top in (swept := [*past, *unborn][:most]):
            about = top["metadata"]
            await removal.delete(kind.resource, about["name"], about["uid"])
        return len(swept)

    async def _list(self, api: Api, path: str) -> list[Object]:
        selector = f"{names.selector(self._cluster.site)},{names.TASK}"
        params = {"labelSelector": selector, "limit": PAGE}
        found: list[Object] = []
        while True:
            page = await self._cluster.reach.through(
                lambda: api.request("GET", path, params=dict(params))
            )
            found += facts.items(page, "items")
            if not (more := facts.text(facts.part(page, "metadata"), "continue")):
                return found
            params["continue"] = more

    def _ended_long_ago(self, kind: Kind, top: Object) -> bool:
        state = kind.read(top)
        if state.verdict is None or not state.settled or state.deleting:
            return False
        times = [facts.moment(c.get("lastTransitionTime")) for c in _conditions(top)]
        ended = max(filter(None, times), default=None)
        return ended is not None and ended + self._cluster.settings.ttl_seconds < time.time()

    def _forgotten(self, kind: Kind, top: Object) -> bool:
        """No end, and older than what we know of all tasks, to which it does not belong."""
        state = kind.read(top)
        made = facts.moment(top["metadata"].get("creationTimestamp"))
        old = made is not None and made + self._cluster.patience.skew < self._since
        return state.verdict is None and not state.deleting and old


def _conditions(top: Object) -> list[Object]:
    return facts.items(top, "status", "conditions")


def _label(thing: Object) -> str:
    return facts.text(facts.part(thing, "metadata", "labels"), names.TASK)


def _began(pods: list[Object]) -> Iterator[str]:
    """The tasks of which a container ever began."""
    for pod in pods:
        ran = any(_ran(status) for status in facts.containers(pod))
        if ran or facts.phase(pod) in ("Running", "Succeeded", "Failed", "Unknown"):
            yield _label(pod)


def _ran(status: Object) -> bool:
    states = (facts.part(status, "state"), facts.part(status, "lastState"))
    return any(facts.part(state, word) for state in states for word in ("running", "terminated"))
