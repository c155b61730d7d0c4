"""Field validation of a write: unknown fields refused, warned of, or dropped in silence.

Strict, Warn (the default) and Ignore, as the query's ``fieldValidation`` says. What is
unknown, ``schemas`` knows.
"""

from __future__ import annotations

from .calls import Call
from .server import Server
from .status import Object


def check(server: Server, call: Call, obj: Object, twice: list[str]) -> None:
    """Nothing is checked yet."""
