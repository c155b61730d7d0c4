"""Working copies: what to do about a file that somebody has changed here, there, or on both sides.

Three ETags decide: ``base``, which both sides had last; ``mine``, here; ``theirs``, in the
project. None is no file. No I/O.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

#: The folder, below the root of a connected server, of its projects' working copies.
COPIES = "submarine"


class Step(StrEnum):
    """What would make both sides the same.

    ``keep``: it is gone there and changed here. ``bring``: it is gone here and changed there.
    ``refuse``: both have changed, and somebody must merge. ``merge``: that has been done.
    """

    NOTHING = "nothing"
    FETCH = "fetch"
    DROP = "drop"
    SEND = "send"
    DELETE = "delete"
    KEEP = "keep"
    BRING = "bring"
    MERGE = "merge"
    REFUSE = "refuse"


#: What a checkout does, and what a push does.
OF_CHECKOUT = frozenset({Step.FETCH, Step.DROP, Step.KEEP, Step.BRING, Step.REFUSE})
OF_PUSH = frozenset({Step.SEND, Step.DELETE})
#: What a push must leave to a checkout, because both sides have changed.
AGAINST_PUSH = frozenset({Step.KEEP, Step.BRING, Step.REFUSE})


class Difference(Struct, frozen=True):
    """A file that is not the same here and there. ``mark``: see :class:`Known`."""

    path: str
    step: Step
    base: str | None
    mine: str | None
    theirs: str | None
    mark: str = ""


class Known(Struct, frozen=True):
    """A file as both sides had it last.

    ``mark`` is what a listing said of it then: while it says the same, the file need not be
    asked for its ETag. ``beside`` is the file that holds what somebody else saved, until it is
    merged and removed.
    """

    etag: str
    mark: str = ""
    beside: str | None = None


def step(base: str | None, mine: str | None, theirs: str | None) -> Step:
    """See the module's comment."""
    if mine == theirs:
        return Step.NOTHING
    if mine == base:
        return Step.DROP if theirs is None else Step.FETCH
    if theirs == base:
        return Step.DELETE if mine is None else Step.SEND
    if mine is None:
        return Step.BRING
    return Step.KEEP if theirs is None else Step.REFUSE
