"""What the watches have shown, by attempt. No I/O: informers put in, attempts read.

Pods and top objects bear the attempt's label; events and Workloads are matched by the uid
of what they are about, which may be seen later than they.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from submarine_ext.engines.kubernetes import names
from submarine_ext.engines.kubernetes.kinds.base import Object

JOB_UID = "kueue.x-k8s.io/job-uid"
_ENDED = ("Succeeded", "Failed")


class Sight:
    """Of one attempt: its object, its pods by uid, and the last state of pods that are gone."""

    __slots__ = ("past", "pods", "top", "vanished")

    def __init__(self) -> None:
        self.top: Object | None = None
        self.vanished: set[str] = set()  # uids of top objects that were deleted
        self.pods: dict[str, Object] = {}
        self.past: dict[str, Object] = {}

    def alive(self) -> list[Object]:
        """The pods in which something may still run."""
        return [pod for pod in self.pods.values() if _phase(pod) not in _ENDED]

    def all_pods(self) -> list[Object]:
        """Every pod there ever was, the oldest first."""
        found = [*self.past.values(), *self.pods.values()]
        return sorted(found, key=lambda pod: pod["metadata"].get("creationTimestamp") or "")


class Sights:
    """Of all attempts in one namespace. ``changed`` is called with an attempt's label."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self._sights: dict[str, Sight] = {}
        self._held: set[str] = set()
        self._labels: dict[str, str] = {}  # uid of a pod or a top object → its attempt
        self._events: dict[str, dict[str, Object]] = {}  # about uid → event's uid → event
        self._workloads: dict[str, Object] = {}  # top object's uid → Workload

    def hold(self, label: str) -> Sight:
        """What is seen of an attempt, now and from now on; nothing if nothing was shown."""
        self._held.add(label)
        return self._sights.setdefault(label, Sight())

    def let_go(self, label: str) -> None:
        """Nobody asks about this attempt any more: only what exists is kept of it."""
        self._held.discard(label)
        if sight := self._sights.get(label):
            self._forget_past(label, sight)

    def top(self, found: Object, deleted: bool) -> None:  # noqa: FBT001 - the informer's call
        """A job of any kind came, changed or went."""
        if label := self._label(found):
            sight = self._sights[label]
            sight.top = None if deleted else found
            if deleted:
                sight.vanished.add(_uid(found))
            self._changed(label)
            self._forget_past(label, sight)

    def pod(self, found: Object, deleted: bool) -> None:  # noqa: FBT001
        """A pod came, changed or went."""
        if label := self._label(found):
            sight = self._sights[label]
            into, out_of = (sight.past, sight.pods) if deleted else (sight.pods, sight.past)
            into[_uid(found)] = found
            out_of.pop(_uid(found), None)
            self._changed(label)
            self._forget_past(label, sight)

    def event(self, found: Object, deleted: bool) -> None:  # noqa: FBT001
        """Something was said about an object, or that has expired."""
        about = found.get("involvedObject", {}).get("uid", "")
        if not deleted:
            self._events.setdefault(about, {})[_uid(found)] = found
            self._tell(about)
        elif known := self._events.get(about):
            known.pop(_uid(found), None)
            if not known:
                del self._events[about]

    def workload(self, found: Object, deleted: bool) -> None:  # noqa: FBT001
        """A queue's view of a job came, changed or went."""
        of = found["metadata"].get("labels", {}).get(JOB_UID, "")
        if deleted:
            self._workloads.pop(of, None)
        else:
            self._workloads[of] = found
        self._tell(of)

    def workload_of(self, top_uid: str) -> Object | None:
        """The queue's view of a top object."""
        return self._workloads.get(top_uid)

    def events_about(self, uids: Iterable[str]) -> list[Object]:
        """The warnings about these objects, the newest last."""
        found = [event for uid in uids for event in self._events.get(uid, {}).values()]
        return sorted(found, key=_last)

    def _label(self, found: Object) -> str | None:
        label: str | None = found["metadata"].get("labels", {}).get(names.TASK)
        if label is not None:
            self._labels[_uid(found)] = label
            self._sights.setdefault(label, Sight())
        return label

    def _forget_past(self, label: str, sight: Sight) -> None:
        if label in self._held:
            return
        for uid in [*sight.past, *sight.vanished]:
            self._labels.pop(uid, None)
        sight.past.clear()
        sight.vanished.clear()
        if sight.top is None and not sight.pods:
            self._sights.pop(label, None)

    def _tell(self, uid: str) -> None:
        if label := self._labels.get(uid):
            self._changed(label)


def _uid(found: Object) -> str:
    uid: str = found["metadata"]["uid"]
    return uid


def _phase(pod: Object) -> str | None:
    phase: str | None = pod.get("status", {}).get("phase")
    return phase


def _last(event: Object) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next(filter(None, times), None) or event["metadata"].get("creationTimestamp") or ""
