"""What can be known of a job before it is submitted: rights, room, policy, queue.

Everything is asked at the same time, as whoever the job will be, and nothing is stored by
it. A question without an answer (the cluster is away, the right to ask is missing) finds
nothing: then the job is accepted, and the engine says later what it waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Finding, Prospect
from submarine_ext.engines.kubernetes import names, rbac, template
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.cargo import Cargo
from submarine_ext.engines.kubernetes.cluster import Cluster, identity, namespace
from submarine_ext.engines.kubernetes.diagnosis import refusals, room
from submarine_ext.engines.kubernetes.diagnosis.facts import condition, items, part, text
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import View, Weight
from submarine_ext.engines.kubernetes.kinds import choose
from submarine_ext.engines.kubernetes.kinds.base import Draft, Kind, Object
from submarine_ext.engines.kubernetes.placement import Identity
from submarine_ext.engines.kubernetes.rights import spoken
from submarine_ext.engines.kubernetes.transport import Api, ClusterUnusable

SECONDS = 2.5  # all questions together: somebody waits for the answer
NAME = "submarine-ext-preflight"
_DRY = {"dryRun": "All", "fieldValidation": "Strict"}
_ADMIN = "Ask an administrator of this server."


class _Plan(Struct, frozen=True, kw_only=True):
    """The job as it would be made."""

    api: Api
    who: Identity
    spec: JobSpec
    namespace: str
    kind: Kind
    draft: Draft
    view: View


class Preflight:
    """Of one engine."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._rights = cluster.rights

    async def findings(self, prospect: Prospect) -> list[Finding]:
        """What is known now, the final things first. Takes ``SECONDS`` at most.

        :raises Invalid: what the cluster offers rules the spec out.
        """
        if self._cluster.reach.reason is not None:
            return []
        try:
            async with asyncio.timeout(SECONDS):
                try:
                    plan = await self._plan(prospect)
                except ClusterUnusable as error:  # nobody can act in this person's name
                    return [Finding(text=error.detail)]
                found = await asyncio.gather(*(_quietly(check(plan)) for check in self._checks()))
        except (TimeoutError, ApiError):
            return []
        unique = {finding.text: finding for several in found for finding in several}
        return sorted(unique.values(), key=lambda finding: not finding.fatal)

    def _checks(self) -> list[Callable[[_Plan], Awaitable[list[Finding]]]]:
        return [self._allowed, _room, _top, self._pod, self._queue]

    async def _plan(self, prospect: Prospect) -> _Plan:
        settings, spec = self._cluster.settings, prospect.spec
        served = await self._cluster.offer()
        who = identity(settings, prospect)
        api = await self._cluster.as_whom(who)
        place = namespace(settings, prospect, api.namespace)
        kind = choose.choose(spec, settings, served)
        cargo = Cargo(name=NAME, kit={})
        draft = Draft(
            name=NAME, namespace=place, labels={names.MANAGED: names.MANAGER}, annotations={},
            spec=spec, template=template.pod(spec, settings, cargo, {}, {}),
            queue=choose.queue(spec, settings), ttl_seconds=settings.ttl_seconds,
            runtime=settings.runtime,
        )  # fmt: skip
        view = View(spec=spec, settings=settings, namespace=place, top=None)
        return _Plan(
            api=api, who=who, spec=spec, namespace=place, kind=kind, draft=draft, view=view
        )

    async def _allowed(self, plan: _Plan) -> list[Finding]:
        wanted = rbac.rules([plan.kind.resource], queues=plan.draft.queue is not None)
        needed = [rule for rule in wanted if rule.without is None]
        missing = await self._rights.missing(plan.api, plan.who, plan.namespace, needed)
        if not missing:
            return []
        lacking = spoken(need for _, needs in missing for need in needs)
        whom = f"{plain(plan.who.user, 80)} may" if plan.who.user else "This server may"
        said = f"{whom} not do in {plan.namespace} what jobs need: {plain(lacking)}."
        todo = "An administrator's `submarine doctor kubernetes` says how to allow it."
        return [Finding(text=f"{said} {todo}")]

    async def _pod(self, plan: _Plan) -> list[Finding]:
        """Only a pod meets all that pods meet; many who may make jobs may not make pods."""
        if not await self._rights.may(plan.api, plan.who, plan.namespace, ("", "pods", "create")):
            return []
        pod = {"apiVersion": "v1", "kind": "Pod", **plan.draft.template}
        pod["metadata"] = {**part(pod, "metadata"), "name": NAME}
        return await _dry_run(plan, f"/api/v1/namespaces/{plan.namespace}/pods", pod)

    async def _queue(self, plan: _Plan) -> list[Finding]:
        name = plan.draft.queue
        served = (await self._cluster.offer()).resources
        resource = next((found for found in served if found.plural == "localqueues"), None)
        if name is None or resource is None:
            return []
        try:
            found = await plan.api.request("GET", resource.path(plan.namespace, name))
        except ApiError as error:
            if error.status != 404:
                raise
            listed = await plan.api.request("GET", resource.path(plan.namespace))
            return [_no_queue(plan, name, listed)]
        if idle := condition(found, "Active", status="False"):
            said = f"The queue {name} does not work now: {quoted(text(idle, 'message'))}."
            return [Finding(text=said, field="queue", fatal=False)]
        return []


async def _room(plan: _Plan) -> list[Finding]:
    root = f"/api/v1/namespaces/{plan.namespace}"
    quotas, ranges = await asyncio.gather(
        plan.api.request("GET", f"{root}/resourcequotas"),
        plan.api.request("GET", f"{root}/limitranges"),
    )
    resource, nodes = plan.kind.resource, plan.spec.distributed.nodes
    made = {f"{resource.plural}.{resource.group}": 1, "configmaps": 2 if plan.spec.bundle else 1}
    made["secrets"] = int(bool(plan.spec.secrets))
    found = {"quotas": items(quotas, "items"), "ranges": items(ranges, "items")}
    pod = part(plan.draft.template, "spec")
    return room.findings(plan.namespace, pod, nodes, made, **found)


async def _top(plan: _Plan) -> list[Finding]:
    """The job itself: an unknown namespace, a policy's warning, a webhook's word."""
    path = plan.kind.resource.path(plan.namespace)
    return await _dry_run(plan, path, plan.kind.manifest(plan.draft))


async def _dry_run(plan: _Plan, path: str, body: Object) -> list[Finding]:
    warned: list[str] = []
    try:
        await plan.api.request("POST", path, params=_DRY, body=body, warned=warned.append)
    except ApiError as error:
        if error.transient or "cannot create resource" in error.message:
            return []  # rights are asked for by themselves
        said = refusals.explain(plan.view, error.message)
        return [Finding(text=said.text, field=said.field, fatal=said.weight is Weight.STUCK)]
    return [_warning(plan, text) for text in warned]


def _warning(plan: _Plan, warning: str) -> Finding:
    """Of Pod Security a Job is only warned; its pods are refused where that is enforced."""
    return Finding(
        text=f"The cluster warns about jobs in {plan.namespace}: {quoted(warning)}. {_ADMIN}",
        fatal=False,
    )


def _no_queue(plan: _Plan, name: str, listed: Object) -> Finding:
    known = [text(part(item, "metadata"), "name") for item in items(listed, "items")]
    there = f"there is {plain(', '.join(sorted(known)))}" if known else "there is none"
    todo = "Choose one of them." if known and plan.spec.queue else _ADMIN
    said = f"There is no queue {name!r} in {plan.namespace}; {there}. {todo}"
    return Finding(text=said, field="queue")


async def _quietly(check: Awaitable[list[Finding]]) -> list[Finding]:
    """A question that is not answered finds nothing."""
    try:
        return await check
    except ApiError:
        return []
