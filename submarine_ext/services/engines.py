"""The engines that there are: which one a job goes to, how they are and were set up.

Those of this server are for everybody, or for its admins; a person's own machine
(:mod:`submarine_ext.services.machines`) is for that person, and for others as if it were not.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Collection, Mapping
from typing import Protocol

from msgspec import Struct

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.machines import machine_owner
from submarine_ext.engines.base import (
    Capacity,
    Check,
    Engine,
    EngineInfo,
    Finding,
    HasCapacity,
    HasDoctor,
    HasPlaces,
    HasPreflight,
    KnowsModules,
    Prospect,
)
from submarine_ext.engines.remote import engine as remote
from submarine_ext.errors import Forbidden, Invalid, NotFound, Unavailable
from submarine_ext.services import access, machines
from submarine_ext.store.access import at_all
from submarine_ext.store.store import Store, Transaction

FORESEE = 3.0  # seconds that somebody who submits may wait for an engine's word
EXAMINE = 20.0  # seconds that an examination may take


class Chosen(Protocol):
    """An engine as far as a submission needs it."""

    def check(self, spec: JobSpec) -> None:
        """Raise ``Invalid`` with the field's name if this engine can't honour the spec."""


class Distant(Struct, frozen=True):
    """A machine that may be another server's to speak to; None: it never said what it has."""

    has: Capacity | None

    def check(self, spec: JobSpec) -> None:
        """As far as it can be known from here."""
        remote.check(spec, self.has)

    def capacity(self) -> Capacity | None:
        """All that it has."""
        return self.has


class Offered:
    """What somebody may choose from at a moment, by name; the first is the default."""

    def __init__(self, engines: Mapping[str, Chosen]) -> None:
        self._engines = engines

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the default first."""
        return tuple(self._engines)

    def name_of(self, spec: JobSpec) -> str:
        """The engine that a spec names or means. Raises Invalid where it is not here."""
        name = spec.engine or next(iter(self._engines))
        if name not in self._engines:
            raise Invalid(
                f"There is no engine {name!r} here; there is {', '.join(self._engines)}.",
                field="engine",
            )
        return name

    def choose(self, spec: JobSpec) -> str:
        """The engine's name, after it has agreed to the spec. Raises Invalid."""
        name = self.name_of(spec)
        self._engines[name].check(spec)
        return name

    def capacity(self, spec: JobSpec) -> Capacity | None:
        """All that the spec's engine has, where it knows."""
        engine = self._engines[self.name_of(spec)]
        return engine.capacity() if isinstance(engine, HasCapacity) else None


class Engines:
    """``engines`` by name, as they are at the moment; the first is the default. Those
    ``for_admins`` are for nobody else.
    """

    def __init__(
        self, store: Store, engines: Mapping[str, Engine], for_admins: Collection[str] = ()
    ) -> None:
        self._store = store
        self._engines = engines
        self._for_admins = frozenset(for_admins)

    def require(self, tx: Transaction, who: Principal, name: str) -> None:
        """Raise Forbidden for whoever may run nothing on the engine."""
        require_own(who, name)
        if name in self._for_admins and not at_all(tx, who.name).admin:
            raise Forbidden(
                f"The engine {name} runs jobs as the service's own account, so it is for "
                "administrators only: choose another engine."
            )

    async def offered(self, who: Principal, spec: JobSpec) -> Offered:
        """What somebody may choose from, for this spec. Raises Forbidden of another's machine."""
        if spec.engine is None or machine_owner(spec.engine) is None:
            return Offered(self._engines)
        require_own(who, spec.engine)
        seen = await self._store.read(lambda tx: machines.last_seen(tx, who.name))
        if seen is None:
            return Offered(self._engines)
        return Offered({**self._engines, spec.engine: Distant(seen.capacity)})

    async def missing_modules(
        self, name: str, spec: JobSpec, wanted: Collection[str]
    ) -> tuple[str, builtins.list[str]]:
        """The job's interpreter and which top-level modules it lacks; none where nobody knows."""
        engine = self._engines.get(name)
        if not wanted or not isinstance(engine, KnowsModules):
            return "", []
        return await engine.missing_modules(spec, wanted)

    async def list(self, who: Principal) -> list[EngineInfo]:
        """Health and load of each engine that the asker may use."""

        def allowed(tx: Transaction) -> tuple[builtins.list[str], EngineInfo | None]:
            admin = access.signed_in(tx, who, Capability.ENGINE_READ).admin
            names = [name for name in self._engines if admin or name not in self._for_admins]
            return names, machines.last_seen(tx, who.name)

        names, own = await self._store.read(allowed)
        return [*[await self._engines[name].info() for name in names], *([own] if own else [])]

    def places(self) -> dict[str, int]:
        """Places in queues by the names of tasks, of engines that know them."""
        knowing = [each for each in self._engines.values() if isinstance(each, HasPlaces)]
        return {name: place for engine in knowing for name, place in engine.places().items()}

    def foresees(self, name: str) -> bool:
        """Whether this engine can say anything of a job beforehand."""
        return isinstance(self._engines.get(name), HasPreflight)

    async def foresee(self, name: str, prospect: Prospect) -> builtins.list[Finding]:
        """What the engine knows of a job beforehand; nothing where it takes too long.

        Raises Invalid for what rules the job out at once.
        """
        engine = self._engines.get(name)
        if not isinstance(engine, HasPreflight):
            return []
        try:
            async with asyncio.timeout(FORESEE):
                return await engine.preflight(prospect)
        except TimeoutError:
            return []

    async def examine(self, who: Principal, name: str) -> builtins.list[Check]:
        """How an engine was set up (admins). Raises NotFound, Unavailable.

        An engine that needs nothing has nothing to check.
        """
        await self._store.read(lambda tx: access.signed_in(tx, who, Capability.ENGINE_EXAMINE))
        engine = self._engines.get(name)
        if engine is None:
            raise NotFound(
                f"There is no engine {name!r} here; there is {', '.join(self._engines)}."
            )
        if not isinstance(engine, HasDoctor):
            return []
        try:
            async with asyncio.timeout(EXAMINE):
                return await engine.examine()
        except TimeoutError:
            raise Unavailable(f"The engine {name} did not answer within {EXAMINE:g} s.") from None


def require_own(who: Principal, engine: str) -> None:
    """Raise Forbidden of another person's machine, whether there is one or not."""
    owner = machine_owner(engine)
    if owner is not None and owner != who.name:
        raise Forbidden(
            f"{engine} is {owner}'s own machine, which runs nobody else's jobs: "
            "choose another engine."
        )
