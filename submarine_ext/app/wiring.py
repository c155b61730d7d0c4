"""The composition root: one :class:`Submarine` for each server process, no global instances.

It knows every room and nothing of HTTP; the extension opens it on first use, because its
imports (SQLAlchemy above all) are what a server start should not pay for.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from submarine_ext.domain.bundles import MAX_PACKED
from submarine_ext.engines.base import Engine
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.files.bundles import BundleFiles
from submarine_ext.files.jobs import JobFiles
from submarine_ext.files.keys import KeyFile
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.reconcile.collect import Collector
from submarine_ext.reconcile.dispatch import Dispatcher
from submarine_ext.reconcile.lease import Lease
from submarine_ext.reconcile.reconciler import Reconciler
from submarine_ext.reconcile.record import Recorder
from submarine_ext.reconcile.relay import Relay
from submarine_ext.reconcile.thin import Thinner
from submarine_ext.services.audit import Audit
from submarine_ext.services.bundles import Bundles
from submarine_ext.services.closing import Closing
from submarine_ext.services.comparisons import Comparisons
from submarine_ext.services.documents import Documents
from submarine_ext.services.emergencies import Emergencies
from submarine_ext.services.engines import Engines
from submarine_ext.services.feed import Feed
from submarine_ext.services.handovers import Handovers
from submarine_ext.services.jobs import Jobs
from submarine_ext.services.notes import Notes
from submarine_ext.services.people import People
from submarine_ext.services.projects import Projects
from submarine_ext.services.queues import Queues
from submarine_ext.services.results import Results
from submarine_ext.services.secrets import Secrets
from submarine_ext.services.sharing import Sharing
from submarine_ext.services.streams import Streams
from submarine_ext.services.teams import Teams
from submarine_ext.store.store import Store

DATABASE = "submarine.sqlite"


class Settings(Struct, frozen=True, kw_only=True):
    """What may be configured. ``root`` holds everything; ``owner`` is the person whose server
    this is; ``admins`` are admins whatever the database says.

    ``cpu``, ``memory`` (bytes) and ``gpu`` replace what the local engine finds on the
    machine; ``folder_root`` is what the lab's file browser shows. ``engines`` are names, the
    default first; ``makers`` make those that are not local, for the folder of jobs.
    """

    root: Path
    owner: str
    folder_root: Path | None = None
    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None
    admins: frozenset[str] = frozenset()
    python: str = sys.executable
    max_bundle_bytes: int = MAX_PACKED
    engines: tuple[str, ...] = ("local",)
    makers: Mapping[str, Callable[[Path], Engine]] = {}


class Submarine:
    """All services of one server, and what it does by itself."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        job_files = JobFiles(settings.root / "jobs")
        bundle_files = BundleFiles(settings.root / "bundles", settings.max_bundle_bytes)
        self._engines = {name: _engine(name, settings) for name in settings.engines}
        self.engines = Engines(store, self._engines)
        self.queues = Queues(store, self.engines)
        project_files = ProjectFiles(settings.root / "projects")
        self.people = People(store, settings.owner, settings.admins, self._asked)
        self.teams = Teams(store, self._asked)
        reserved = frozenset(n for engine in self._engines.values() for n in engine.projects)
        self.projects = Projects(store, self._asked, reserved)
        self.sharing = Sharing(store, self._asked)
        self.handovers = Handovers(store, self._asked)
        self.emergencies = Emergencies(store)
        self.closing = Closing(store, project_files, job_files, self._asked)
        self.secrets = Secrets(store, KeyFile(settings.root / "secret.key"))
        self.audit = Audit(store)
        self.documents = Documents(store, project_files)
        self.comparisons = Comparisons(store, self.documents)
        self.notes = Notes(self.documents)
        self.bundles = Bundles(store, bundle_files, self.documents, settings.folder_root)
        self.results = Results(store, job_files, self.secrets)
        self.jobs = Jobs(store, job_files, self.bundles, self.engines, self._asked)
        self.feed = Feed()
        self.streams = Streams(store)
        self._relay = Relay(store, self.feed.events)
        hidden = self.secrets.hidden_at_least
        self._collector = Collector(store, job_files, self.feed, hidden)
        dispatcher = Dispatcher(
            store, self._engines, job_files, bundle_files, self._collector, self.secrets
        )
        recorder = Recorder(store, self._collector, hidden, self._ended)
        lease = Lease(settings.root / "reconcile.lock")
        self._reconciler = Reconciler(
            lease,
            self._engines,
            dispatcher,
            recorder,
            Thinner(store, project_files),
            self.feed.engine_changed,
        )
        self._running: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, settings: Settings) -> Submarine:
        """Open the database and begin to look after jobs. Raises NewerDatabase, Unavailable."""
        settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (settings.root / "jobs").mkdir(exist_ok=True, mode=0o700)
        store = await Store.open(settings.root / DATABASE)
        try:
            submarine = cls(settings, store)
            await submarine.people.prepare()
        except BaseException:
            await store.close()
            raise
        for engine in submarine._engines.values():
            await engine.open()
        for work in (submarine._relay, submarine._collector, submarine._reconciler):
            task = asyncio.create_task(work.run(), name=f"submarine {type(work).__name__}")
            submarine._running.append(task)
        return submarine

    async def close(self) -> None:
        """Stop looking after jobs; the jobs go on and are adopted by the next process."""
        for task in reversed(self._running):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.feed.close()
        await self.streams.close()
        for engine in self._engines.values():
            await engine.close()
        await self._store.close()

    def _asked(self) -> None:
        self._reconciler.asked()

    def _ended(self, job: str, attempt: int) -> None:
        self.feed.ended(job, attempt)
        self._reconciler.wake()  # a further attempt may be pending


def _engine(name: str, settings: Settings) -> Engine:
    root = settings.root / "jobs"
    if name in settings.makers:
        return settings.makers[name](root)
    return LocalEngine(
        root,
        cpu=settings.cpu,
        memory=settings.memory,
        gpu=settings.gpu,
        python=settings.python,
    )
