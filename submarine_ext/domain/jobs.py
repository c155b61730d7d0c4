"""What a job is: its spec, its states and the table that moves it from one to the next.

States in prose:

``pending``    accepted and remembered; nobody has taken it yet
``queued``     given to the engine; ``reason`` says what it waits for
``running``    the user's process has started
``succeeded``  it ended by itself with exit code 0
``failed``     it ended in any other way of its own, or could not start; ``reason`` says why
``cancelled``  somebody stopped it
``lost``       nobody can know how it ended: said, never implied

``target`` is what people want (``run`` or ``stop``); reconcile moves ``state`` towards it.
Deciding does no I/O: :func:`decide` is a table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from submarine_ext.domain.quantities import Quantity
from submarine_ext.domain.traces import Trace


class JobState(StrEnum):
    """See the module's docstring for what each means."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        """Whether nothing will change this state any more (but a retry of the job)."""
        return self in TERMINAL


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST})


class Target(StrEnum):
    """What people want of a job."""

    RUN = "run"
    STOP = "stop"


class Framework(StrEnum):
    """Which variables the ranks of a distributed job find in their environment."""

    NONE = "none"
    TORCH = "torch"
    TENSORFLOW = "tensorflow"
    XGBOOST = "xgboost"
    MPI = "mpi"


class Resources(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one node of the job needs, in Kubernetes notation.

    ``memory`` absent: none is reserved and none enforced. Given, it is a limit: a job
    that grows beyond it is ended and says so, here as on a cluster.
    """

    cpu: Quantity = 1
    memory: Quantity | None = None
    gpu: Annotated[int, Meta(ge=0, le=1024)] = 0
    gpu_type: Annotated[str, Meta(min_length=1, max_length=63)] | None = None


class Distributed(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many ranks: ``nodes * processes_per_node``."""

    framework: Framework = Framework.NONE
    nodes: Annotated[int, Meta(ge=1, le=1024)] = 1
    processes_per_node: Annotated[int, Meta(ge=1, le=64)] = 1

    @property
    def ranks(self) -> int:
        """How many processes the job has in all."""
        return self.nodes * self.processes_per_node


Text = Annotated[str, Meta(max_length=32_768)]
Argument = Annotated[str, Meta(max_length=131_072)]
Path = Annotated[str, Meta(min_length=1, max_length=1024)]
Tag = Annotated[str, Meta(min_length=1, max_length=63)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class JobSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to run: exactly one of ``command``, ``script``, ``notebook`` or ``code``.

    Paths are relative to the bundle's root. ``workdir`` is a folder of the bundle.
    ``environment`` is the absolute path of a Python interpreter on the engine's machine
    (local engine); absent means the server's own. :func:`submarine_ext.domain.specs.check`
    says everything that types cannot.
    """

    command: Annotated[list[Argument], Meta(min_length=1, max_length=4096)] | None = None
    script: Path | None = None
    args: Annotated[list[Argument], Meta(max_length=4096)] = []
    notebook: Path | None = None
    parameters: dict[str, Any] = {}
    code: Annotated[str, Meta(min_length=1, max_length=1_000_000)] | None = None

    name: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    engine: Annotated[str, Meta(min_length=1, max_length=63)] | None = None
    environment: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    bundle: Sha256 | None = None
    workdir: Path | None = None
    env: dict[str, Text] = {}
    secrets: Annotated[list[Tag], Meta(max_length=64)] = []
    resources: Resources = Resources()
    distributed: Distributed = Distributed()
    retries: Annotated[int, Meta(ge=0, le=100)] = 0
    timeout_seconds: Annotated[int, Meta(ge=1, le=31_536_000)] | None = None
    queue: Annotated[str, Meta(min_length=1, max_length=63)] | None = None
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    tags: Annotated[list[Tag], Meta(max_length=32)] = []
    outputs: Annotated[list[Path], Meta(max_length=64)] = []

    @property
    def kind(self) -> str:
        """``command``, ``script``, ``notebook`` or ``code``: the one that is set."""
        kinds = ("command", "script", "notebook", "code")
        return next(k for k in kinds if getattr(self, k) is not None)


class Progress(Struct, frozen=True, omit_defaults=False):
    """How far a job is: ``fraction`` 0 to 1 or unknown, ``eta_seconds`` or unknown."""

    fraction: float | None = None
    message: str | None = None
    eta_seconds: float | None = None


class Usage(Struct, frozen=True, kw_only=True):
    """What an attempt used, all its processes together: processor time, and the most memory.

    None where the engine cannot know. ``memory_peak_bytes`` is of the largest process where
    nobody looked at all of them at once (a job on one machine without a limit of memory).
    """

    cpu_seconds: float | None = None
    memory_peak_bytes: int | None = None


class Job(Struct, frozen=True, kw_only=True):
    """A job as everybody sees it. Times are RFC 3339 UTC strings with a ``Z``.

    ``revision`` grows by one with each recorded change, so that whoever merges frames
    with lists can tell which is newer. ``trace`` is the main metric in a few points. ``versions``
    maps the paths of the project's files that it ran to their versions. ``usage`` is the
    latest attempt's, once it has ended.
    """

    id: str
    project: str
    owner: str
    name: str
    spec: JobSpec
    state: JobState
    target: Target
    engine: str
    reason: str | None = None
    remedy: JobSpec | None = None
    attempt: int = 1
    created: str
    queued: str | None = None
    started: str | None = None
    finished: str | None = None
    progress: Progress | None = None
    latest: dict[str, float | str] = field(default_factory=dict)
    trace: Trace | None = None
    exit_code: int | None = None
    ranks: int = 1
    revision: int = 1
    versions: dict[str, str] = field(default_factory=dict)
    usage: Usage | None = None


#: Stands in for the spec of a job before somebody who may see the job but not its spec.
WITHHELD = JobSpec()


class Event(StrEnum):
    """What can happen to a job; with the state it decides the next (:func:`decide`)."""

    CLAIMED = "claimed"  # reconcile took it for the engine
    WAITS = "waits"  # the engine says what it waits for
    STARTED = "started"  # the user's process exists
    RESUMED = "resumed"  # it runs again after a pause
    SUCCEEDED = "succeeded"  # exit code 0
    FAILED = "failed"  # any other end of its own
    STOPPED = "stopped"  # it ended because somebody stopped it
    VANISHED = "vanished"  # nobody knows how it ended
    RETRIED = "retried"  # a further attempt begins


_P, _Q, _R = JobState.PENDING, JobState.QUEUED, JobState.RUNNING

TRANSITIONS: dict[tuple[JobState, Event], JobState] = {
    (_P, Event.CLAIMED): _Q,
    (_P, Event.STOPPED): JobState.CANCELLED,
    (_P, Event.FAILED): JobState.FAILED,
    (_Q, Event.WAITS): _Q,
    (_Q, Event.STARTED): _R,
    (_Q, Event.SUCCEEDED): JobState.SUCCEEDED,
    (_Q, Event.FAILED): JobState.FAILED,
    (_Q, Event.STOPPED): JobState.CANCELLED,
    (_Q, Event.VANISHED): JobState.LOST,
    (_R, Event.WAITS): _R,  # a queue may pause what runs
    (_R, Event.RESUMED): _R,
    (_R, Event.SUCCEEDED): JobState.SUCCEEDED,
    (_R, Event.FAILED): JobState.FAILED,
    (_R, Event.STOPPED): JobState.CANCELLED,
    (_R, Event.VANISHED): JobState.LOST,
    (JobState.SUCCEEDED, Event.RETRIED): _P,
    (JobState.FAILED, Event.RETRIED): _P,
    (JobState.CANCELLED, Event.RETRIED): _P,
    (JobState.LOST, Event.RETRIED): _P,
}


def decide(state: JobState, event: Event) -> JobState | None:
    """The next state, or None where the event says nothing new in this state.

    A late or repeated event (a second "started", an end after the end) is normal after a
    crash; it is not an error and must change nothing.
    """
    return TRANSITIONS.get((state, event))
