"""Removes, now and then, what nobody needs: old versions, blobs without a version, leftovers.

Which versions may go is decided in :mod:`submarine_ext.domain.retention`, and again in the
transaction that removes them. A blob goes after the last version that names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from submarine_ext.domain.retention import Aged, expired
from submarine_ext.domain.versions import VersionKind
from submarine_ext.files.blobs import GRACE
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.store import versions
from submarine_ext.store.store import Storage, Transaction

PAUSE_SECONDS = 3600.0
BATCH = 100


class Thinner:
    """``run()`` until cancelled; ``clock`` tells the time (UTC)."""

    def __init__(
        self,
        store: Storage,
        files: ProjectFiles,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._files = files
        self._clock = clock

    async def turn(self) -> None:
        """Once through everything."""
        documents = await self._after(0)
        while documents:
            for document in documents:
                await self._thin(document)
            documents = await self._after(documents[-1])
        named = await self._store.read(versions.blobs)
        await asyncio.to_thread(self._files.blobs.sweep, named)
        for project in await asyncio.to_thread(self._files.projects):
            await asyncio.to_thread(self._files.sweep, project, older_than=GRACE)

    async def _after(self, document: int) -> list[int]:
        return await self._store.read(lambda tx: versions.documents_after(tx, document, BATCH))

    async def _thin(self, document: int) -> None:
        moment = self._clock()
        if await self._store.read(lambda tx: _expired(tx, document, moment)):
            await self._store.write(lambda tx: versions.remove(tx, _expired(tx, document, moment)))


def _expired(tx: Transaction, document: int, moment: datetime) -> set[int]:
    used = versions.jobs_of(tx, document)
    latest = versions.latest(tx, document)
    aged = [
        Aged(
            id=record.id,
            time=datetime.fromisoformat(record.time),
            held=record.message is not None or record.id in used or record == latest,
            conflict=record.kind is VersionKind.CONFLICT,
        )
        for record in versions.of(tx, document)
    ]
    return expired(aged, moment)
