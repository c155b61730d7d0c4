"""Which versions of a file are kept: the younger, the more of them.

All of the last day; then the newest of each hour for a week, of each day for three months,
of each week for good. Always: what is named, what a job ran, what the file holds now, and
for thirty days what somebody sent too late. Hours, days and weeks are those of UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

ALL = timedelta(days=1)
HOURLY = timedelta(days=7)
DAILY = timedelta(days=90)
CONFLICTS = timedelta(days=30)


class Aged(Struct, frozen=True, kw_only=True):
    """A version, as far as it matters here. ``held``: named, used by a job, or current."""

    id: int
    time: datetime
    held: bool = False
    conflict: bool = False


def expired(versions: Iterable[Aged], now: datetime) -> set[int]:
    """The ids of versions of one file that need not be kept any longer."""
    every = list(versions)
    ordered = sorted((v for v in every if not v.conflict), key=lambda v: (v.time, v.id))
    hourly, daily, weekly = (_newest(ordered, span) for span in (_hour, _day, _week))

    def kept(version: Aged) -> bool:
        age = now - version.time
        if version.held:
            return True
        if version.conflict:
            return age < CONFLICTS
        if age <= ALL:
            return True
        newest = hourly if age <= HOURLY else daily if age <= DAILY else weekly
        return version.id in newest

    return {version.id for version in every if not kept(version)}


def _newest(ordered: list[Aged], span: Callable[[datetime], object]) -> set[int]:
    """The last of each span; whoever is thinned later is the last of the longer span, too."""
    return set({span(version.time): version.id for version in ordered}.values())


def _hour(time: datetime) -> object:
    return (time.date(), time.hour)


def _day(time: datetime) -> object:
    return time.date()


def _week(time: datetime) -> object:
    return time.isocalendar()[:2]
