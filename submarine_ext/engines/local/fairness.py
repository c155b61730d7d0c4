"""Who is next, and what the others wait for. Pure: numbers in, decisions out.

The order is priority, then the owner who uses least of the machine now, then who came
first. A task that does not fit closes the resources it is short of to everybody behind
it, so that small tasks cannot starve a large one; tasks that need none of those may pass.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from operator import add as add_up

from msgspec import Struct

from submarine_ext.engines.local.slots import KINDS, Amount, Holding, human

_NOTHING = [0.0] * len(KINDS)


class Candidate(Struct, frozen=True):
    """A task that waits. ``arrival`` counts up."""

    name: str
    owner: str
    priority: int
    arrival: int
    need: Amount


class Wait(Struct, frozen=True):
    """Why a task waits: the resource it lacks, in a sentence, and its place from 1."""

    name: str
    kind: str
    sentence: str
    position: int


def fractions(amount: Amount, total: Amount) -> list[float]:
    """How much of the machine the amount is, resource by resource."""
    return [amount.of(kind) / total.of(kind) if total.of(kind) else 0.0 for kind in KINDS]


def order(
    waiting: Sequence[Candidate], holdings: Sequence[Holding], total: Amount
) -> list[Candidate]:
    """Those who wait, the next first. An owner's share is the largest of its fractions.

    An owner's second task counts as if the first ran already, so that owners alternate
    and nobody's place jumps whenever somebody else's task starts.
    """
    using: dict[str, list[float]] = {}

    def add(owner: str, amount: Amount) -> float:
        used = using.get(owner, _NOTHING)
        using[owner] = list(map(add_up, used, fractions(amount, total)))
        return max(used)

    for holding in holdings:
        add(holding.owner, holding.amount)
    arrived = sorted(waiting, key=lambda c: (-c.priority, c.arrival))
    places = [(-c.priority, add(c.owner, c.need), c.arrival, c) for c in arrived]
    return [place[-1] for place in sorted(places, key=lambda place: place[:3])]


def decide(
    waiting: Sequence[Candidate], holdings: Sequence[Holding], total: Amount
) -> tuple[Candidate | None, list[Wait]]:
    """The one task to start now, or None; and, when None, what each of the others awaits.

    Starting one changes who uses least, so it is asked again after each start.
    """
    used = sum((h.amount for h in holdings), Amount())
    closed: set[str] = set()
    waits: list[Wait] = []
    say = functools.cache(functools.partial(_sentence, used=used, total=total))
    for position, candidate in enumerate(order(waiting, holdings, total), 1):
        need = candidate.need
        short = [k for k in KINDS if need.of(k) and used.of(k) + need.of(k) > total.of(k)]
        lacking = short or [kind for kind in KINDS if kind in closed and need.of(kind)]
        if not lacking:
            return candidate, []
        kind = lacking[-1]  # the rarest of what it lacks: GPU before memory before CPU
        waits.append(Wait(candidate.name, kind, say(kind, need.of(kind), bool(short)), position))
        closed.update(short)
    return None, waits


def _sentence(kind: str, wanted: int, short: bool, *, used: Amount, total: Amount) -> str:  # noqa: FBT001 - cached by position
    begin = f"Waits for {human(kind, wanted)}:"
    if not short:
        return f"{begin} what is free is kept for larger jobs ahead of it."
    some, all_ = _number(kind, used.of(kind)), _number(kind, total.of(kind))
    return f"{begin} {some} of {all_} {'is' if some == '1' else 'are'} in use."


def _number(kind: str, number: int) -> str:
    """``2``, ``1.5``, ``6 GiB``: in a sentence that has named the resource."""
    if kind == "memory":
        return human(kind, number).removesuffix(" of memory")
    return f"{number / (1000 if kind == 'cpu' else 1):g}"
