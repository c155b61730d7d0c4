"""Named places where a test may kill this process: the proof that no moment is unsafe.

``SUBMARINE_FAILPOINT="after-claim:3"`` (or :func:`arm`) ends the process by SIGKILL the
third time that ``reach("after-claim")`` is called. Unarmed, a call is one comparison.
"""

from __future__ import annotations

import os
import signal

#: The names on a job's way, in its order; a test kills the server at each.
NAMES = (
    "before-submit-commit",
    "after-submit-commit",
    "after-claim",
    "after-start",
    "mid-log",
    "mid-finish",
    "after-finish",
)
#: And of a save's way: the version is kept, the new file is written, it is in its place, the
#: rows are about to be committed, they are.
SAVES = (
    "save-kept",
    "save-written",
    "save-placed",
    "before-save-commit",
    "after-save-commit",
)
#: And of an attempt's on a cluster: where it goes is written down, its object exists, which
#: one it is is written down, one more of what the object owns exists, it was let go, so much
#: is written down; bytes of its log are in the file, it is written down that they are; its
#: stop is written down, its object deleted; its logs are here, its end is written down.
CLUSTER = (
    "placed",
    "top-made",
    "uid-written",
    "owned-made",
    "let-go",
    "begun-written",
    "log-appended",
    "log-marked",
    "stop-written",
    "top-deleted",
    "drained",
    "end-written",
)
#: And of a working copy's: a file has come, it is in its place, one was sent; each time what is
#: remembered of it is not written down yet.
COPIES = ("copy-received", "copy-placed", "copy-sent")
ALL = NAMES + SAVES + CLUSTER + COPIES


class _Armed:
    name = ""
    left = 0


def arm(point: str) -> None:
    """Arm ``name`` or ``name:count``; an empty string disarms. Raises ValueError."""
    name, _, count = point.partition(":")
    if name and name not in ALL:
        raise ValueError(f"There is no failpoint {name!r}; there are {', '.join(ALL)}.")
    _Armed.name, _Armed.left = name, int(count or 1)


def reach(name: str) -> None:
    """Die here if this is the armed failpoint and its turn has come."""
    if name != _Armed.name:
        return
    _Armed.left -= 1
    if _Armed.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("SUBMARINE_FAILPOINT", ""))
