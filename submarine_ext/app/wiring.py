"""The composition root: one :class:`Submarine` for each server process, no global instances.

It knows every room and nothing of HTTP; the extension opens it on first use, because its
imports (SQLAlchemy above all) are what a server start should not pay for.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from submarine_ext.app.running import Running
from submarine_ext.domain.bundles import MAX_PACKED
from submarine_ext.domain.events import EventRow
from submarine_ext.engines.base import Engine
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.engines.remote.engine import RemoteEngine
from submarine_ext.errors import Unavailable
from submarine_ext.files.bundles import BundleFiles
from submarine_ext.files.jobs import JobFiles
from submarine_ext.files.keys import KeyFile
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.reconcile.collect import Collector
from submarine_ext.reconcile.dispatch import Dispatcher
from submarine_ext.reconcile.lease import DatabaseLease, FileLease, Lease
from submarine_ext.reconcile.news import News
from submarine_ext.reconcile.reconciler import Reconciler, Works
from submarine_ext.reconcile.record import Recorder
from submarine_ext.reconcile.relay import Relay
from submarine_ext.reconcile.thin import Thinner
from submarine_ext.services.audit import Audit
from submarine_ext.services.bundles import Bundles
from submarine_ext.services.closing import Closing
from submarine_ext.services.comparisons import Comparisons
from submarine_ext.services.directory import Directory
from submarine_ext.services.documents import Documents
from submarine_ext.services.emergencies import Emergencies
from submarine_ext.services.engines import Engines
from submarine_ext.services.feed import Feed
from submarine_ext.services.figures import Figures
from submarine_ext.services.handovers import Handovers
from submarine_ext.services.jobs import Jobs
from submarine_ext.services.machines import Machines
from submarine_ext.services.notes import Notes
from submarine_ext.services.people import People
from submarine_ext.services.projects import Projects
from submarine_ext.services.queues import Queues
from submarine_ext.services.results import Results
from submarine_ext.services.secrets import Secrets
from submarine_ext.services.sharing import Sharing
from submarine_ext.services.streams import Streams
from submarine_ext.services.teams import Teams
from submarine_ext.store import jobs
from submarine_ext.store.store import Fenced, Store

DATABASE = "submarine.sqlite"
LOCK = "reconcile.lock"
#: What another server's people may have asked for, of whoever reconciles.
ASKING = ("job.submitted", "job.stop", "job.retried")


class Settings(Struct, frozen=True, kw_only=True):
    """What may be configured. ``root`` holds everything; ``owner`` is the person whose server
    this is, if it is one's; ``admins`` are admins whatever the database says.

    ``cpu``, ``memory`` (bytes) and ``gpu`` replace what the local engine finds on the
    machine; ``folder_root`` is what the lab's file browser shows. ``engines`` are names, the
    default first, of which those ``for_admins`` run nobody else's jobs; ``makers`` make those
    that are not local, for the folder of jobs. ``team_names`` are names of teams by the names
    of the identity provider's groups. ``database_url`` names a PostgreSQL; without it the
    database is a file in ``root``.
    """

    root: Path
    owner: str | None
    folder_root: Path | None = None
    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None
    admins: frozenset[str] = frozenset()
    python: str = sys.executable
    max_bundle_bytes: int = MAX_PACKED
    engines: tuple[str, ...] = ("local",)
    for_admins: frozenset[str] = frozenset()
    makers: Mapping[str, Callable[[Path], Engine]] = {}
    team_names: Mapping[str, str] = {}
    database_url: str = ""

    @property
    def database(self) -> Path | str:
        """What the store opens."""
        return self.database_url or self.root / DATABASE

    def __repr__(self) -> str:
        """Without the database's password."""
        return f"Settings({str(self.root)!r})"


class Submarine:
    """All services of one server, and what it does by itself."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._settings = settings
        lease = _lease(settings, store)
        fenced = Fenced(store, lease.guard)
        job_files = JobFiles(settings.root / "jobs")
        bundle_files = BundleFiles(settings.root / "bundles", settings.max_bundle_bytes)
        self._running_engines = Running(
            settings.engines,
            lambda name: _engine(name, settings),
            lambda owner: RemoteEngine(owner, bundle_files),
        )
        self._engines = self._running_engines.now
        self.machines = Machines(store, self._running_engines.machine)
        self.engines = Engines(store, self._engines, settings.for_admins)
        self.directory = Directory(store, settings.team_names, self._asked)
        self.figures = Figures(store, self._engines, self.directory)
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
        key = KeyFile(settings.root / "secret.key")
        self.secrets = Secrets(store, key)
        self.audit = Audit(store)
        self.documents = Documents(store, project_files)
        self.comparisons = Comparisons(store, self.documents)
        self.notes = Notes(self.documents)
        self.bundles = Bundles(store, bundle_files, self.documents, settings.folder_root)
        self.results = Results(store, job_files, self.secrets)
        self.jobs = Jobs(store, job_files, self.bundles, self.engines, self._asked)
        self.feed = Feed()
        self.streams = Streams(store)
        self._relay = Relay(store, self._delivered)
        hidden = self.secrets.hidden_at_least
        self._news = News(store, self.feed)
        live = self._news if settings.database_url else self.feed
        self._collector = Collector(fenced, job_files, live, hidden)
        given = Secrets(fenced, key)
        works = Works(
            Dispatcher(
                fenced,
                self._running_engines,
                job_files,
                bundle_files,
                self._collector,
                given,
                settings.for_admins,
            ),
            Recorder(fenced, self._collector, hidden, self._ended),
            self._collector,
            Thinner(fenced, project_files),
        )
        self._reconciler = Reconciler(lease, self._running_engines, works, self.feed.engine_changed)
        self._running: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, settings: Settings) -> Submarine:
        """Open the database and begin to look after jobs. Raises NewerDatabase, Unavailable."""
        settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        (settings.root / "jobs").mkdir(exist_ok=True, mode=0o700)
        store = await Store.open(settings.database)
        try:
            submarine = cls(settings, store)
            await submarine.people.prepare()
        except BaseException:
            await store.close()
            raise
        await submarine._running_engines.open()
        for work in (submarine._relay, submarine._collector, submarine._reconciler):
            task = asyncio.create_task(work.run(), name=f"submarine {type(work).__name__}")
            submarine._running.append(task)
        return submarine

    async def is_busy(self) -> bool:
        """Whether a job has not ended; a database that cannot say so may hold one."""
        try:
            return await self._store.read(jobs.any_unfinished)
        except Unavailable:
            return True

    async def close(self) -> None:
        """Stop looking after jobs; the jobs go on and are adopted by the next process."""
        for task in reversed(self._running):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._news.close()
        self.feed.close()
        await self.streams.close()
        await self._running_engines.close()
        await self._store.close()

    def _delivered(self, rows: Sequence[EventRow]) -> None:
        self.feed.events(rows)
        # On SQLite whoever wrote them has said so.
        if self._settings.database_url and any(row.action in ASKING for row in rows):
            self._reconciler.wake()

    def _asked(self) -> None:
        self._reconciler.asked()

    def _ended(self, job: str, attempt: int) -> None:
        self.feed.ended(job, attempt)
        self._reconciler.wake()  # a further attempt may be pending


def _lease(settings: Settings, store: Store) -> Lease:
    if settings.database_url:
        return DatabaseLease(store)
    return FileLease(settings.root / LOCK)


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
