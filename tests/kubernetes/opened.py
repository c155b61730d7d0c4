"""An engine's cluster, connected, without any job: for what only asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from submarine_ext.engines.kubernetes.cluster import Cluster
from submarine_ext.engines.kubernetes.reach import Patience, Reach
from submarine_ext.engines.kubernetes.settings import Settings


@asynccontextmanager
async def opened(kubeconfig: Path, **settings: Any) -> AsyncIterator[Cluster]:
    chosen = Settings(kubeconfig=str(kubeconfig), **settings)
    patience = Patience(first=0.05, longest=0.2, probe=0.2)
    well = asyncio.Event()
    reach = Reach(chosen, patience, lambda: well.set() if reach.reason is None else well.clear())
    connecting = asyncio.create_task(reach.run())
    await well.wait()
    cluster = Cluster("site", chosen, reach, patience)
    try:
        yield cluster
    finally:
        connecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await connecting
        await cluster.close()
        await reach.close()
