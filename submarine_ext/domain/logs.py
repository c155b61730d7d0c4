"""What is told of logs, beside their text."""

from __future__ import annotations

from msgspec import Struct


class LogMatches(Struct, frozen=True):
    """Lines of one rank's log that show a text, by the raw offset at which each begins.

    Ask again from ``next``: at once where ``more`` says so, else when the log has grown.
    """

    lines: list[int]
    next: int
    more: bool
    size: int
    attempt: int
