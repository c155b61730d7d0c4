"""Three lists of lines merged (diff3): what one side changed is taken, what both did the same too.

Lines that both sides still have as they were hold the lists together. Between them, changes of
both sides are a conflict unless they are equal, also where they only touch.
"""

from __future__ import annotations

from msgspec import Struct

from submarine_ext.domain.comparisons_alignment import Pairs, equal_pairs
from submarine_ext.domain.versions import Side

Lines = list[str]


class Run(Struct, frozen=True):
    """Lines that belong together on the three sides."""

    side: Side
    base: Lines
    mine: Lines
    theirs: Lines

    @property
    def merged(self) -> Lines:
        """What to take; for a conflict: mine."""
        return self.theirs if self.side is Side.THEIRS else self.mine


def lines(text: str) -> Lines:
    """A text's lines with their line feeds: joined, they are the text."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])


def merge(base: Lines, mine: Lines, theirs: Lines) -> list[Run]:
    """The runs in order. Joined, each side's lines are that side, and ``merged`` the result."""
    runs: list[Run] = []
    i = j = k = 0
    ends = (len(base), len(mine), len(theirs))
    for i1, j1, k1, n in [*_held(equal_pairs(base, mine), equal_pairs(base, theirs)), (*ends, 0)]:
        if (i, j, k) != (i1, j1, k1):
            runs.append(_between(base[i:i1], mine[j:j1], theirs[k:k1]))
        i, j, k = i1 + n, j1 + n, k1 + n
        runs += [Run(Side.SAME, held, held, held) for held in [base[i1:i]] if held]
    return runs


def _held(mine: Pairs, theirs: Pairs) -> list[tuple[int, int, int, int]]:
    """Stretches that stand unchanged on all sides: where in each, and how many lines."""
    in_theirs = dict(theirs)
    held: list[tuple[int, int, int, int]] = []
    for i, j in mine:
        k = in_theirs.get(i)
        if k is None:
            continue
        i0, j0, k0, n = held[-1] if held else (-1, -1, -1, 0)
        if n and (i, j, k) == (i0 + n, j0 + n, k0 + n):
            held[-1] = (i0, j0, k0, n + 1)
        else:
            held.append((i, j, k, 1))
    return held


def _between(base: Lines, mine: Lines, theirs: Lines) -> Run:
    if mine == theirs:
        side = Side.BOTH
    elif theirs == base:
        side = Side.MINE
    elif mine == base:
        side = Side.THEIRS
    else:
        side = Side.CONFLICT
    return Run(side, base, mine, theirs)
