"""Takes an attempt away from the cluster, and makes sure that nothing of it is left.

A Job deleted without a propagation policy leaves its pods running; pods deleted with no
grace at all vanish from the API while their processes still run. Neither is asked here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource
from submarine_ext.engines.kubernetes.reach import Reach
from submarine_ext.engines.kubernetes.transport import Api

PODS = Resource("", "v1", "pods", "Pod")


class Removal:
    """What can be asked about the objects of one attempt's namespace.

    Every method raises ApiError where the cluster definitely refuses.
    """

    def __init__(self, api: Api, reach: Reach, namespace: str) -> None:
        self._api = api
        self._reach = reach
        self._namespace = namespace

    async def find(self, resource: Resource, name: str) -> Object | None:
        """The object as it is now, None where there is none."""
        path = resource.path(self._namespace, name)
        try:
            return await self._reach.through(lambda: self._api.request("GET", path))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def delete(self, resource: Resource, name: str, uid: str) -> bool:
        """Have it deleted with all that it owns; False if it does not exist any more."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        return await self._gone_or(resource, name, options)

    async def end_pod(self, pod: Object, grace_seconds: float | None) -> None:
        """Have a pod ended, not later than ``grace_seconds`` from now; None: its own grace."""
        about = pod["metadata"]
        options: Object = {"preconditions": {"uid": about["uid"]}}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = at_least_one(grace_seconds)
        await self._gone_or(PODS, about["name"], options)

    async def pods(self, task: str, site: str) -> list[Object]:
        """The pods of an attempt, as the server knows them now."""
        params = {"labelSelector": f"{names.selector(site)},{names.TASK}={names.label(task)}"}
        path = PODS.path(self._namespace)
        found = await self._reach.through(lambda: self._api.request("GET", path, params=params))
        return found.get("items") or []

    async def _gone_or(self, resource: Resource, name: str, options: Mapping[str, object]) -> bool:
        path, body = resource.path(self._namespace, name), dict(options)
        try:
            await self._reach.through(lambda: self._api.request("DELETE", path, body=body))
        except ApiError as error:
            if error.status in {404, 409}:  # it is gone, or another has its name
                return False
            raise
        return True


def at_least_one(grace_seconds: float) -> int:
    """Whole seconds, and never 0: that would drop the pod without waiting for its end."""
    return max(1, math.ceil(grace_seconds))


def ended(pod: Object) -> bool:
    """Whether all its containers have ended for good."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
