"""What a machine may say. It is somebody's own program: a number that no database holds, or a
reason as long as a book, must end its connection and harm nobody else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from submarine_ext.domain.jobs import JobSpec, Usage
from submarine_ext.engines.base import Capacity, Ended, EngineInfo, Started, Waiting

#: The longest sentence that is kept, in characters, and the longest remedy, in bytes.
SENTENCE, REMEDY = 2000, 64 * 1024
#: Seconds since the epoch, far in the future; bytes and the like.
LATEST, MOST = 1e11, 2**62
LONGEST_PATH = 4096


class ImplausibleError(Exception):
    """No machine says this."""


def observation(seen: Waiting | Started | Ended) -> Waiting | Started | Ended:
    """What it says of an attempt, cut to size. Raises ImplausibleError."""
    if isinstance(seen, Started):
        _within([seen.time], LATEST)
        return seen
    if isinstance(seen, Waiting):
        _within([seen.position], 2**31)
        return replace(seen, reason=seen.reason[:SENTENCE], remedy=_short(seen.remedy))
    _within([seen.started, seen.finished], LATEST)
    _within([None if seen.exit_code is None else abs(seen.exit_code)], 2**31)
    _within(_numbers(seen.usage), MOST)
    reason = None if seen.reason is None else seen.reason[:SENTENCE]
    return replace(seen, reason=reason, remedy=_short(seen.remedy))


def machine(info: EngineInfo) -> EngineInfo:
    """What it says of itself, as far as it is asked. Raises ImplausibleError."""
    for amount in (info.capacity, info.in_use):
        _within(_numbers(amount), MOST)
    python = None if info.python is None else info.python[:LONGEST_PATH]
    return EngineInfo(
        name="", title="", healthy=True, capacity=info.capacity, in_use=info.in_use, python=python
    )


def _numbers(of: Capacity | Usage | None) -> list[float | None]:
    return [] if of is None else list(msgspec.structs.astuple(of))


def _within(numbers: Iterable[float | None], most: float) -> None:
    for number in numbers:
        if number is not None and not (math.isfinite(number) and 0 <= number <= most):
            raise ImplausibleError(f"{number} is no number that a machine has.")


def _short(remedy: JobSpec | None) -> JobSpec | None:
    return remedy if remedy is None or len(msgspec.json.encode(remedy)) <= REMEDY else None
