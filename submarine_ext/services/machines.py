"""A person's own machine: who may offer it, and how it was seen last.

It is its owner's alone. Others see the jobs that run there, as they see any job of a project.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.machines import LONGEST_OWNER, PATIENCE
from submarine_ext.engines.base import EngineInfo
from submarine_ext.engines.remote.engine import RemoteEngine
from submarine_ext.engines.remote.frames import Link
from submarine_ext.engines.remote.visit import Visit
from submarine_ext.errors import Forbidden, Invalid
from submarine_ext.services import access
from submarine_ext.store import machines
from submarine_ext.store.store import Store, Transaction


class Machines:
    """The service. ``machine`` finds the engine of a person, at the server that reconciles."""

    def __init__(self, store: Store, machine: Callable[[str], RemoteEngine]) -> None:
        self._store = store
        self._machine = machine

    async def enter(self, who: Principal, owner: str) -> None:
        """Whether ``who`` may offer this machine, here and now.

        Raises Forbidden, Invalid, and Unavailable where another server is to be asked.
        """
        await self._store.read(lambda tx: access.signed_in(tx, who, Capability.MACHINE_OFFER))
        if owner != who.name:
            raise Forbidden(f"This is {owner}'s machine: nobody else offers it.")
        if len(owner) > LONGEST_OWNER or "/" in owner:
            raise Invalid(
                f"The name {owner[:80]!r} is too long for the name of an engine, or has a slash.",
                field="user",
            )
        self._machine(owner)

    def meet(self, owner: str, link: Link) -> Visit:
        """A machine's connection, which said nothing yet. Raises Unavailable."""
        return self._machine(owner).meet(link)


def last_seen(tx: Transaction, owner: str) -> EngineInfo | None:
    """A person's machine; None where there is none, or nobody saw it for too long."""
    kept = machines.get(tx, owner)
    if kept is None:
        return None
    info = msgspec.json.decode(kept, type=EngineInfo)
    return info if info.healthy or _age(info) < PATIENCE else None


def all_seen(tx: Transaction) -> list[tuple[str, EngineInfo]]:
    """Everybody's."""
    kept = machines.every(tx)
    return [(owner, msgspec.json.decode(info, type=EngineInfo)) for owner, info in kept]


def saw(tx: Transaction, owner: str, info: EngineInfo) -> None:
    """Remember how a machine is."""
    machines.put(tx, owner, msgspec.json.encode(info).decode())


def _age(info: EngineInfo) -> float:
    if info.since is None:
        return 0.0
    return (datetime.now(UTC) - datetime.fromisoformat(info.since)).total_seconds()
