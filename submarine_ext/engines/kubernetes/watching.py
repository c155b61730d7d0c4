"""One list and watch a kind, namespace and identity, as long as a task there is unfinished.

Attempts enter and leave; the watches of a namespace start with the first and stop a while
after the last. However many attempts there are, the requests are the same few.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from submarine_ext.engines.kubernetes import names, trims
from submarine_ext.engines.kubernetes.informer import Informer, Rhythm
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource
from submarine_ext.engines.kubernetes.placement import Identity
from submarine_ext.engines.kubernetes.reach import CONNECTING, Patience, Reach
from submarine_ext.engines.kubernetes.removing import PODS
from submarine_ext.engines.kubernetes.sights import JOB_UID, Sight, Sights
from submarine_ext.engines.kubernetes.transport import Api
from submarine_ext.errors import SubmarineError

EVENTS = Resource("", "v1", "events", "Event")

Key = tuple[str, Identity]


class Watch:
    """What is watched in one namespace as one identity."""

    def __init__(self, key: Key, api: Api, site: str, reach: Reach, patience: Patience) -> None:
        self.key = key
        self.visitors = 0
        self._api = api
        self._site = site
        self._reach = reach
        self._rhythm = Rhythm(first=patience.first, cap=patience.longest, refused=patience.refused)
        self._wake: dict[str, Callable[[], None]] = {}
        self.sights = Sights(self._changed)
        self._informers: dict[Resource, Informer] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._refusals: dict[Resource, str] = {}
        self._refused = asyncio.Event()
        ours = names.selector(site)
        self._watch(PODS, trims.pod, self.sights.pod, labels=ours)
        self._watch(EVENTS, trims.event, self.sights.event, fields="type=Warning")

    def tops(self, resource: Resource) -> None:
        """Watch objects of this kind too."""
        self._watch(resource, trims.top, self.sights.top, labels=names.selector(self._site))

    def workloads(self, resource: Resource) -> None:
        """Watch the queue's view of jobs, which does not bear our label."""
        self._watch(resource, trims.workload, self.sights.workload, labels=JOB_UID)

    def attend(self, label: str, wake: Callable[[], None]) -> Sight:
        """Be woken when something of this attempt changes."""
        self._wake[label] = wake
        return self.sights.hold(label)

    def ignore(self, label: str) -> None:
        """Be woken no more."""
        self._wake.pop(label, None)
        self.sights.let_go(label)

    @property
    def refusal(self) -> str | None:
        """Why the person in whose name this is watched sees nothing, in one plain sentence."""
        return next(iter(self._refusals.values()), None)

    async def synced(self, resource: Resource) -> None:
        """Wait until all there is of pods and of this kind has been seen.

        :raises SubmarineError: the person in whose name it is watched may not see it now.
        """
        all_seen = asyncio.ensure_future(self._synced(resource))
        refused = asyncio.ensure_future(self._refused.wait())
        try:
            await asyncio.wait((all_seen, refused), return_when=asyncio.FIRST_COMPLETED)
            if not all_seen.done():
                raise SubmarineError(self.refusal or CONNECTING)
        finally:
            all_seen.cancel()
            refused.cancel()

    async def _synced(self, resource: Resource) -> None:
        for one in (resource, PODS):
            await self._informers[one].synced()

    async def close(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for resource in self._informers:
            self._reach.fine(self._source(resource))

    def _watch(
        self,
        resource: Resource,
        keep: Callable[[Object], Object],
        changed: Callable[[Object, bool], None],
        *,
        labels: str = "",
        fields: str = "",
    ) -> None:
        if resource in self._informers:
            return
        informer = Informer(
            self._api, resource, self.key[0], labels=labels, fields=fields, keep=keep,
            changed=changed, health=lambda *news: self._health(resource, *news),
            bookmarks=resource != EVENTS, rhythm=self._rhythm,
        )  # fmt: skip
        self._informers[resource] = informer
        name = f"watch {resource.plural} in {self.key[0]}"
        self._tasks.append(asyncio.create_task(informer.run(), name=name))

    def _health(self, resource: Resource, healthy: bool, why: str | None) -> None:  # noqa: FBT001 - the informer's call
        self._refusals.pop(resource, None)
        if healthy:
            self._reach.fine(self._source(resource))
        elif self.key[1].user is not None and not self._api.pace.away:
            self._refusals[resource] = self._reach.words(why)  # that person's trouble alone
            self._reach.fine(self._source(resource))
        else:
            self._reach.trouble(self._source(resource), self._reach.words(why))
        if self._refusals:
            self._refused.set()
        else:
            self._refused.clear()
        for wake in list(self._wake.values()):
            wake()

    def _source(self, resource: Resource) -> str:
        return f"{self.key} {resource.plural}"

    def _changed(self, label: str) -> None:
        if wake := self._wake.get(label):
            wake()


class Watches:
    """All of an engine's, by namespace and identity."""

    def __init__(self, site: str, reach: Reach, patience: Patience) -> None:
        self._site = site
        self._reach = reach
        self._patience = patience
        self._watches: dict[Key, Watch] = {}
        self._ends: dict[Key, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def enter(self, key: Key, api: Api) -> Watch:
        """The watch of this namespace, begun if there is none."""
        if end := self._ends.pop(key, None):
            end.cancel()
        if key not in self._watches:
            self._watches[key] = Watch(key, api, self._site, self._reach, self._patience)
        self._watches[key].visitors += 1
        return self._watches[key]

    def leave(self, watch: Watch) -> None:
        """One visitor less; the watch ends a while after the last."""
        watch.visitors -= 1
        if watch.visitors == 0:
            loop = asyncio.get_running_loop()
            self._ends[watch.key] = loop.call_later(self._patience.linger, self._end, watch)

    async def close(self) -> None:
        """End all of them."""
        for end in self._ends.values():
            end.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        for watch in self._watches.values():
            await watch.close()

    def _end(self, watch: Watch) -> None:
        self._ends.pop(watch.key, None)
        if watch.visitors == 0 and self._watches.get(watch.key) is watch:
            del self._watches[watch.key]
            ending = asyncio.create_task(watch.close(), name=f"end of watches in {watch.key[0]}")
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
