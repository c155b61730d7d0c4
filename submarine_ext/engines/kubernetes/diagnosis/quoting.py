"""Foreign text inside our sentences: short, on one line, and nothing but text.

Whatever a registry, a webhook or a program says may be long, or written to look like
something else. Markup stays as it is: every face shows sentences as text.
"""

from __future__ import annotations

LONGEST = 300
#: No message is read further than this: what follows is no explanation.
READ = 16_384


def plain(text: object, longest: int = LONGEST) -> str:
    """The text on one line without control and invisible characters, cut."""
    visible = "".join(c if c.isprintable() else " " for c in str(text)[:READ])
    line = " ".join(visible.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def quoted(text: object, longest: int = LONGEST) -> str:
    """The same in quotation marks."""
    return f"“{plain(text, longest)}”"


def counted(number: int, noun: str) -> str:
    """``1 machine``, ``4 machines``"""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
