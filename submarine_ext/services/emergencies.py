"""Break-glass: an admin enters a project in an emergency, and its owners know."""

from __future__ import annotations

import time

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.projects import BreakGlass, Grant
from submarine_ext.domain.times import at, now
from submarine_ext.errors import Invalid
from submarine_ext.services import access
from submarine_ext.services.consequences import settle
from submarine_ext.services.entries import note
from submarine_ext.services.sharing import emergency
from submarine_ext.store import emergencies
from submarine_ext.store.store import Store, Transaction

SHORTEST_REASON = 10


class Emergencies:
    """The service. Emergency access runs out by itself: no row tells when."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self, who: Principal, project: str, wanted: BreakGlass) -> Grant:
        """Enter for ``wanted.minutes`` from now. The owners are told why."""
        reason = " ".join(wanted.reason.split())
        if len(reason) < SHORTEST_REASON:
            raise Invalid("reason must say why, in a few words.", field="reason")

        def enter(tx: Transaction) -> Grant:
            access.may(tx, who, project, Capability.BREAK_GLASS)
            until = at(time.time() + 60 * wanted.minutes)
            opened = emergencies.Emergency(project, who.name, reason, now(), until)
            emergencies.put(tx, opened)
            told = {"reason": reason, "until": until}
            note(
                tx,
                who.name,
                "break-glass.open",
                project,
                project=project,
                kind="access",
                after=told,
            )
            _notify(tx, who, opened, wanted.minutes)
            settle(tx, who, project)
            return emergency(opened)

        return await self._store.write(enter)

    async def close(self, who: Principal, project: str) -> None:
        """Give it back before its time; without any this does nothing."""

        def leave(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.BREAK_GLASS)
            if not any(each.admin == who.name for each in emergencies.of(tx, project, now())):
                return
            emergencies.remove(tx, project, who.name)
            note(tx, who.name, "break-glass.close", project, project=project, kind="access")
            settle(tx, who, project)

        await self._store.write(leave)


def _notify(tx: Transaction, who: Principal, opened: emergencies.Emergency, minutes: int) -> None:
    span = "a minute" if minutes == 1 else f"{minutes} minutes"
    text = (
        f"{who.name}, an administrator, entered this project in an emergency, for {span}: "
        f"{opened.reason}"
    )
    action, project = "break-glass.notice", opened.project
    note(tx, who.name, action, project, project=project, kind="notice", data={"text": text})
