"""The promises every engine keeps. ``submarine_ext.testing.engines`` proves them.

1. **Start is idempotent by name.** ``start(task)`` twice, from one server or from two, or
   again after a crash at any point, begins the user's process at most once per name.
2. **One stream.** ``observe()`` yields observations for all of the engine's tasks; nobody
   polls per job. Every task that was started or adopted ends with exactly one ``Ended``
   (a repeat after a restart is allowed and harmless).
3. **Stop is complete.** After ``Ended`` nothing that the task began is alive, double-forked
   children included. Stop of a task that waits or has ended is no error.
4. **Logs are files.** Every byte of rank *r*'s stdout and stderr (merged) is appended to
   ``task.log(r)``, in order, none lost, none twice, and is there before ``Ended`` is
   reported. The file is the truth; readers resume by byte offset.
5. **Adopt.** ``adopt(tasks)`` after a restart finds what an earlier server left: tasks that
   run go on being observed, tasks that ended report how, tasks that never began are
   started again by the caller through ``start`` (``adopt`` answers with their names), and
   tasks whose end nobody can know are reported as ``lost``.
6. **Secrets stay in memory.** ``task.secrets`` reach the environment of every rank and
   nothing else: no file, no argument, no message of the engine.
7. **Refuse by name.** ``check(spec)`` raises :class:`~submarine_ext.errors.Invalid` naming
   the field that this engine can't honour. Nothing is ever ignored.
8. **Away is not failed.** Where the engine lies behind a network, ``start`` and ``stop`` do
   not fail because it is away: they are durable, tried until they are through, and the
   stream says so (``Waiting`` for a task, :class:`Health` for the engine).

Optional abilities are small protocols, discovered with ``isinstance``: :class:`HasCapacity`,
:class:`HasPlaces`, :class:`HasPreflight`, :class:`KnowsModules`, :class:`HasDoctor`,
:class:`ReadsLogsOnDemand`, :class:`KeepsUntilRecorded`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec, Usage


class Task(Struct, frozen=True, kw_only=True):
    """One attempt of one job, as an engine sees it.

    ``folder`` belongs to this attempt alone; ``folder/work`` already holds the unpacked
    bundle (or is empty, also for an engine that ``takes_bundles``) and is where the process
    runs (in ``spec.workdir`` of it).
    ``owner`` is used for fairness between people, never for access. ``teams`` are the
    owner's teams that the project is shared with, sorted. ``secrets`` are environment
    variables for all ranks, which an engine must not write down.
    """

    name: str
    job: str
    attempt: int
    owner: str
    project: str
    spec: JobSpec
    folder: Path
    teams: tuple[str, ...] = ()
    secrets: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Without what it is given: tasks are named in logs and in tracebacks."""
        return f"Task({self.name!r})"

    @property
    def work(self) -> Path:
        """The unpacked bundle, the process's working folder."""
        return self.folder / "work"

    @property
    def artifacts(self) -> Path:
        """What the task leaves: ``track.artifact``, ``outputs``, the executed notebook."""
        return self.folder / "artifacts"

    def log(self, rank: int) -> Path:
        """Everything that rank printed, byte for byte."""
        return self.folder / f"rank-{rank}.log"


def task_name(job: str, attempt: int) -> str:
    """The deterministic name by which an engine knows an attempt."""
    return f"{job}-{attempt}"


def task_parts(name: str) -> tuple[str, int]:
    """(job, attempt) of a name that :func:`task_name` made."""
    job, _, attempt = name.rpartition("-")
    return job, int(attempt)


class Waiting(Struct, frozen=True, tag=True):
    """The task is in the engine's queue. ``reason`` is one plain sentence; position from 1.
    ``paused``: it ran, and is back there, or nobody can see whether it runs; ``Started``
    comes again when it does.
    ``remedy`` is a changed spec that would not wait for this, if there is one.
    """

    name: str
    reason: str
    position: int | None = None
    remedy: JobSpec | None = None
    paused: bool = False


class Started(Struct, frozen=True, tag=True):
    """The user's process exists. ``time`` is seconds since the epoch (UTC)."""

    name: str
    time: float


class Outcome(StrEnum):
    """How a task ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


class Ended(Struct, frozen=True, tag=True, kw_only=True):
    """The task is over and nothing of it is alive.

    ``reason`` is one plain sentence (None for success); ``exit_code`` is the process's own
    (negative: ended by that signal); ``retryable`` is False where a further attempt cannot
    help (a command that does not exist). ``remedy`` is a changed spec worth running, if any.
    ``started``/``finished`` in seconds since the epoch, ``usage``: None where unknown.
    """

    name: str
    outcome: Outcome
    reason: str | None = None
    exit_code: int | None = None
    retryable: bool = True
    remedy: JobSpec | None = None
    started: float | None = None
    finished: float | None = None
    usage: Usage | None = None


class Capacity(Struct, frozen=True, kw_only=True):
    """What an engine has in all or what is in use: CPUs (1.5), bytes, GPUs."""

    cpu: float
    memory: int
    gpu: int


class Environments(StrEnum):
    """What an engine takes a spec's ``environment`` for."""

    INTERPRETER = "interpreter"
    IMAGE = "image"


class EngineInfo(Struct, frozen=True, kw_only=True):
    """What ``GET /engines`` tells of an engine. ``queue`` counts waiting tasks; ``python`` is
    the interpreter of jobs that name no ``environment``, where the engine knows one, and
    ``image`` the container image. ``since`` is when it became unhealthy (RFC 3339 UTC).
    """

    name: str
    title: str
    healthy: bool
    reason: str | None = None
    capacity: Capacity | None = None
    in_use: Capacity | None = None
    queue: int = 0
    running: int = 0
    python: str | None = None
    environments: Environments = Environments.INTERPRETER
    image: str | None = None
    gpu_types: list[str] = []
    queues: list[str] = []
    since: str | None = None


class Health(Struct, frozen=True, tag=True):
    """The engine itself became healthy or unhealthy. ``name`` is the engine's."""

    name: str
    info: EngineInfo


Observation = Waiting | Started | Ended | Health


class Prospect(Struct, frozen=True, kw_only=True):
    """A job that somebody is about to submit; the fields mean what they mean in a Task."""

    owner: str
    project: str
    teams: tuple[str, ...]
    spec: JobSpec


class Fix(Struct, frozen=True, kw_only=True):
    """A way out that a button can take. ``label`` says what it does ("Use 4 GiB"); ``spec`` is
    what to change in the spec (a JSON merge patch, RFC 7396); ``folder`` the folder to send
    instead, from the present one ("..").
    """

    label: str
    spec: dict[str, Any] = {}
    folder: str | None = None


class Finding(Struct, frozen=True, kw_only=True):
    """What can be known of a prospect before it is submitted.

    ``text`` is one plain sentence and what to do; ``field`` names the spec's field where it
    is one. ``fatal``: it can't run as it is; else it may wait, or the user should know.
    ``names`` are the modules, files or variables that it is about; ``fixes`` the ways out,
    the best first.
    """

    text: str
    field: str | None = None
    fatal: bool = True
    names: list[str] = []
    fixes: list[Fix] = []


class Preflight(Struct, frozen=True, kw_only=True):
    """Where a job would go, and what is known of it beforehand; nothing: it should run."""

    engine: str
    findings: list[Finding] = []


class Check(Struct, frozen=True, kw_only=True):
    """One thing that a doctor looked at. ``fix`` is what to apply, for machines (YAML)."""

    title: str
    ok: bool
    detail: str
    fix: str | None = None


class Engine(ABC):
    """The interface; the module's docstring states what each method promises."""

    name: str
    #: Whether ``Task.teams`` matters here; looking them up costs each start a query.
    knows_teams: ClassVar[bool] = False
    #: Whether it takes the job's code as the bundle that it came as, and not unpacked.
    takes_bundles: ClassVar[bool] = False
    #: Names of projects to which an administrator gave something here (a namespace). Only
    #: admins make projects of these names: else whoever comes first would have it.
    projects: frozenset[str] = frozenset()

    @abstractmethod
    async def open(self) -> None:
        """Get ready. Called once, before anything else, on the running event loop."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of everything this process holds. What runs goes on running."""

    @abstractmethod
    def check(self, spec: JobSpec) -> None:
        """Raise ``Invalid`` with the field's name if this engine can't honour the spec."""

    @abstractmethod
    async def start(self, task: Task) -> None:
        """Accept the task: promise 1. Returns when it is durable in the engine."""

    @abstractmethod
    async def stop(self, name: str, *, grace_seconds: float = 10.0) -> None:
        """Ask for the end of a task: promise 3. The end itself comes through observe()."""

    @abstractmethod
    async def adopt(self, tasks: Iterable[Task]) -> set[str]:
        """Take over what an earlier server left: promise 5. Names that never began."""

    @abstractmethod
    def observe(self) -> AsyncIterator[Observation]:
        """All observations of all tasks, in order per task; ends with ``close()``."""

    @abstractmethod
    async def info(self) -> EngineInfo:
        """Health and load, as ``GET /engines`` shows them."""


@runtime_checkable
class HasCapacity(Protocol):
    """An engine that knows how much it has in all."""

    def capacity(self) -> Capacity:
        """Everything there is, used or not."""
        ...


@runtime_checkable
class HasPlaces(Protocol):
    """An engine that knows who is next."""

    def places(self) -> Mapping[str, int]:
        """Places from 1 by the names of tasks that wait, as far as they are known."""
        ...


@runtime_checkable
class HasPreflight(Protocol):
    """An engine that can say beforehand what will keep a job from running."""

    async def preflight(self, prospect: Prospect) -> list[Finding]:
        """What is known now; nothing where the engine is away. Bounded by a few seconds."""
        ...


@runtime_checkable
class KnowsModules(Protocol):
    """An engine that can look into the Python that a job will run with."""

    async def missing_modules(self, spec: JobSpec, names: Iterable[str]) -> tuple[str, list[str]]:
        """The interpreter, and which of these top-level modules it lacks. Bounded by seconds;
        none where it can't be asked.
        """
        ...


@runtime_checkable
class HasDoctor(Protocol):
    """An engine that can examine how it was set up."""

    async def examine(self) -> list[Check]:
        """Everything that it needs, in the order in which to repair it."""
        ...


@runtime_checkable
class ReadsLogsOnDemand(Protocol):
    """An engine that does not follow every rank's log until somebody wants it."""

    def want_log(self, name: str, rank: int) -> None:
        """Somebody reads that rank's log now: follow it. No error if it is followed already."""
        ...


@runtime_checkable
class KeepsUntilRecorded(Protocol):
    """An engine that keeps what an attempt left until its end is on record."""

    def recorded(self, name: str) -> None:
        """The end of the attempt is committed. No error if the engine knows nothing of it."""
        ...
