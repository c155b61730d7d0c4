"""One cell merged from three: its source by lines, what describes it key by key.

Only source, type and attachments can be in conflict. Outputs come from the side whose source
was taken, everything else from whoever changed it, and from mine where both did.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.domain import merges_lines
from submarine_ext.domain.versions import CellMerge, Side

Cell = dict[str, Any]

_ABSENT: Any = object()
_SUBSTANCE = ("cell_type", "source", "attachments")
_RESULTS = ("outputs", "execution_count")


def merge_cell(base: Cell | None, mine: Cell, theirs: Cell) -> CellMerge:
    """A cell that both sides have; without a base both added it."""
    was = base if base is not None else _nothing(mine)
    conflicts, merged = _substance(was, mine, theirs)
    rest = {
        side: {k: v for k, v in cell.items() if k not in (*_SUBSTANCE, *_RESULTS)}
        for side, cell in (("base", was), ("mine", mine), ("theirs", theirs))
    }
    merged |= three(rest["base"], rest["mine"], rest["theirs"])
    if merged["cell_type"] == "code":
        merged |= _results(was, mine, theirs)
    side = Side.CONFLICT if conflicts else _side(was, mine, theirs)
    return CellMerge(side=side, base=base, mine=mine, theirs=theirs, merged=merged)


def lost_cell(base: Cell, mine: Cell | None, theirs: Cell | None) -> CellMerge:
    """A cell that one side, or both, removed; a conflict where the other changed it."""
    kept = mine or theirs
    if kept is None:
        return CellMerge(side=Side.BOTH, base=base, mine=None, theirs=None, merged=None)
    remover = Side.THEIRS if mine else Side.MINE
    side = Side.CONFLICT if _part(kept, _SUBSTANCE) != _part(base, _SUBSTANCE) else remover
    merged = mine if side is Side.CONFLICT else None
    return CellMerge(side=side, base=base, mine=mine, theirs=theirs, merged=merged)


def new_cell(side: Side, cell: Cell) -> CellMerge:
    """A cell that one side added."""
    mine, theirs = (cell, None) if side is Side.MINE else (None, cell)
    return CellMerge(side=side, base=None, mine=mine, theirs=theirs, merged=cell)


def three(base: Any, mine: Any, theirs: Any) -> Any:
    """Three-way, key by key in dicts; mine where both changed the same."""
    if theirs in (mine, base):
        return mine
    if mine == base:
        return theirs
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return mine
    was = base if isinstance(base, dict) else {}
    merged = {
        key: three(was.get(key, _ABSENT), mine.get(key, _ABSENT), theirs.get(key, _ABSENT))
        for key in [*mine, *(key for key in theirs if key not in mine)]
    }
    return {key: value for key, value in merged.items() if value is not _ABSENT}


def _nothing(mine: Cell) -> Cell:
    """What two equal additions have in common: their source, and nothing else."""
    return {
        **_part(mine, ("cell_type", "source")),
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def _substance(was: Cell, mine: Cell, theirs: Cell) -> tuple[bool, Cell]:
    """Whether the three are in conflict, and type, source and attachments to propose."""
    runs = merges_lines.merge(*(cell["source"].split("\n") for cell in (was, mine, theirs)))
    lines = [line for run in runs for line in run.merged]
    merged: Cell = {
        "cell_type": three(was["cell_type"], mine["cell_type"], theirs["cell_type"]),
        "source": "\n".join(lines),
    }
    attachments = three(*(cell.get("attachments", _ABSENT) for cell in (was, mine, theirs)))
    if merged["cell_type"] != "code" and attachments is not _ABSENT:
        merged["attachments"] = attachments
    files = [cell.get("attachments", {}) for cell in (was, mine, theirs)]
    conflicts = any(run.side is Side.CONFLICT for run in runs)
    typed = [cell["cell_type"] for cell in (was, mine, theirs)]
    return conflicts or _differ(*typed) or any(map(_differ, *_by_name(*files))), merged


def _differ(was: Any, mine: Any, theirs: Any) -> bool:
    """Both changed it, and not to the same."""
    return bool(mine not in (was, theirs) and theirs != was)


def _by_name(*files: dict[str, Any]) -> list[list[Any]]:
    names = sorted(set().union(*files))
    return [[one.get(name) for name in names] for one in files]


def _results(was: Cell, mine: Cell, theirs: Cell) -> Cell:
    changed = _part(mine, _SUBSTANCE) != _part(was, _SUBSTANCE)
    theirs_changed = _part(theirs, _SUBSTANCE) != _part(was, _SUBSTANCE)
    untouched = _part(mine, _RESULTS) == _part(was, _RESULTS)
    take = theirs if not changed and (theirs_changed or untouched) else mine
    return {"outputs": take.get("outputs", []), "execution_count": take.get("execution_count")}


def _side(was: Cell, mine: Cell, theirs: Cell) -> Side:
    """Who changed the source; where nobody did, who changed anything."""
    for parts in (_SUBSTANCE, tuple({**was, **mine, **theirs})):
        changed = [_part(cell, parts) != _part(was, parts) for cell in (mine, theirs)]
        if any(changed):
            return Side.BOTH if all(changed) else Side.MINE if changed[0] else Side.THEIRS
    return Side.SAME


def _part(cell: Cell, keys: tuple[str, ...]) -> Cell:
    return {key: cell[key] for key in keys if key in cell}
