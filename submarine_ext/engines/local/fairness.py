"""Who is next, and what the others wait for. Pure: numbers in, decisions out.

The order is priority, then the owner who uses least of the machine now, then who came
first. A task that does not fit closes the resources it is short of to everybody behind
it, so that small tasks cannot starve a large one; tasks that need none of those may pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from submarine_ext.engines.local.slots import KINDS, Amount, Holding, human


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


def share(owner: str, holdings: Iterable[Holding], total: Amount) -> float:
    """The largest fraction of any resource that the owner holds (dominant share)."""
    mine = sum((h.amount for h in holdings if h.owner == owner), Amount())
    return max(mine.of(kind) / total.of(kind) if total.of(kind) else 0.0 for kind in KINDS)


def order(
    waiting: Sequence[Candidate], holdings: Sequence[Holding], total: Amount
) -> list[Candidate]:
    """Those who wait, the next first."""
    shares = {owner: share(owner, holdings, total) for owner in {c.owner for c in waiting}}
    return sorted(waiting, key=lambda c: (-c.priority, shares[c.owner], c.arrival))


def decide(
    waiting: Sequence[Candidate], holdings: Sequence[Holding], total: Amount
) -> tuple[Candidate | None, list[Wait]]:
    """The one task to start now, or None; and, when None, what each of the others awaits.

    Starting one changes who uses least, so it is asked again after each start.
    """
    used = sum((h.amount for h in holdings), Amount())
    closed: set[str] = set()
    waits: list[Wait] = []
    for position, candidate in enumerate(order(waiting, holdings, total), 1):
        wanted = [kind for kind in KINDS if candidate.need.of(kind)]
        short = [k for k in wanted if used.of(k) + candidate.need.of(k) > total.of(k)]
        behind = [kind for kind in wanted if kind in closed]
        if not short and not behind:
            return candidate, []
        waits.append(_wait(candidate, position, short, behind, used, total))
        closed.update(short)
    return None, waits


def _wait(
    candidate: Candidate,
    position: int,
    short: list[str],
    behind: list[str],
    used: Amount,
    total: Amount,
) -> Wait:
    kind = (short or behind)[-1]  # the rarest of what it lacks: GPU before memory before CPU
    wanted = human(kind, candidate.need.of(kind))
    if short:
        some, all_ = _pair(kind, used.of(kind), total.of(kind))
        verb = "is" if some == "1" else "are"
        sentence = f"Waits for {wanted}: {some} of {all_} {verb} in use."
    else:
        sentence = f"Waits for {wanted}: what is free is kept for larger jobs ahead of it."
    return Wait(candidate.name, kind, sentence, position)


def _pair(kind: str, used: int, total: int) -> tuple[str, str]:
    """``2``, ``4`` · ``6 GiB``, ``8 GiB``: numbers whose unit the sentence has named."""
    if kind == "memory":
        return tuple(human(kind, n).removesuffix(" of memory") for n in (used, total))  # type: ignore[return-value]
    scale = 1000 if kind == "cpu" else 1
    return f"{used / scale:g}", f"{total / scale:g}"
