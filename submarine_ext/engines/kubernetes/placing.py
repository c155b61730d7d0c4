"""Makes an attempt's objects, so that whatever is killed in between, it runs at most once.

The order is the proof. The top object is made suspended. Its uid is written down before
anything else, and only the object of that uid is ever completed or let go; one that was
made a second time is taken away again. Where a queue lets jobs run and not we, pods wait
for the ConfigMap with the launcher, which is made after the uid was written down too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import bundle, names, objects
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.cluster import Cluster, Ground
from submarine_ext.engines.kubernetes.diagnosis import refusals
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight
from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Resource
from submarine_ext.engines.kubernetes.placement import Memory
from submarine_ext.errors import Invalid, SubmarineError
from submarine_ext.failpoints import reach

T = TypeVar("T")

STRICT = {"fieldValidation": "Strict"}


class RefusedError(SubmarineError):
    """The cluster will not have it; ``detail`` is for people."""


class BusyError(SubmarineError):
    """The cluster will not have it now, but will when others have ended; ``said`` is why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.text)
        self.said = said


class GoneError(Exception):
    """The object that was to run this attempt does not exist any more."""


class Order:
    """One attempt's objects, made by :meth:`fulfil` as often as it takes."""

    def __init__(self, task: Task, memory: Memory, cluster: Cluster, ground: Ground) -> None:
        self.asked = False  # whether the cluster may have heard of it in this process
        self.halting = False  # a cancelled request is to be waited for: it may take effect
        self._task = task
        self._memory = memory
        self._placement = ground.placement
        self._kind = ground.kind
        self._api = ground.api
        self._reach = cluster.reach
        self._settings = cluster.settings
        self._site = cluster.site

    async def fulfil(self) -> Object:
        """Make what is missing, let it go, and answer with the top object.

        :raises RefusedError: the cluster will not have it, or it cannot be sent.
        :raises BusyError: it will not have it now; what was made so far stays.
        :raises GoneError: somebody deleted it meanwhile.
        """
        try:
            cargo = await asyncio.to_thread(bundle.cargo, self._task, self._settings, self._kind)
        except Invalid as error:
            raise RefusedError(error.detail) from error
        draft = objects.draft(
            self._task, self._settings, cargo, site=self._site,
            namespace=self._placement.namespace, queue=self._placement.queue,
        )  # fmt: skip
        top = await self._top(draft)
        uid = top["metadata"]["uid"]
        if self._kind.read(top).suspended and not objects.mounted(top) <= set(cargo.names):
            raise RefusedError(
                "The server was updated while it sent this job to the cluster. Run it again."
            )
        for resource, owned in objects.owned(draft, cargo, self._kind, uid):
            await self._own(resource, owned, uid)
            reach("owned-made")
        if self._placement.queue is None and self._kind.read(top).suspended:
            top = await self._let_go(uid)
        reach("let-go")
        await asyncio.to_thread(self._memory.begin)
        reach("begun-written")
        return top

    async def _top(self, draft: Draft) -> Object:
        """The one top object, made if it never was."""
        uid = await asyncio.to_thread(self._memory.uid)
        if uid is not None:
            top = await self._find(self._kind.resource, draft.name)
            if top is None or top["metadata"]["uid"] != uid:
                raise GoneError
            return top
        top = await self._make_top(draft)
        reach("top-made")
        uid = top["metadata"]["uid"]
        if await asyncio.to_thread(self._memory.made, uid) != uid:
            await self._take_back(draft.name, uid)
            raise GoneError
        reach("uid-written")
        return top

    async def _make_top(self, draft: Draft) -> Object:
        """A new one, or ours that was there already."""
        resource, manifest = self._kind.resource, self._kind.manifest(draft)
        while True:
            if (made := await self._make(resource, manifest)) is not None:
                return made
            found = await self._find(resource, draft.name)
            if found is None:
                continue  # deleted since; before its uid was known it cannot have run
            if not names.ours(found["metadata"].get("labels"), self._task.name, self._site):
                raise RefusedError(
                    f"The cluster has a {resource.kind} {draft.name!r} in namespace "
                    f"{draft.namespace!r} that this server did not make. Run the job again."
                )
            return found

    async def _own(self, resource: Resource, owned: Object, uid: str) -> None:
        name = owned["metadata"]["name"]
        if await self._make(resource, owned) is not None or resource == objects.SECRET:
            return  # who may not read Secrets cannot look whose it is
        found = await self._find(resource, name)
        owners = (found or {}).get("metadata", {}).get("ownerReferences") or []
        if found is None:
            await self._own(resource, owned, uid)
        elif uid not in [owner.get("uid") for owner in owners]:
            raise RefusedError(
                f"The cluster has a {resource.kind} {name!r} in namespace "
                f"{self._placement.namespace!r} that this server did not make. Run the job again."
            )

    async def _let_go(self, uid: str) -> Object:
        patch = self._kind.unsuspend()
        patch = {**patch, "metadata": {**patch.get("metadata", {}), "uid": uid}}
        path = self._kind.resource.path(self._placement.namespace, self._placement.name)
        try:
            return await self._ask(
                lambda: self._api.request("PATCH", path, params=STRICT, body=patch, patch=True)
            )
        except ApiError as error:
            if error.status in {404, 409}:
                raise GoneError from error
            raise self._refused(error) from error

    async def _make(self, resource: Resource, manifest: Object) -> Object | None:
        """None: there is one of this name."""
        path = resource.path(self._placement.namespace)
        before, sent = self.asked, 0

        async def post() -> Object:
            nonlocal sent
            sent += 1
            try:
                return await self._api.request("POST", path, params=STRICT, body=manifest)
            except ApiError as error:
                if error.status == 500 and isinstance(told := self._refused(error), BusyError):
                    raise told from error  # of its checks one is away, not the cluster
                raise

        self.asked = True
        try:
            return await self._ask(post)
        except ApiError as error:
            if error.reason == "AlreadyExists":
                return None
            self.asked = before or sent > 1  # the first answer was no: nothing was made
            raise self._refused(error) from error

    async def _find(self, resource: Resource, name: str) -> Object | None:
        path = resource.path(self._placement.namespace, name)
        try:
            return await self._ask(lambda: self._api.request("GET", path))
        except ApiError as error:
            if error.status == 404:
                return None
            raise self._refused(error) from error

    async def _take_back(self, name: str, uid: str) -> None:
        """A second one, which was never let go."""
        path = self._kind.resource.path(self._placement.namespace, name)
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        try:
            await self._ask(lambda: self._api.request("DELETE", path, body=options))
        except ApiError as error:
            if error.status not in {404, 409}:
                raise self._refused(error) from error

    async def _ask(self, request: Callable[[], Awaitable[T]]) -> T:
        return await self._reach.through(lambda: self._whole(request))

    async def _whole(self, request: Callable[[], Awaitable[T]]) -> T:
        """One request, which a stop does not cut: what was sent may still take effect."""
        flight = asyncio.ensure_future(request())
        try:
            return await asyncio.shield(flight)
        except asyncio.CancelledError:
            if not self.halting:
                flight.cancel()
            await asyncio.wait([flight])
            raise

    def _refused(self, error: ApiError) -> SubmarineError:
        """In people's words; what others' ends can change is no refusal."""
        view = View(
            spec=self._task.spec, settings=self._settings, top=None,
            namespace=self._placement.namespace, queue=self._placement.queue,
        )  # fmt: skip
        said = refusals.explain(view, error.message)
        return BusyError(said) if said.weight is Weight.BUSY else RefusedError(said.text)
