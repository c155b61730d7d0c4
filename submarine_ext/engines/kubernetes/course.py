"""The part of an attempt's way that the watches show: from its objects to its end.

What is to be done, ``steps`` decides; here it is done. The end is told when the logs are
drained and nothing that the attempt began is alive.
"""

from __future__ import annotations

import asyncio
import contextlib

from submarine_ext.domain.jobs import Usage
from submarine_ext.engines.base import Ended, Outcome, Task
from submarine_ext.engines.kubernetes import names, staging, trims
from submarine_ext.engines.kubernetes.cluster import Cluster, Ground
from submarine_ext.engines.kubernetes.diagnosis import endings, facts, nodes, queues, waiting
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain
from submarine_ext.engines.kubernetes.diagnosis.view import Ending, View
from submarine_ext.engines.kubernetes.kinds.base import Object, Verdict
from submarine_ext.engines.kubernetes.placement import Memory
from submarine_ext.engines.kubernetes.removing import Removal, ended
from submarine_ext.engines.kubernetes.sights import Sight
from submarine_ext.engines.kubernetes.steps import Seen, Step, decide
from submarine_ext.engines.kubernetes.telling import Telling, Wish
from submarine_ext.engines.kubernetes.viewing import Eyes
from submarine_ext.engines.kubernetes.watching import Watch
from submarine_ext.failpoints import reach

STOPPED = "Stopped on request."
LOST = (
    "Nobody can know how it would have ended: its {kind} is gone from namespace {namespace!r} "
    "(deleted, or ended longer ago than it is kept)."
)


class Course:
    """``top`` is the object as it was last seen, if it was; ``refused`` the end that is to be
    told once the cluster is rid of it.
    """

    def __init__(
        self, task: Task, cluster: Cluster, ground: Ground, watch: Watch,
        *, sight: Sight, wish: Wish, telling: Telling,
    ) -> None:  # fmt: skip
        self._task = task
        self._cluster = cluster
        self._ground = ground
        self._wish = wish
        self._telling = telling
        self._watch = watch
        self._eyes = Eyes(
            task, cluster.settings, ground.placement, ground.kind, watch.sights, sight
        )
        self._removal = Removal(ground.api, cluster.reach, ground.placement.namespace)
        self._uid: str | None = None
        self._top: Object | None = None  # asked for by name; the watch may not show it yet
        self._gone = False
        self._deleted = False
        self._unwanted = False
        self._hurried: dict[str, float] = {}
        self._shown: dict[str, tuple[str, bool]] = {}
        self._unstaged: list[str] = []  # what large outputs could not be had, in words

    async def follow(
        self, top: Object | None, uid: str | None, *, gone: bool = False, unwanted: bool = False
    ) -> Ended:
        """Lead it to its end. ``top`` is the object, if it was just seen, ``uid`` the one that
        counts; ``gone`` if there is none, ``unwanted`` if it is to be removed.

        :raises ApiError: the cluster refuses what is needed; to be tried again later.
        """
        self._uid, self._gone = uid, gone
        if gone and uid is None:  # there never was any; who may not look need not
            return await self._end(Step.STOPPED)
        self._unwanted = unwanted
        self._top = trims.top(top) if top else None
        await self._watch.synced(self._ground.kind.resource)
        try:
            return await self._to_the_end()
        finally:
            self._cluster.positions.leave(self._uid or "")

    async def _to_the_end(self) -> Ended:
        while True:
            self._wish.news.clear()
            self._show()
            match decide(self._seen()):
                case Step.LOOK:
                    await self._look()
                case Step.DELETE:
                    await self._delete()
                case Step.HURRY:
                    await self._hurry()
                    await self._news()
                case Step.WATCH:
                    await self._news()
                case (Step.REPORT | Step.STOPPED | Step.LOST) as step:
                    if await self._all_seen():
                        return await self._end(step)

    # What is seen, and shown

    def _seen(self) -> Seen:
        sight, top = self._eyes.sight, self._object()
        return Seen(
            top=self._eyes.read(top),
            gone=self._gone or self._uid in sight.vanished,
            alive=len(sight.alive()),
            stop=self._wish.asked.is_set() or self._unwanted,
            deleted=self._deleted,
        )

    def _object(self) -> Object | None:
        """Our object: as the watch shows it, else as it was asked for."""
        shown = self._eyes.sight.top
        if shown is not None and shown["metadata"]["uid"] == self._uid:
            self._top = None
            return shown
        return self._top

    def _show(self) -> None:
        """Tell what is new, and let pods' logs be followed."""
        for node, pod in self._eyes.pods():
            self._show_pod(node, pod)
        self._show_pause()
        if not self._telling.paused:
            self._telling.begun(self._eyes.started())
        begun = self._telling.started and not self._telling.paused
        if begun or self._unwanted or self._uid is None:
            self._cluster.positions.leave(self._uid or "")
            return
        ground, wake = self._ground, self._wish.news.set
        self._cluster.positions.attend(ground.placement, ground.api, self._uid, wake)
        if (reason := self._cluster.reach.reason or self._watch.refusal) is not None:
            self._telling.waits(reason)
            return
        view = self._view()
        if said := waiting.explain(view):
            self._telling.waits(said.text, view.position, said.remedy)

    def _show_pause(self) -> None:
        """A queue may suspend what runs and let it begin anew; a machine may fall silent."""
        if self._eyes.started() is None:
            return
        queued = self._ground.placement.queue is not None
        pause = queues.pause(self._view()) if queued else None
        if pause is not None:
            self._cluster.logs.say(self._task.name, *pause)
        if pause is not None or self._silent():
            if not self._telling.paused:
                self._telling.begun(self._eyes.started())
            self._telling.paused = True
        elif self._telling.paused and self._eyes.runs():
            self._telling.begun(self._eyes.started())

    def _silent(self) -> bool:
        """Whether a machine does not answer for a pod that counts as running."""
        pods = [pod for _, pod in self._eyes.pods()]
        unsure = [pod for pod in pods if facts.condition(pod, "Ready", status="False")]
        return any(nodes.lost_contact(self._view(), pod) for pod in unsure)

    def _show_pod(self, node: int, pod: Object) -> None:
        uid, version = pod["metadata"]["uid"], pod["metadata"]["resourceVersion"]
        state = version, uid in self._eyes.sight.past
        if self._shown.get(uid) != state:
            self._shown[uid] = state
            self._cluster.logs.saw(
                self._task, self._ground.api, node, pod,
                container=pod["spec"]["containers"][0]["name"], deleted=state[1],
            )  # fmt: skip

    def _view(self) -> View:
        position = self._cluster.positions.of(self._uid or "")
        return self._eyes.view(self._object(), position)

    async def _news(self) -> None:
        """Wait until something changes; what the watch does not show is asked for again."""
        patience = None if self._eyes.sight.top else self._cluster.patience.longest
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._wish.news.wait()
                return
        self._top = None

    # What is done

    async def _look(self) -> None:
        """Ask for the object by name: whether it is there is not what a late watch shows."""
        placement, kind = self._ground.placement, self._ground.kind
        found = await self._removal.find(kind.resource, placement.name)
        if found is None or not self._is_ours(found):
            self._gone = True
            return
        self._top = trims.top(found)
        self._uid = found["metadata"]["uid"]

    def _is_ours(self, found: Object) -> bool:
        if self._uid is not None:
            return bool(found["metadata"]["uid"] == self._uid)
        return names.ours(found["metadata"].get("labels"), self._task.name, self._cluster.site)

    async def _delete(self) -> None:
        if self._uid is None:  # whether it was made is not known: its name and labels tell
            await self._look()
            return
        placement, kind = self._ground.placement, self._ground.kind
        there = await self._removal.delete(kind.resource, placement.name, self._uid)
        self._deleted, self._gone = True, not there
        reach("top-deleted")

    async def _hurry(self) -> None:
        """End pods earlier than they would by themselves, where that was asked for."""
        grace = self._wish.grace if self._wish.asked.is_set() else None
        for pod in self._eyes.sight.alive():
            uid = pod["metadata"]["uid"]
            own = pod["spec"].get("terminationGracePeriodSeconds", 30)
            known = self._hurried.get(uid, own)
            if grace is not None and grace < known:
                self._hurried[uid] = grace
                await self._removal.end_pod(pod, grace)
            elif grace is None and uid not in self._hurried and not _ending(pod):
                self._hurried[uid] = own
                await self._removal.end_pod(pod, None)

    async def _all_seen(self) -> bool:
        """Ask once more: there may be a pod that the watch has not shown yet, or not its end."""
        shown = self._eyes.sight.pods
        for pod in await self._removal.pods(self._task.name, self._cluster.site):
            known = shown.get(pod["metadata"]["uid"])
            if not ended(pod) or known is None or not ended(known):
                break
        else:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._cluster.patience.first):
                await self._wish.news.wait()
        return False

    # The end

    async def _end(self, step: Step) -> Ended:
        """How it ended, once everything that it printed and left is here."""
        view = self._view()
        await self._cluster.logs.drained(self._task.name)
        reach("drained")
        self._unstaged = await asyncio.to_thread(
            staging.bring, self._cluster.settings, names.of(self._task.name), self._task.artifacts
        )
        if step is Step.STOPPED or (step is Step.LOST and await self._asked_of_another()):
            return self._ended(Outcome.STOPPED, STOPPED)
        if step is Step.LOST:
            placement, kind = self._ground.placement, self._ground.kind
            reason = LOST.format(kind=kind.resource.kind, namespace=placement.namespace)
            return self._ended(Outcome.LOST, reason)
        assert view.top is not None
        if view.top.verdict is Verdict.SUCCEEDED:
            notes = [plain(note) for report in view.reports.values() for note in report["notes"]]
            return self._ended(Outcome.SUCCEEDED, *notes, exit_code=0)
        return self._failed(endings.ended(view))

    async def _asked_of_another(self) -> bool:
        """Whether another server of this root was asked to stop it, and did."""
        return await asyncio.to_thread(Memory(self._task.folder).grace) is not None

    def _failed(self, said: Ending) -> Ended:
        return Ended(
            name=self._task.name, outcome=Outcome.FAILED,
            reason=_together(said.reason, *self._notes()), exit_code=said.exit_code,
            retryable=said.retryable, remedy=said.remedy,
            started=said.started or self._eyes.started(), finished=said.finished,
            usage=self._usage(),
        )  # fmt: skip

    def _ended(self, outcome: Outcome, *reasons: str, exit_code: int | None = None) -> Ended:
        reports = self._eyes.reports().values()
        starts = [report["started"] for report in reports if report["started"]]
        ends = [report["finished"] for report in reports if report["finished"]]
        return Ended(
            name=self._task.name, outcome=outcome,
            reason=_together(*reasons, *self._notes()), exit_code=exit_code,
            started=min(starts, default=self._eyes.started()), finished=max(ends, default=None),
            usage=self._usage(),
        )  # fmt: skip

    def _usage(self) -> Usage | None:
        """What its pods say that they used, together; None where one of them does not say."""
        reports = self._eyes.reports()
        if len(reports) < self._task.spec.distributed.nodes:
            return None
        cpu = [report["cpu"] for report in reports.values()]
        memory = [report["used"] for report in reports.values()]
        return Usage(
            cpu_seconds=None if None in cpu else sum(cpu),
            memory_peak_bytes=None if None in memory else sum(memory),
        )

    def _notes(self) -> list[str]:
        return [*map(plain, self._cluster.logs.notes(self._task.name)), *self._unstaged]


def _together(*sentences: str) -> str | None:
    """One text in which nothing is said twice: pods report in their log and as they end."""
    said = ""
    for sentence in sentences:
        if sentence not in said:
            said = f"{said} {sentence}".strip()
    return said or None


def _ending(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]
