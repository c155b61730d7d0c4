"""The queue as one person sees it: what is taken, who holds the GPUs, where their jobs stand."""

from __future__ import annotations

from msgspec import Struct

from submarine_ext.domain.quotas import Quota, Use

#: Of somebody's jobs that wait the first ones are named; the rest is a number.
MOST_PLACES = 20


class Account(Struct, frozen=True, kw_only=True):
    """Use against quota of the asker (``user:NAME``) or of a team of theirs (``team:NAME``)."""

    subject: str
    title: str
    quota: Quota
    use: Use


class Holder(Struct, frozen=True, kw_only=True):
    """Who holds GPUs of an engine, with how many jobs. ``owner`` is None for all those
    together whose jobs the asker may not see.
    """

    engine: str
    owner: str | None
    gpu: int
    jobs: int


class Place(Struct, frozen=True, kw_only=True):
    """A job of the asker's that waits: ``position`` from 1 where its engine knows one."""

    job: str
    name: str
    project: str
    engine: str
    reason: str | None = None
    position: int | None = None


class Queue(Struct, frozen=True, kw_only=True):
    """``accounts``: the asker's own first, then their teams'. ``places``: the next ones
    first, :data:`MOST_PLACES` at most of ``waiting``.
    """

    accounts: list[Account]
    holders: list[Holder]
    places: list[Place]
    waiting: int
