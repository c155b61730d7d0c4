"""How ends are put into words, so that all engines say the same of the same end.

What happened is known by whoever asks; here are only sentences, and the reading of a log's
last piece.
"""

from __future__ import annotations

import re
import signal

#: So much of a log's end is worth reading for the error that it ends with, in bytes.
TAIL = 32_768
_LONGEST = 500
_NOISE = re.compile(rb"\x1e\{[^\n]*\n|\x1b\[[0-9;?]*[ -/]*[@-~]")
_TRACEBACK = "Traceback (most recent call last)"
_ERROR = re.compile(r"[A-Za-z_][\w.]*(: .*)?")


def exited(code: int, error: str | None) -> str:
    """``Exited with code 1: ValueError: bad batch``"""
    return f"Exited with code {code}" + (f": {error}" if error else ".")


def killed(number: int) -> str:
    """``Killed by signal 9 (SIGKILL).``"""
    return f"Killed by signal {number} ({signal_name(number)})."


def over_time(seconds: int | None) -> str:
    """What is said of a job that ran too long; ``seconds`` is its limit."""
    return f"Ran longer than its limit of {seconds} s."


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def last_error(end_of_log: bytes) -> str | None:
    """``ValueError: bad`` where a log ends with a Python traceback, None elsewhere.

    The first line of the last traceback that stands at the margin and reads like an
    exception: a message may go on for many lines, and programs print after it.
    """
    text = _NOISE.sub(b"", end_of_log).decode(errors="replace")
    _, found, rest = text.rpartition(_TRACEBACK)
    if not found:
        return None
    for line in rest.splitlines()[1:]:
        if _ERROR.fullmatch(line.rstrip()):
            return line.rstrip()[:_LONGEST]
    return None
