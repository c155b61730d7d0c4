"""Two versions of a file for people: changed cells only, lines with sign and colour."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from submarine_ext.cli.face import harmless
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.domain.versions import CellDiff, Change, Diff

CONTEXT = 3  # unchanged lines that are shown around a change
_STYLES = {"+": "green", "-": "red"}


def diff_text(diff: Diff) -> RenderableType:
    """The sign at each line's beginning says what the colour says."""
    head = f"{diff.path}: version {diff.before.id} → {diff.after.id}"
    return Group(Text(harmless(head), style="bold"), *_parts(diff))


def _parts(diff: Diff) -> Iterator[Text]:
    if diff.format == "binary":
        yield Text(f"{human_bytes(diff.before.size)} → {human_bytes(diff.after.size)}")
        return
    cells = [_cell(diff, number, cell) for number, cell in enumerate(diff.cells, 1)]
    shown = [part for cell in cells for part in cell]
    yield from shown
    if diff.metadata_changed:
        yield Text("The notebook's own metadata changed.")
    elif not shown:
        yield Text("Nothing differs.")


def _cell(diff: Diff, number: int, cell: CellDiff) -> list[Text]:
    extras = {"outputs": cell.outputs_changed, "metadata": cell.metadata_changed}
    also = [word for word, so in extras.items() if so]
    if cell.change is Change.SAME and not also:
        return []
    what = "" if cell.change is Change.SAME else str(cell.change)
    words = ", ".join([*([what] if what else []), *(f"other {word}" for word in also)])
    lines = [] if cell.change is Change.SAME else [_line(line) for line in _near(cell.lines)]
    if diff.format == "text":
        return lines
    return [Text(f"cell {number} ({harmless(cell.cell_type)}): {words}", style="bold"), *lines]


def _line(line: str) -> Text:
    return Text(harmless(line), style=_STYLES.get(line[:1], ""))


def _near(lines: list[str]) -> Iterator[str]:
    """Changes with a few lines around them; ``…`` stands for the rest."""
    changes = [n for n, line in enumerate(lines) if line[:1] in _STYLES]
    kept = {n + d for n in changes for d in range(-CONTEXT, CONTEXT + 1)}
    skipped = False
    for n, line in enumerate(lines):
        if n in kept:
            yield line
        elif not skipped:
            yield " …"
        skipped = n not in kept
