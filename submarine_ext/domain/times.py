"""Times as everybody sees them: RFC 3339 in UTC with a ``Z``, microseconds."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The present moment."""
    return _text(datetime.now(UTC))


def at(seconds: float) -> str:
    """The moment ``seconds`` after the epoch (UTC)."""
    return _text(datetime.fromtimestamp(seconds, UTC))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
