"""What a job measured, as it goes over the wire: series of points, parameters, cursors.

NumPy and tsdownsample are imported on first use: a server start must not pay for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A downsampled series has at least this many points: both ends, both extremes, one between.
FEWEST = 5

#: JSON has no NaN and no infinities, so values that are not finite travel as these words.
Value = float | str


class Series(Struct):
    """One metric's points as columns. ``time`` is seconds since the epoch (UTC)."""

    step: list[int] = []
    value: list[Value] = []
    time: list[float] = []


class Span(Struct, frozen=True):
    """A part of a series, both bounds included (None: no bound).

    ``by`` says what they are: steps, or times in seconds since the epoch.
    """

    by: Literal["step", "time"] = "step"
    begin: float | None = None
    end: float | None = None


#: All of it.
WHOLE = Span()


class Metrics(Struct, frozen=True):
    """A job's latest attempt. ``seq`` is the cursor from which to follow what comes."""

    series: Mapping[str, Series]
    params: Mapping[str, Any]
    seq: int


class PointsSlice(Struct, frozen=True):
    """Some points after a cursor, in the order in which they were stored.

    ``seq`` is the next cursor; ``more`` says whether a further read would find points now.
    """

    series: Mapping[str, Series]
    seq: int
    more: bool


def spelled(value: float | None) -> Value:
    """A stored value as JSON can carry it; the store keeps NaN as NULL."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is what differs from itself
        return "NaN"
    if isfinite(value):
        return value
    return "Infinity" if value > 0 else "-Infinity"


class Columns:
    """Collects the stored rows of one key and makes the series that is shown of them."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float64]] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, rows: Sequence[tuple[int, int, float | None, float]]) -> None:
        """Add rows of (rank, step, value or None for NaN, time)."""
        import numpy as np

        # doubles hold every step exactly: records allow no more than 53 bits
        self._blocks.append(np.array(rows, dtype=np.float64))
        self._length += len(rows)

    def table(self, most: int | None = None) -> NDArray[np.float64]:
        """In order of steps, one rank a step, downsampled to ``most`` points if given.

        Rows are (rank, step, value, time).
        """
        import numpy as np

        table = _one_rank(_ordered(np.concatenate(self._blocks)))
        if most is not None and len(table) > max(most, FEWEST):
            table = table[_chosen(table, max(most, FEWEST))]
        return table

    def series(self, most: int | None = None) -> Series:
        """The same as it goes over the wire."""
        return series_of(self.table(most))


def series_of(table: NDArray[np.float64]) -> Series:
    """Rows of (rank, step, value, time) as a series."""
    import numpy as np

    values = table[:, 2]
    shown: list[Value] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)).tolist():
        shown[place] = spelled(shown[place])  # type: ignore[arg-type]
    return Series(table[:, 1].astype(np.int64).tolist(), shown, table[:, 3].tolist())


def _ordered(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """By step, then rank; equal ones stay in the order in which they were logged."""
    import numpy as np

    rank, step = table[:, 0], table[:, 1]
    if not rank.any() and bool((step[1:] >= step[:-1]).all()):
        return table
    return table[np.lexsort((rank, step))]


def _one_rank(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the rows of one step only those of the lowest rank."""
    import numpy as np

    rank, step = table[:, 0], table[:, 1]
    if not rank.any():
        return table
    begins = np.flatnonzero(np.diff(step, prepend=step[0] - 1))
    lowest = np.repeat(rank[begins], np.diff(begins, append=len(step)))
    return np.compress(rank == lowest, table, axis=0)


def _chosen(table: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Which rows to show: MinMaxLTTB keeps the shape.

    Kept beside it: where values stop being finite, the lowest and the highest value.
    """
    import numpy as np

    finite = np.isfinite(table[:, 2])
    turns = np.flatnonzero(~finite & np.concatenate(([True], finite[:-1])))
    turns = np.concatenate((turns[: most // 4], turns[-1:]))
    turns = np.unique(turns)
    good = np.flatnonzero(finite)
    room = most - len(turns)
    if len(good) > room:
        good = good[_shape(table[good, 1], table[good, 2], room)]
    return np.sort(np.concatenate((good, turns)))


def _shape(x: NDArray[np.float64], y: NDArray[np.float64], room: int) -> NDArray[np.intp]:
    """``room`` places that keep the curve's look, its lowest and its highest among them."""
    import numpy as np
    from tsdownsample import MinMaxLTTBDownsampler

    def chosen(count: int) -> NDArray[np.intp]:
        x_, y_ = np.ascontiguousarray(x), np.ascontiguousarray(y)
        places = MinMaxLTTBDownsampler().downsample(x_, y_, n_out=count)  # type: ignore[no-untyped-call]
        return places.astype(np.intp)  # type: ignore[no-any-return]

    extremes = np.array([y.argmin(), y.argmax()])
    kept = chosen(room)
    if np.isin(extremes, kept).all():
        return kept
    return np.union1d(chosen(room - len(extremes)), extremes)
