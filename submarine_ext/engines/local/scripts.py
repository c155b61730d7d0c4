"""Which program runs a script: the job's Python, or the one that its first line names.

Standard library only, Python 3.8: this travels into pods.
"""

from __future__ import annotations

from pathlib import Path


def interpreter(script: Path, python: str) -> list[str]:
    """The words before the script's own path."""
    if script.suffix == ".py":
        return [python]
    try:
        with script.open("rb") as file:
            line = file.readline(256)
    except OSError:
        return [python]
    return (
        line[2:].decode(errors="replace").strip().split(None, 1) if line[:2] == b"#!" else [python]
    )
