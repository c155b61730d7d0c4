"""One row of the events log for each change, in the change's own transaction."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

import msgspec

from submarine_ext.domain.events import EventRow
from submarine_ext.domain.times import now
from submarine_ext.store import events
from submarine_ext.store.store import Transaction


class Told(TypedDict, total=False):
    """``project``: whose followers hear of it, as of what ``kind`` and with what ``data``
    (default: ``audit``, only that there is an entry); ``before`` and ``after``: structs or
    dicts for the audit.
    """

    project: str
    kind: str
    data: dict[str, Any]
    before: Any
    after: Any


def note(tx: Transaction, actor: str, action: str, thing: str, **told: Unpack[Told]) -> None:
    """Record that ``actor`` did ``action`` (such as ``grant.put``) to ``thing``."""
    row = EventRow(
        time=now(),
        project=told.get("project", ""),
        actor=actor,
        action=action,
        kind=told.get("kind", "audit"),
        object=thing,
        data=told.get("data", {}),
        before=msgspec.to_builtins(told.get("before")),
        after=msgspec.to_builtins(told.get("after")),
    )
    events.append(tx, row)
