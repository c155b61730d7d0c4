"""What can be known of a job before it is submitted, with ways out where there are some.

Whether its engine agrees and knows more, whether a quota has room, and what its code shows:
modules that its Python lacks, files that do not travel with it, names that nobody defines.
Rights are the caller's; nothing is written, and nothing of the job runs.
"""

from __future__ import annotations

import asyncio

from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.times import now
from submarine_ext.engines.base import Finding, Fix, Preflight, Prospect
from submarine_ext.errors import Invalid, QuotaExceeded
from submarine_ext.services import fixes
from submarine_ext.services.bundles import Bundles
from submarine_ext.services.code import Reader
from submarine_ext.services.engines import Engines, Offered
from submarine_ext.store import quotas
from submarine_ext.store.store import Store

_FIELDS = {"cpu": "resources.cpu", "memory": "resources.memory", "gpu": "resources.gpu",
           "gpu_hours": "resources.gpu"}  # fmt: skip


class Foresight:
    """See the module's docstring."""

    def __init__(self, store: Store, bundles: Bundles, engines: Engines) -> None:
        self._store = store
        self._bundles = bundles
        self._engines = engines

    async def of(self, prospect: Prospect) -> Preflight:
        """Everything that is known, what rules the job out first. Raises Invalid of an engine
        that is not there.
        """
        offered = await self._engines.offered(Principal(prospect.owner), prospect.spec)
        name = offered.name_of(prospect.spec)
        refused = _refusal(prospect.spec, offered)
        told = [refused] if refused else await self._engines.foresee(name, prospect)
        found = [*told, *await self._quotas(prospect), *await self._code(prospect, name)]
        return Preflight(engine=name, findings=sorted(found, key=lambda one: not one.fatal))

    async def _quotas(self, prospect: Prospect) -> list[Finding]:
        owner, project, spec = prospect.owner, prospect.project, prospect.spec
        try:
            await self._store.read(lambda tx: quotas.require_room(tx, owner, project, spec, now()))
        except QuotaExceeded as error:
            kind = error.quota.rpartition("/")[2]
            less = _less(kind, error.limit - error.used, spec.distributed.nodes)
            return [Finding(text=error.detail, field=_FIELDS.get(kind), fixes=less)]
        return []

    async def _code(self, prospect: Prospect, engine: str) -> list[Finding]:
        names, texts = await self._bundles.code(prospect.spec)
        reader = Reader(prospect.spec, names, texts)
        seen = await asyncio.to_thread(reader.look)
        python, lacking = await self._engines.missing_modules(engine, prospect.spec, seen.modules)
        return [*reader.lacking(python, lacking), *seen.findings]


def _refusal(spec: JobSpec, offered: Offered) -> Finding | None:
    """What the engine can't honour, whoever asks."""
    try:
        offered.choose(spec)
    except Invalid as error:
        ways = fixes.ways_out(spec, error, offered)
        return Finding(text=_unnamed(error), field=error.field, fixes=ways)
    return None


def _unnamed(error: Invalid) -> str:
    """The sentence without its field, which stands beside it."""
    text = error.detail.removeprefix(f"{error.field}: ")
    return text[:1].upper() + text[1:]


def _less(kind: str, left: float, nodes: int) -> list[Fix]:
    """Ask for what the quota still has."""
    each = max(0.0, left) / nodes
    if kind == "cpu" and each >= 0.1:
        return [fixes.cpu_fix(each)]
    if kind == "memory" and each >= 1024**2:
        return [fixes.memory_fix(int(each))]
    if kind in ("gpu", "gpu_hours"):
        return [fixes.gpu_fix(int(each) if kind == "gpu" else 0)]
    return []
