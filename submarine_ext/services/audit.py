"""Who did what: the events log for a project's owners and for admins.

What a job runs and which secrets there are is no more told here than anywhere else.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.events import AuditEntry, EventRow
from submarine_ext.domain.pages import AuditFilter, Page
from submarine_ext.domain.times import now
from submarine_ext.errors import Forbidden
from submarine_ext.services import access
from submarine_ext.store import access as tuples
from submarine_ext.store import audit
from submarine_ext.store.store import Store, Transaction

#: Of a job, for those who may see what it runs.
_SPEC = ("spec", "remedy", "env")
_SECRETS = "secret."


class Audit:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, who: Principal, wanted: AuditFilter) -> Page[AuditEntry]:
        """Entries, newest first: of a project, or (admins) of the whole server."""

        def query(tx: Transaction) -> Page[AuditEntry]:
            if wanted.project is not None:
                access.may(tx, who, wanted.project, Capability.AUDIT_READ)
            elif not access.signed_in(tx, who, Capability.ME_READ).admin:
                raise Forbidden("Name a project that you own; the server's log is for admins.")
            found = audit.page(tx, wanted)
            allowed = _rights(tx, who, {row.project for row in found.items})
            shown = [_entry(row, allowed[row.project]) for row in found.items]
            # Looking for the name of a secret must not tell that it exists.
            hits = [e for e in shown if wanted.object in (None, e.object)]
            return Page(hits, found.next)

        return await self._store.read(query)


def _rights(
    tx: Transaction, who: Principal, projects: set[str]
) -> dict[str, frozenset[Capability]]:
    moment = now()
    return {
        name: access.in_project(tuples.standing(tx, who.name, name, moment)) for name in projects
    }


def _entry(row: EventRow, allowed: frozenset[Capability]) -> AuditEntry:
    secret = row.action.startswith(_SECRETS) and Capability.SECRET_READ not in allowed
    after = row.data if row.after is None else row.after
    specs = Capability.JOB_SPEC in allowed
    return AuditEntry(
        seq=row.seq,
        time=row.time,
        project=row.project,
        actor=row.actor,
        action=row.action,
        object="secret" if secret else row.object,
        before=None if secret else _shown(row.before, specs=specs),
        after={} if secret else _shown(after, specs=specs),
    )


def _shown(value: Any, *, specs: bool) -> Any:
    if specs or not isinstance(value, dict):
        return value
    return {name: _shown(each, specs=specs) for name, each in value.items() if name not in _SPEC}
