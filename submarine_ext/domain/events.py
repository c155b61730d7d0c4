"""The events log: one row for each change, in the change's own transaction.

It feeds the WebSocket (``seq`` is the cursor), notifications and the audit view.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class EventRow(Struct, frozen=True, kw_only=True):
    """``kind`` is ``job`` (fields of a Job that changed) or ``deleted``; see protocol.md.

    ``actor`` is a person's name, or ``submarine`` for what the server does by itself.
    ``seq`` is 0 until the store has numbered the row.
    """

    time: str
    project: str
    actor: str
    action: str
    kind: str
    object: str
    data: dict[str, Any]
    seq: int = 0


SYSTEM = "submarine"
