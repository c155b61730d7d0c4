"""The engines that this server has: which one a job goes to, how they are and were set up."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Mapping

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import (
    Check,
    Engine,
    EngineInfo,
    Finding,
    HasDoctor,
    HasPlaces,
    HasPreflight,
    Prospect,
)
from submarine_ext.errors import Invalid, NotFound, Unavailable
from submarine_ext.services import access
from submarine_ext.store.store import Store

FORESEE = 3.0  # seconds that somebody who submits may wait for an engine's word
EXAMINE = 20.0  # seconds that an examination may take


class Engines:
    """``engines`` by name; the first is the default."""

    def __init__(self, store: Store, engines: Mapping[str, Engine]) -> None:
        self._store = store
        self._engines = dict(engines)

    def choose(self, spec: JobSpec) -> str:
        """The engine's name, after it has agreed to the spec. Raises Invalid."""
        name = spec.engine or next(iter(self._engines))
        engine = self._engines.get(name)
        if engine is None:
            raise Invalid(
                f"There is no engine {name!r} here; there is {', '.join(self._engines)}.",
                field="engine",
            )
        engine.check(spec)
        return name

    async def list(self, who: Principal) -> list[EngineInfo]:
        """Health and load of each engine."""
        await self._store.read(lambda tx: access.signed_in(tx, who, Capability.ENGINE_READ))
        return [await engine.info() for engine in self._engines.values()]

    def places(self) -> dict[str, int]:
        """Places in queues by the names of tasks, of engines that know them."""
        knowing = [each for each in self._engines.values() if isinstance(each, HasPlaces)]
        return {name: place for engine in knowing for name, place in engine.places().items()}

    def foresees(self, name: str) -> bool:
        """Whether this engine can say anything of a job beforehand."""
        return isinstance(self._engines[name], HasPreflight)

    async def foresee(self, name: str, prospect: Prospect) -> builtins.list[Finding]:
        """What the engine knows of a job beforehand; nothing where it takes too long.

        Raises Invalid for what rules the job out at once.
        """
        engine = self._engines[name]
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
