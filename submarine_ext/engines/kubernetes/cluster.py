"""What all attempts of an engine share: the way to the cluster, and what is known of it.

Where an attempt goes is decided here, once: its namespace by project and team, as whom the
cluster is asked, which kind of object it becomes, which queue lets it run.
"""

from __future__ import annotations

import asyncio
import time

from msgspec import Struct

from submarine_ext.engines.base import Prospect, Task
from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.checks import check
from submarine_ext.engines.kubernetes.discovery import discover, fields
from submarine_ext.engines.kubernetes.kinds import choose
from submarine_ext.engines.kubernetes.kinds.base import Kind, Resource
from submarine_ext.engines.kubernetes.kinds.choose import Served
from submarine_ext.engines.kubernetes.kinds.trainjob import TrainJob
from submarine_ext.engines.kubernetes.logs import Logs
from submarine_ext.engines.kubernetes.placement import Identity, Placement
from submarine_ext.engines.kubernetes.queue import Positions
from submarine_ext.engines.kubernetes.reach import Patience, Reach
from submarine_ext.engines.kubernetes.rights import Rights
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api
from submarine_ext.engines.kubernetes.watching import Watches

AT_ONCE = 8  # attempts whose objects are made at the same time: bundles are in memory then


class Ground(Struct, frozen=True, kw_only=True):
    """Where one attempt is led: as whom, as what kind, and where Kueue keeps Workloads."""

    placement: Placement
    api: Api
    kind: Kind
    workloads: Resource | None


class Cluster:
    """One cluster, as one engine uses it."""

    def __init__(self, site: str, settings: Settings, reach: Reach, patience: Patience) -> None:
        self.site = site
        self.settings = settings
        self.reach = reach
        self.patience = patience
        self.watches = Watches(site, reach, patience)
        self.logs = Logs(settings.max_log_streams, settings.max_framed_bytes)
        self.positions = Positions(patience.positions)
        self.rights = Rights()
        self.room = asyncio.Semaphore(AT_ONCE)
        self.served: Served | None = None
        self._learned = 0.0
        self._learning = asyncio.Lock()
        self._apis: dict[Identity, Api] = {}
        self._used: dict[str, Identity] = {}

    async def offer(self) -> Served:
        """What the cluster offers, not older than ``patience.fresh`` seconds.

        :raises ApiError: it refuses to say.
        """
        async with self._learning:
            now = time.monotonic()
            if self.served is None or now - self._learned > self.patience.fresh:
                api = await self.reach.api()
                self.served = await self.reach.through(lambda: _served(api))
                self._learned = now
            return self.served

    async def place(self, task: Task) -> Placement:
        """Where an attempt goes that never went anywhere.

        :raises Invalid: nowhere, with what the cluster offers now.
        """
        api, served = await self.reach.api(), await self.offer()
        check(task.spec, self.settings, served)
        return Placement(
            namespace=namespace(self.settings, task, api.namespace),
            name=names.of(task.name),
            kind=choose.choose(task.spec, self.settings, served).name,
            queue=choose.queue(task.spec, self.settings),
            identity=identity(self.settings, task),
        )

    async def ground(self, placement: Placement) -> Ground:
        """What is needed to lead an attempt there.

        :raises ClusterUnusable: nobody can act in that name.
        """
        served = await self.offer()
        api = await self.as_whom(placement.identity)
        self._used[placement.namespace] = placement.identity
        return Ground(
            placement=placement,
            api=api,
            kind=choose.named(placement.kind, served),
            workloads=next((r for r in served.resources if r.plural == "workloads"), None),
        )

    async def as_whom(self, who: Identity) -> Api:
        """The session in that name.

        :raises ClusterUnusable: it cannot be used.
        """
        api = await self.reach.api()
        if who.user is None:
            return api
        if who not in self._apis:
            self._apis[who] = api.acting_as(who.user, who.groups)
        return self._apis[who]

    async def places(self) -> dict[str, Identity]:
        """The namespaces that are in use, each with somebody as whom it may be looked at."""
        if self.settings.impersonate:
            return dict(self._used)
        default = self.settings.namespace or (await self.reach.api()).namespace
        mine = [default, *self.settings.namespaces.values()]
        return {**dict.fromkeys(mine, Identity()), **self._used}

    async def close(self) -> None:
        """Let go of all that is held open."""
        await self.watches.close()
        await self.positions.close()
        await self.logs.close()


def namespace(settings: Settings, task: Task | Prospect, default: str) -> str:
    """The project's, else that of the first of its owner's teams that has one."""
    keys = [f"project:{task.project}", *(f"team:{team}" for team in task.teams)]
    found = (settings.namespaces[key] for key in keys if key in settings.namespaces)
    return next(found, settings.namespace or default)


def identity(settings: Settings, task: Task | Prospect) -> Identity:
    """The owner with the owner's teams, where the engine acts in people's names."""
    if not settings.impersonate:
        return Identity()
    form = settings.impersonate_groups
    groups = tuple(form.replace("{team}", team) for team in task.teams) if form else ()
    return Identity(settings.impersonate_user.replace("{owner}", task.owner), groups)


async def _served(api: Api) -> Served:
    catalogue = await discover(api, choose.GROUPS)
    has = TrainJob.resource in catalogue.resources
    known = await fields(api, TrainJob.resource, "spec") if has else frozenset()
    return Served(resources=catalogue.resources, trainjob=known)
