"""An attempt's files on their way into its folder: unpacked beside it, then there as a whole.

So a folder called ``work`` is whole whatever is killed when, and of two that unpack at the
same time (a server that has lost its lease without knowing) one comes first.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from submarine_ext.engines.base import Task

PART = "work.part."
GONE = "The job's files are gone from the server; submit it anew."


def beside(task: Task) -> Path:
    """An empty folder to unpack into, with a name of its own each time."""
    task.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(tempfile.mkdtemp(prefix=PART, dir=task.folder))


def take_place(part: Path, task: Task) -> None:
    """What is beside becomes the folder; what earlier tries left there goes."""
    try:
        part.rename(task.work)
    except OSError:
        if not task.work.exists():
            raise
    for left in task.folder.glob(f"{PART}*"):
        shutil.rmtree(left, ignore_errors=True)
