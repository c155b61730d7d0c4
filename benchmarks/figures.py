"""A measured figure with its floor and its target, and the table they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

COLUMNS = ("what", "unit", "ours", "floor", "ratio", "target", "ok", "peers")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row. ``ours`` and ``floor`` are medians in ``unit``.

    ``at_most``/``at_least`` compare ours with the floor (3: three times the floor),
    ``limit`` compares ours itself (less is better). ``peers`` are other products' figures.
    """

    what: str
    unit: str
    ours: float
    floor: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    limit: float | None = None
    peers: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Ours in floors."""
        return self.ours / self.floor if self.floor else None

    @property
    def targets(self) -> list[tuple[str, bool]]:
        """Each target in words, and whether it is met."""
        found = []
        if self.at_most is not None and self.ratio is not None:
            found.append((f"≤ {self.at_most:g}× floor", self.ratio <= self.at_most))
        if self.at_least is not None and self.ratio is not None:
            found.append((f"≥ {self.at_least:g}× floor", self.ratio >= self.at_least))
        if self.limit is not None:
            found.append((f"≤ {self.limit:g} {self.unit}", self.ours <= self.limit))
        return found

    def cells(self) -> tuple[str, ...]:
        """The row as text, one cell for each of :data:`COLUMNS`."""
        return (
            self.what,
            self.unit,
            shown(self.ours),
            shown(self.floor),
            "" if self.ratio is None else f"{self.ratio:.2f}×",
            ", ".join(text for text, _ in self.targets),
            "" if not self.targets else "yes" if all(met for _, met in self.targets) else "NO",
            ", ".join(f"{name} {shown(value)}" for name, value in self.peers.items()),
        )


def shown(value: float | None) -> str:
    """Three significant digits, thousands apart."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    """A Markdown table whose columns also line up in a terminal."""
    rows = [COLUMNS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
