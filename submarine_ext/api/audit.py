"""Who did what."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.events import AuditEntry
from submarine_ext.domain.pages import AuditFilter, Page


class Audit(Endpoint):
    """``/audit``"""

    @operation(Capability.AUDIT_READ, query=AuditFilter, answer=Page[AuditEntry])
    async def get(self, query: AuditFilter) -> Page[AuditEntry]:
        """What happened in a project (its owners) or on the server (admins), newest first."""
        return await self.services.audit.page(self.principal, query)
