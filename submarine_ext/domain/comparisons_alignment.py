"""Which items of two lists belong together, in order: lines of texts, cells of notebooks.

nbdime compares every cell with every other, letter by letter: 4 seconds for 300 cells without
ids, a quarter of an hour for 5,000. Here ids and equal sources come first; only what is left
between them is judged by likeness. The work is bounded: what is too large to be judged stays
without a partner. This module knows neither files nor what is done with the pairs.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

Pairs = list[tuple[int, int]]
_Rect = tuple[int, int, int, int]

#: Splitting at unique items goes so deep and no deeper.
_DEPTH = 32
#: How many equal combinations difflib may look through in what is left.
_COMBINATIONS = 50_000
#: How many pairs of cells are compared for likeness in one gap.
_LIKENESSES = 40_000
#: The share of common words from which on two cells are versions of one.
_ALIKE = 0.5
_WORD = re.compile(r"\w+|[^\w\s]")


def equal_pairs(a: Sequence[Hashable], b: Sequence[Hashable]) -> Pairs:
    """Pairs of equal items, rising on both sides.

    Equal ends first, then what is unique on both sides (as patience diff does), and again
    between those; what repeats goes to difflib while that is cheap.
    """
    pairs: Pairs = []
    left: list[tuple[_Rect, int]] = [((0, len(a), 0, len(b)), 0)]
    while left:
        rect, depth = left.pop()
        found, rect = _ends(a, b, rect)
        pairs += found
        anchors = _unique(a, b, rect) if depth < _DEPTH else []
        pairs += anchors or _repeated(a, b, rect)
        if anchors:
            left += [(gap, depth + 1) for gap in gaps(anchors, rect)]
    return sorted(pairs)


def gaps(pairs: Pairs, rect: _Rect) -> list[_Rect]:
    """What lies between pairs within (a from, a to, b from, b to); empty ones left out."""
    i0, i1, j0, j1 = rect
    found: list[_Rect] = []
    for i, j in [*pairs, (i1, j1)]:
        if i > i0 and j > j0:
            found.append((i0, i, j0, j))
        i0, j0 = i + 1, j + 1
    return found


def _ends(a: Sequence[Hashable], b: Sequence[Hashable], rect: _Rect) -> tuple[Pairs, _Rect]:
    i0, i1, j0, j1 = rect
    pairs: Pairs = []
    while i0 < i1 and j0 < j1 and a[i0] == b[j0]:
        pairs.append((i0, j0))
        i0, j0 = i0 + 1, j0 + 1
    while i0 < i1 and j0 < j1 and a[i1 - 1] == b[j1 - 1]:
        i1, j1 = i1 - 1, j1 - 1
        pairs.append((i1, j1))
    return pairs, (i0, i1, j0, j1)


def _unique(a: Sequence[Hashable], b: Sequence[Hashable], rect: _Rect) -> Pairs:
    i0, i1, j0, j1 = rect
    in_a, in_b = Counter(a[i0:i1]), Counter(b[j0:j1])
    where = {b[j]: j for j in range(j0, j1) if in_b[b[j]] == 1}
    found = [(i, where[a[i]]) for i in range(i0, i1) if in_a[a[i]] == 1 and a[i] in where]
    return _rising(found)


def _rising(pairs: Pairs) -> Pairs:
    """The longest part that rises in its second number too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for n, (_, j) in enumerate(pairs):
        k = bisect_left(ends, j)
        before.append(last[k - 1] if k else -1)
        ends[k : k + 1] = [j]
        last[k : k + 1] = [n]
    chosen: Pairs = []
    n = last[-1] if last else -1
    while n >= 0:
        chosen.append(pairs[n])
        n = before[n]
    return chosen[::-1]


def _repeated(a: Sequence[Hashable], b: Sequence[Hashable], rect: _Rect) -> Pairs:
    i0, i1, j0, j1 = rect
    in_a, in_b = Counter(a[i0:i1]), Counter(b[j0:j1])
    if sum(count * in_b[item] for item, count in in_a.items()) > _COMBINATIONS:
        return []
    matcher = difflib.SequenceMatcher(None, a[i0:i1], b[j0:j1], autojunk=False)
    return [
        (i0 + block.a + k, j0 + block.b + k)
        for block in matcher.get_matching_blocks()
        for k in range(block.size)
    ]


def pair_cells(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> tuple[Pairs, bool]:
    """Pairs of cells: by id, then by equal source, then by likeness.

    The second answer is True where a gap was too large for likeness to be judged.
    """
    whole = (0, len(a), 0, len(b))
    pairs = equal_pairs(_ids(a, b), _ids(b, a))
    for i0, i1, j0, j1 in gaps(pairs, whole):
        equal = equal_pairs([_key(c) for c in a[i0:i1]], [_key(c) for c in b[j0:j1]])
        pairs += [(i0 + i, j0 + j) for i, j in equal]
    plain = False
    for i0, i1, j0, j1 in gaps(sorted(pairs), whole):
        alike = _alike(a[i0:i1], b[j0:j1])
        plain = plain or alike is None
        pairs += [(i0 + i, j0 + j) for i, j in alike or []]
    return sorted(pairs), plain


def _ids(cells: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[Hashable]:
    """An id that both sides have, once each, or something that equals nothing."""
    counts = Counter(cell.get("id") for cell in cells)
    known = Counter(cell.get("id") for cell in others)
    return [
        cell["id"] if "id" in cell and counts[cell["id"]] == known[cell["id"]] == 1 else object()
        for cell in cells
    ]


def _key(cell: dict[str, Any]) -> Hashable:
    return cell["cell_type"], cell["source"]


def _alike(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> Pairs | None:
    """The rising pairs with the greatest likeness together; None: too many to look at."""
    if len(a) * len(b) > _LIKENESSES:
        return None
    words_a, words_b = [_words(cell) for cell in a], [_words(cell) for cell in b]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    taken: set[tuple[int, int]] = set()
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            likeness = _likeness(words_a[i], words_b[j])
            together = best[i + 1][j + 1] + likeness
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if likeness >= _ALIKE and together > best[i][j]:
                best[i][j] = together
                taken.add((i, j))
    return _walk(best, taken)


def _walk(best: list[list[float]], taken: set[tuple[int, int]]) -> Pairs:
    pairs: Pairs = []
    i = j = 0
    while i < len(best) - 1 and j < len(best[0]) - 1:
        if (i, j) in taken:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _words(cell: dict[str, Any]) -> Counter[str]:
    words = Counter(_WORD.findall(cell["source"]))
    words[""] = 0  # so that an empty cell can be like another empty one
    return Counter({(cell["cell_type"] + " " + word): n for word, n in words.items()})


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """Twice the common words by all words; 0 for cells of different types."""
    total = a.total() + b.total()
    if total == 0:
        return 1.0 if a.keys() == b.keys() else 0.0
    if len(b) < len(a):
        a, b = b, a
    return 2 * sum(min(n, b[word]) for word, n in a.items() if word in b) / total
