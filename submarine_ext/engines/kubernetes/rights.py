"""Asks the cluster what one may do in a namespace, and remembers the answers for a minute.

A review says nothing about whether what it is about exists.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from submarine_ext.engines.kubernetes.diagnosis.facts import part
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.placement import Identity
from submarine_ext.engines.kubernetes.rbac import Rule
from submarine_ext.engines.kubernetes.transport import Api

Need = tuple[str, str, str]

FRESH = 60.0  # seconds that an answer is believed
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Rights:
    """Answers by identity, namespace and need. Methods raise ApiError for no answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[Identity, str, Need], tuple[float, bool]] = {}

    async def missing(
        self, api: Api, who: Identity, namespace: str, rules: Iterable[Rule]
    ) -> list[tuple[Rule, list[Need]]]:
        """The rules of which something is not held, with what that is."""
        asked = [(rule, need) for rule in rules for need in rule.needs]
        reviews = (self.may(api, who, namespace, need) for _, need in asked)
        answers = await asyncio.gather(*reviews)
        lacking: dict[Rule, list[Need]] = {}
        for (rule, need), allowed in zip(asked, answers, strict=True):
            if not allowed:
                lacking.setdefault(rule, []).append(need)
        return list(lacking.items())

    async def may(self, api: Api, who: Identity, namespace: str, need: Need) -> bool:
        """Whether this is allowed in the namespace."""
        key = (who, namespace, need)
        known = self._known.get(key)
        if known is not None and self._clock() - known[0] < FRESH:
            return known[1]
        allowed = await review(api, _attributes(namespace, need))
        self._known = {k: v for k, v in self._known.items() if self._clock() - v[0] < FRESH}
        self._known[key] = (self._clock(), allowed)
        return allowed


async def review(api: Api, attributes: Object) -> bool:
    """What the cluster says of one thing that one might do."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await api.request("POST", _REVIEWS, body=body)
    return part(answer, "status").get("allowed") is True


async def whoami(api: Api) -> str:
    """The name by which the cluster knows us."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await api.request("POST", _SELF, body=body)
    return str(part(answer, "status", "userInfo").get("username") or "")


def spoken(needs: Iterable[Need]) -> str:
    """``create and get configmaps; list pods``"""
    verbs: dict[str, list[str]] = {}
    for group, resource, verb in needs:
        verbs.setdefault(f"{resource}.{group}" if group else resource, []).append(verb)
    return "; ".join(f"{', '.join(found)} {resource}" for resource, found in verbs.items())


def _attributes(namespace: str, need: Need) -> Object:
    group, resource, verb = need
    resource, _, below = resource.partition("/")
    attributes = {"namespace": namespace, "group": group, "resource": resource, "verb": verb}
    return {**attributes, "subresource": below} if below else attributes
