"""Named places where a test may kill this process: the proof that no moment is unsafe.

``SUBMARINE_FAILPOINT="after-claim:3"`` ends the process by SIGKILL the third time that
``reach("after-claim")`` is called. Without the variable a call is one comparison.
"""

from __future__ import annotations

import os
import signal

#: Every name there is, in the order of a job's way; a test kills the server at each.
NAMES = (
    "before-submit-commit",
    "after-submit-commit",
    "after-claim",
    "after-start",
    "mid-log",
    "mid-finish",
    "after-finish",
)

_name, _, _count = os.environ.get("SUBMARINE_FAILPOINT", "").partition(":")
_left = int(_count or 1)


def reach(name: str) -> None:
    """Die here if this is the armed failpoint and its turn has come."""
    global _left  # noqa: PLW0603 - one process, one countdown
    if name != _name:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
