"""What is to be done next about an attempt: a table from what is seen, without any I/O.

An attempt in prose: its objects are made, it waits for a machine, its pods run, its object
gets a verdict and settles, its logs are drained, it is over. At any moment somebody may
want the end, or delete the object behind our back. That the cluster is away is not seen
here at all: then nothing changes, and nothing is done.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from submarine_ext.engines.kubernetes.kinds.base import Top


class Seen(Struct, frozen=True, kw_only=True):
    """``top`` is the object's last state (None: the watch has not shown it yet), ``gone``
    that it certainly does not exist any more; ``alive`` counts pods that have not ended;
    ``stop`` that somebody wants the end, ``deleted`` that the cluster was told so.
    """

    top: Top | None
    gone: bool = False
    alive: int = 0
    stop: bool = False
    deleted: bool = False


class Step(StrEnum):
    """What to do; see :func:`decide`."""

    WATCH = "watch"  # nothing, until something changes
    LOOK = "look"  # ask for the object by its name: the watch does not show it
    DELETE = "delete"  # pass the stop on
    HURRY = "hurry"  # end the pods that it left, with the grace that was asked for
    REPORT = "report"  # the verdict is final
    STOPPED = "stopped"
    LOST = "lost"  # deleted behind our back: nobody can know how it would have ended


def decide(seen: Seen) -> Step:
    """The next step.

    A verdict that has settled before the cluster was told to stop is the end; after that,
    whatever its controller makes of the pods' death is not.
    """
    if seen.gone:
        return _without_object(seen)
    if seen.deleted:
        return Step.LOOK if seen.top is None else Step.HURRY
    if seen.top is not None and seen.top.verdict and seen.top.settled:
        return Step.WATCH if seen.alive else Step.REPORT
    if seen.stop:
        return Step.DELETE
    return Step.LOOK if seen.top is None else Step.WATCH


def _without_object(seen: Seen) -> Step:
    if seen.alive:
        return Step.HURRY
    return Step.STOPPED if seen.stop else Step.LOST
