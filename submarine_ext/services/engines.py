"""The engines that this server has: which one a job goes to, and how they are."""

from __future__ import annotations

from collections.abc import Mapping

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Engine, EngineInfo
from submarine_ext.errors import Invalid
from submarine_ext.services import access
from submarine_ext.store.store import Store


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
