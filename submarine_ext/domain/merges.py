"""Two people's versions of a file merged over the one that both began with.

Nothing is saved here. A conflict keeps all sides: nobody's lines are lost before somebody has
chosen. Cells are paired as in a comparison, merged one by one and kept in their order.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from submarine_ext.domain import comparisons_forms as forms
from submarine_ext.domain import merges_lines
from submarine_ext.domain.comparisons_alignment import Pairs, equal_pairs, pair_cells
from submarine_ext.domain.merges_cells import lost_cell, merge_cell, new_cell, three
from submarine_ext.domain.versions import CellMerge, Merge, Side
from submarine_ext.errors import Conflict

Cells = list[dict[str, Any]]


def merge(path: str, etag: str, base: bytes, mine: bytes, theirs: bytes) -> Merge:
    """Merge ``mine`` and ``theirs``, whose ETag is ``etag``, over ``base``.

    Raises Conflict for files that are neither notebooks nor texts: an answer without cells
    could be taken for an empty file.
    """
    notebooks = forms.notebooks(path, base, mine, theirs)
    if notebooks is not None:
        return _notebooks(path, etag, *notebooks)
    texts = forms.texts(base, mine, theirs)
    if texts is None:
        raise Conflict(
            "This file is no text that could be merged: keep yours as a copy, or take theirs."
        )
    cells = _runs(*texts)
    return Merge(
        path=path,
        format="text",
        cells=cells,
        conflicts=_conflicts(cells),
        metadata={},
        nbformat=0,
        nbformat_minor=0,
        etag=etag,
    )


def _runs(base: str, mine: str, theirs: str) -> list[CellMerge]:
    runs = merges_lines.merge(*(merges_lines.lines(text) for text in (base, mine, theirs)))
    return [
        CellMerge(
            side=run.side,
            base={"source": "".join(run.base)},
            mine={"source": "".join(run.mine)},
            theirs={"source": "".join(run.theirs)},
            merged={"source": "".join(run.merged)},
        )
        for run in runs
    ]


def _notebooks(
    path: str, etag: str, base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> Merge:
    to_mine, plain = pair_cells(base["cells"], mine["cells"])
    to_theirs, plainer = pair_cells(base["cells"], theirs["cells"])
    minor = _minor(*(one["nbformat_minor"] for one in (base, mine, theirs)))
    cells = _cells(base["cells"], mine["cells"], theirs["cells"], dict(to_mine), dict(to_theirs))
    return Merge(
        path=path,
        format="notebook",
        cells=_with_ids(cells) if minor >= 5 else [_without_id(cell) for cell in cells],
        conflicts=_conflicts(cells),
        metadata=three(*(one["metadata"] for one in (base, mine, theirs))),
        nbformat=4,
        nbformat_minor=minor,
        etag=etag,
        plain=plain or plainer,
    )


def _conflicts(cells: list[CellMerge]) -> int:
    return sum(cell.side is Side.CONFLICT for cell in cells)


def _minor(base: int, mine: int, theirs: int) -> int:
    return max(mine, theirs) if base not in (mine, theirs) else int(three(base, mine, theirs))


def _cells(
    base: Cells, mine: Cells, theirs: Cells, to_mine: dict[int, int], to_theirs: dict[int, int]
) -> list[CellMerge]:
    cells: list[CellMerge] = []
    j = k = 0
    for i, cell in enumerate(base):
        j1, k1 = to_mine.get(i), to_theirs.get(i)
        next_j, next_k = j if j1 is None else j1, k if k1 is None else k1
        cells += _added(mine[j:next_j], theirs[k:next_k])
        cells.append(
            _common(cell, None if j1 is None else mine[j1], None if k1 is None else theirs[k1])
        )
        j, k = next_j + (j1 is not None), next_k + (k1 is not None)
    return cells + _added(mine[j:], theirs[k:])


def _common(
    base: dict[str, Any], mine: dict[str, Any] | None, theirs: dict[str, Any] | None
) -> CellMerge:
    if mine is None or theirs is None:
        return lost_cell(base, mine, theirs)
    return merge_cell(base, mine, theirs)


def _added(mine: Cells, theirs: Cells) -> list[CellMerge]:
    """What both sides added in one place: once where it is the same, else mine first."""
    cells: list[CellMerge] = []
    j = k = 0
    for next_j, next_k in [*_equal(mine, theirs), (len(mine), len(theirs))]:
        cells += [new_cell(Side.MINE, cell) for cell in mine[j:next_j]]
        cells += [new_cell(Side.THEIRS, cell) for cell in theirs[k:next_k]]
        if next_j < len(mine):
            cells.append(merge_cell(None, mine[next_j], theirs[next_k]))
        j, k = next_j + 1, next_k + 1
    return cells


def _equal(mine: Cells, theirs: Cells) -> Pairs:
    keys = [[(c["cell_type"], c["source"]) for c in cells] for cells in (mine, theirs)]
    return equal_pairs(*keys)


def _with_ids(cells: list[CellMerge]) -> list[CellMerge]:
    """Every cell of the result has an id of its own; who came first keeps it."""
    known = {str(c.merged["id"]) for c in cells if c.merged and "id" in c.merged}
    used: set[str] = set()
    found: list[CellMerge] = []
    for number, cell in enumerate(cells):
        merged = cell.merged
        if merged is not None:
            wish = merged.get("id") or f"merged-{number}"
            name = wish if merged.get("id") and wish not in used else _fresh(wish, known)
            merged = {**merged, "id": name}
            used.add(name)
            known.add(name)
        found.append(structs.replace(cell, merged=merged))
    return found


def _fresh(wish: str, known: set[str]) -> str:
    number = 2
    while f"{wish[:56]}-{number}" in known:
        number += 1
    return f"{wish[:56]}-{number}"


def _without_id(cell: CellMerge) -> CellMerge:
    if cell.merged is None:
        return cell
    return structs.replace(cell, merged={k: v for k, v in cell.merged.items() if k != "id"})
