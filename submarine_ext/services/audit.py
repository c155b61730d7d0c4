"""The audit view of the events log."""

from __future__ import annotations

from submarine_ext.domain.access import Principal
from submarine_ext.domain.events import AuditEntry
from submarine_ext.domain.pages import AuditFilter, Page
from submarine_ext.store.store import Store


class Audit:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, who: Principal, wanted: AuditFilter) -> Page[AuditEntry]:
        """Entries, newest first."""
        raise NotImplementedError
