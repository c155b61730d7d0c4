"""The events log: one row for each change, in the change's own transaction.

It feeds the WebSocket (``seq`` is the cursor), notifications and the audit view.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class EventRow(Struct, frozen=True, kw_only=True):
    """``kind`` says who hears of it: ``job`` and ``deleted`` (a job), ``file``, ``project``,
    ``access`` and ``notice`` go to whoever follows the project; of ``audit`` they hear only
    that there is something new, if they may read the log.

    ``data`` is what followers get, ``before`` and ``after`` are for the audit view only
    (``after`` None: it is ``data``). ``actor`` is a person's name, or ``submarine`` for what
    the server does by itself. ``project`` is empty for what belongs to none (teams, users).
    ``seq`` is 0 until the store has numbered the row.
    """

    time: str
    project: str
    actor: str
    action: str
    kind: str
    object: str
    data: dict[str, Any]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    seq: int = 0


SYSTEM = "submarine"


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what to which object, what it was before and what it is after."""

    seq: int
    time: str
    project: str
    actor: str
    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any]
