"""A job in hand: what submitting gives back, with everything one wants to ask of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from submarine_ext.client.results import Artifact, Metrics
from submarine_ext.client.words import MARKS, sentence
from submarine_ext.domain.jobs import Job, JobState

if TYPE_CHECKING:
    from submarine_ext.client.jobs import Jobs


class JobHandle:
    """One job. ``job`` is what was last heard of it; ``refresh()`` asks again."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs = jobs
        self.job = job

    @property
    def id(self) -> str:
        """The job's id, as in ``%submarine logs ID``."""
        return self.job.id

    @property
    def name(self) -> str:
        """What it is called."""
        return self.job.name

    @property
    def state(self) -> JobState:
        """Its state now: asks the server, unless the job is over."""
        if not self.job.state.terminal:
            self.refresh()
        return self.job.state

    def refresh(self) -> Job:
        """Ask the server, and answer with the job."""
        self.job = self._jobs.read(self.id)
        return self.job

    def wait(
        self, timeout: float | None = None, *, show: Callable[[str], object] | None = None
    ) -> JobHandle:
        """Return once the job is over, however it ended; ``show=print`` prints progress.

        Raises ``TimeoutError`` after ``timeout`` seconds; the job goes on.
        """
        self.job = self._jobs.wait(self.id, timeout=timeout, show=show)
        return self

    def watch(self) -> Iterator[Job]:
        """The job now and after each change, up to its end."""
        for job in self._jobs.watch(self.id):
            self.job = job
            yield job

    def logs(self, *, rank: int = 0, attempt: int | None = None) -> str:
        """What a rank has printed so far."""
        return "".join(self._jobs.logs(self.id, rank=rank, attempt=attempt))

    def follow(self, *, rank: int = 0) -> Iterator[str]:
        """Pieces of what a rank prints, from the beginning to the job's end."""
        return self._jobs.logs(self.id, rank=rank, follow=True)

    def metrics(
        self,
        *,
        keys: Sequence[str] = (),
        points: int = 1000,
        steps: tuple[float | None, float | None] = (None, None),
    ) -> Metrics:
        """Metric series and parameters: ``job.metrics().last["loss"]``."""
        return self._jobs.metrics(self.id, keys=keys, points=points, steps=steps)

    def artifacts(self) -> list[Artifact]:
        """The files it left."""
        return self._jobs.artifacts(self.id)

    def download(self, path: str, to: Path | str | None = None) -> Path:
        """Save one of its files here."""
        return self._jobs.download(self.id, path, to)

    def stop(self, *, grace_seconds: float | None = None) -> JobHandle:
        """Ask for its end."""
        self.job = self._jobs.stop(self.id, grace_seconds=grace_seconds)
        return self

    def retry(self) -> JobHandle:
        """Run it once more."""
        self.job = self._jobs.retry(self.id)
        return self

    def delete(self) -> None:
        """Forget it; it must be over."""
        self._jobs.delete(self.id)

    def __repr__(self) -> str:
        return f"Job {self.id} {self.name!r}: {MARKS[self.job.state]} {sentence(self.job)}"
