"""Two versions of a file side by side: notebooks cell by cell, texts line by line.

Only these functions know nbdime, and import it when they are used: a server that compares
nothing does not pay for it.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.domain import comparisons_forms as forms
from submarine_ext.domain.comparisons_alignment import Pairs, pair_cells
from submarine_ext.domain.comparisons_lines import unified
from submarine_ext.domain.comparisons_operations import operations
from submarine_ext.domain.versions import CellDiff, Change, Diff, Version

#: What changes by looking at a notebook or running it, and says nothing about its content.
_PASSING = frozenset({"collapsed", "scrolled", "autoscroll", "execution"})


def diff(path: str, before: Version, after: Version, old: bytes, new: bytes) -> Diff:
    """What changed from ``old`` to ``new``, the bytes of ``before`` and ``after``."""
    notebooks = forms.notebooks(path, old, new)
    if notebooks is not None:
        return _notebooks(path, before, after, *notebooks)
    texts = forms.texts(old, new)
    cells = [] if texts is None else [_cell("text", *texts)]
    form = "binary" if texts is None else "text"
    return Diff(
        path=path, format=form, before=before, after=after, cells=cells, metadata_changed=False
    )


def _notebooks(
    path: str, before: Version, after: Version, old: dict[str, Any], new: dict[str, Any]
) -> Diff:
    pairs, plain = pair_cells(old["cells"], new["cells"])
    return Diff(
        path=path,
        format="notebook",
        before=before,
        after=after,
        cells=_cells(old["cells"], new["cells"], pairs),
        metadata_changed=old["metadata"] != new["metadata"],
        operations=operations(old, new, pairs),
        plain=plain,
    )


def _cells(old: list[dict[str, Any]], new: list[dict[str, Any]], pairs: Pairs) -> list[CellDiff]:
    cells: list[CellDiff] = []
    i = j = 0
    for next_i, next_j in [*pairs, (len(old), len(new))]:
        cells += [_one_sided(cell, Change.REMOVED) for cell in old[i:next_i]]
        cells += [_one_sided(cell, Change.ADDED) for cell in new[j:next_j]]
        both = zip(old[next_i : next_i + 1], new[next_j : next_j + 1], strict=True)
        cells += [_paired(was, cell) for was, cell in both]
        i, j = next_i + 1, next_j + 1
    return cells


def _one_sided(cell: dict[str, Any], change: Change) -> CellDiff:
    texts = ("", cell["source"]) if change is Change.ADDED else (cell["source"], "")
    return CellDiff(change=change, cell_type=cell["cell_type"], lines=unified(*texts))


def _paired(was: dict[str, Any], cell: dict[str, Any]) -> CellDiff:
    shown = _cell(cell["cell_type"], was["source"], cell["source"])
    retyped = was["cell_type"] != cell["cell_type"]
    attached = was.get("attachments", {}) != cell.get("attachments", {})
    return CellDiff(
        change=Change.CHANGED if retyped or attached else shown.change,
        cell_type=cell["cell_type"],
        lines=shown.lines,
        outputs_changed=_outputs(was) != _outputs(cell),
        metadata_changed=_metadata(was) != _metadata(cell),
    )


def _cell(cell_type: str, before: str, after: str) -> CellDiff:
    change = Change.SAME if before == after else Change.CHANGED
    return CellDiff(change=change, cell_type=cell_type, lines=unified(before, after))


def _outputs(cell: dict[str, Any]) -> list[dict[str, Any]]:
    outputs = cell.get("outputs", [])
    return [{k: v for k, v in one.items() if k != "execution_count"} for one in outputs]


def _metadata(cell: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in cell["metadata"].items() if k not in _PASSING}
