"""One of two server processes: submits what it is told to, as fast as it can.

``quota_server.py ROOT DATABASE [MUTANT]`` reads ``{"person", "project", "jobs"}`` a line and
answers ``{"accepted", "refused", "errors"}``. Nothing is started: the jobs stay pending and
count.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Engine
from submarine_ext.errors import QuotaExceeded
from submarine_ext.files.bundles import BundleFiles
from submarine_ext.files.jobs import JobFiles
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.services.bundles import Bundles
from submarine_ext.services.documents import Documents
from submarine_ext.services.engines import Engines
from submarine_ext.services.jobs import Jobs
from submarine_ext.store import quotas
from submarine_ext.store.store import Store

SPEC = JobSpec(command=["true"])


class Anything(Engine):
    """Agrees to every spec; nobody asks it to start one."""

    name = "anything"

    def check(self, spec): ...
    async def open(self): ...
    async def close(self): ...
    async def start(self, task): ...
    async def stop(self, name, *, grace_seconds=10.0): ...
    async def adopt(self, tasks): ...
    def observe(self): ...
    async def info(self): ...


class AsksBeforeItWrites(Jobs):
    """The mutant: whether there is room is asked in a transaction of its own."""

    async def submit(self, who, project, spec, key):
        await self._store.read(lambda tx: reserve(tx, who, project))
        return await super().submit(who, project, spec, key)


def reserve(tx, who, project):
    class Asked:
        id, owner = "nobody's", who.name

    Asked.project, Asked.spec = project, SPEC
    _require(tx, Asked, "2026-11-22T00:00:00.000000Z")


def _require(tx, job, moment):
    """Like ``quotas.reserve``, without the charge."""
    for row in tx.execute(quotas._ACCOUNTS, {"person": job.owner, "project": job.project}).all():
        load = quotas.Load(jobs=1, cpu=1000, memory=0, gpu=0)
        taken = quotas._taken(tx, row.account)[row.account]
        quotas._require_room(tx, row.account, quotas._quota(row.quota), taken, load, moment)


async def serve(root: Path, database: str, mutant: str) -> None:
    store = await Store.open(database if "://" in database else Path(database))
    documents = Documents(store, ProjectFiles(root / "projects"))
    bundles = Bundles(store, BundleFiles(root / "bundles", 1), documents, None)
    engines = Engines(store, {"anything": Anything()})
    kind = Jobs
    if mutant:
        kind = AsksBeforeItWrites
        real = quotas._require_room
        write = store.write

        def unasked(change):
            def careless(tx):
                quotas._require_room = lambda *_: None
                try:
                    return change(tx)
                finally:
                    quotas._require_room = real

            return write(careless)

        store.write = unasked
    jobs = kind(store, JobFiles(root / "jobs"), bundles, engines, lambda: None)
    for line in sys.stdin:
        order = json.loads(line)
        who = Principal(order["person"])
        results = await asyncio.gather(
            *[jobs.submit(who, order["project"], SPEC, None) for _ in range(order["jobs"])],
            return_exceptions=True,
        )
        refused = [r for r in results if isinstance(r, QuotaExceeded)]
        errors = [repr(r) for r in results if isinstance(r, BaseException) and r not in refused]
        accepted = len(results) - len(refused) - len(errors)
        told = {"accepted": accepted, "refused": len(refused), "errors": errors}
        print(json.dumps(told), flush=True)
    await store.close()


asyncio.run(serve(Path(sys.argv[1]), *sys.argv[2:3], "".join(sys.argv[3:])))
