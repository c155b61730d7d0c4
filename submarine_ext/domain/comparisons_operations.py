"""The difference of two notebooks in nbdime's own words, for programs that know them.

Patching the older notebook with the operations gives the newer one
(https://nbdime.readthedocs.io/en/latest/diffing.html). Cells are paired by the caller. Where
nbdime would compare for minutes (many outputs, long texts) a value is replaced as a whole.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.domain.comparisons_alignment import Pairs

#: How many combinations of lines, or of outputs, nbdime may compare in one cell.
_COMBINATIONS = 10_000
#: How many letters an output may have to be compared within.
_LETTERS = 20_000
#: How many changed cells are compared within; the rest is replaced value by value.
_CELLS = 300

Operation = dict[str, Any]


def operations(old: dict[str, Any], new: dict[str, Any], pairs: Pairs) -> list[Operation]:
    """Nbdime's diff as plain JSON."""
    rest = [k for k in sorted(old.keys() | new.keys()) if k != "cells"]
    found = [one for key in rest for one in _entry(key, old, new)]
    cells = _cells(old["cells"], new["cells"], pairs)
    return [*([{"op": "patch", "key": "cells", "diff": cells}] if cells else []), *found]


def _cells(old: list[dict[str, Any]], new: list[dict[str, Any]], pairs: Pairs) -> list[Operation]:
    found: list[Operation] = []
    i = j = patched = 0
    for next_i, next_j in [*pairs, (len(old), len(new))]:
        if next_j > j:
            found.append({"op": "addrange", "key": i, "valuelist": new[j:next_j]})
        if next_i > i:
            found.append({"op": "removerange", "key": i, "length": next_i - i})
        if next_i < len(old) and old[next_i] != new[next_j]:
            inner = _cell(old[next_i], new[next_j], within=patched < _CELLS)
            found.append({"op": "patch", "key": next_i, "diff": inner})
            patched += 1
        i, j = next_i + 1, next_j + 1
    return found


def _cell(old: dict[str, Any], new: dict[str, Any], *, within: bool) -> list[Operation]:
    keys = sorted(old.keys() | new.keys())
    return [one for key in keys for one in _entry(key, old, new, within=within)]


def _entry(
    key: str, old: dict[str, Any], new: dict[str, Any], *, within: bool = True
) -> list[Operation]:
    if key not in new:
        return [{"op": "remove", "key": key}]
    if key not in old:
        return [{"op": "add", "key": key, "value": new[key]}]
    if old[key] == new[key]:
        return []
    inner = _inner(key, old[key], new[key]) if within else []
    if inner:
        return [{"op": "patch", "key": key, "diff": inner}]
    return [{"op": "replace", "key": key, "value": new[key]}]


def _inner(key: str, old: Any, new: Any) -> list[Operation]:
    """What nbdime says of one value; nothing where it is atomic, or too large."""
    if key == "source":
        return _nbdime(key, old, new) if _short(old, new) else []
    if key == "outputs":
        few = len(old) * len(new) <= _COMBINATIONS // 100
        return _nbdime(key, old, new) if few and _small(old) and _small(new) else []
    is_dicts = isinstance(old, dict) and isinstance(new, dict)
    return _nbdime(key, old, new) if is_dicts and _small([old, new]) else []


def _short(old: str, new: str) -> bool:
    lines = (old.count("\n") + 1) * (new.count("\n") + 1)
    return lines <= _COMBINATIONS and len(old) + len(new) <= _LETTERS


def _small(values: list[Any]) -> bool:
    return sum(len(str(value)) for value in values) <= _LETTERS


def _nbdime(key: str, old: Any, new: Any) -> list[Operation]:
    # Heavy, and needed only where versions are compared.
    from nbdime.diffing.notebooks import diff_item_at_path
    from nbformat import from_dict

    try:
        return list(diff_item_at_path(from_dict(old), from_dict(new), f"/cells/*/{key}"))
    except (AttributeError, KeyError, RuntimeError, TypeError):
        return []  # nbdime takes for granted what the format demands; people save less
