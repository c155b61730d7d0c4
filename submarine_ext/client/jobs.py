"""``client.jobs``: submit, find and steer jobs."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import msgspec

from submarine_ext.client import follow
from submarine_ext.client.answers import pages, received
from submarine_ext.client.results import Artifact, Metrics, metrics_from
from submarine_ext.client.transport import Transport
from submarine_ext.client.words import sentence
from submarine_ext.domain.jobs import Job, JobSpec
from submarine_ext.domain.specs import check
from submarine_ext.engines.base import Preflight
from submarine_ext.errors import Invalid, NotFound

if TYPE_CHECKING:
    from submarine_ext.client.handle import JobHandle

PAGE = 1024 * 1024  # bytes of log in one answer
SHOW_EVERY = 1.0  # seconds between lines that wait() shows for one state


class Jobs:
    """The jobs of a server. ``project`` None is the client's own (``client.project``).

    Errors are those of :mod:`submarine_ext.errors`. A job whose spec we may not see has an
    empty one.
    """

    def __init__(
        self,
        transport: Transport,
        handle: Callable[[Jobs, Job], JobHandle],
        chosen: Callable[[], str],
    ) -> None:
        self._transport, self._handle, self._chosen = transport, handle, chosen

    def submit(
        self,
        spec: JobSpec | dict[str, Any] | None = None,
        *,
        project: str | None = None,
        **fields: Any,
    ) -> JobHandle:
        """Run a spec, or one of these fields: ``submit(command=["make"], name="x")``.

        Raises ``Invalid`` with the field that is wrong, ``QuotaExceeded`` with which quota.
        """
        body = {**(msgspec.to_builtins(spec) if spec is not None else {}), **fields}
        sound = msgspec.to_builtins(spec_from(body))
        answer = self._transport.post(self._route(project), sound)
        return self._handle(self, _job(answer))

    def preflight(
        self,
        spec: JobSpec | dict[str, Any] | None = None,
        *,
        project: str | None = None,
        **fields: Any,
    ) -> Preflight:
        """Where such a job would go, and what its engine knows of it; nothing is submitted.

        Takes what ``submit`` takes, and raises what that would of the spec itself.
        """
        body = {**(msgspec.to_builtins(spec) if spec is not None else {}), **fields}
        route = self._route(project).removesuffix("jobs") + "preflight"
        answer = self._transport.post(route, msgspec.to_builtins(spec_from(body)))
        return received(answer.json(), Preflight)

    def get(self, job_id: str) -> JobHandle:
        """The job with this id."""
        return self._handle(self, self.read(job_id))

    def read(self, job_id: str) -> Job:
        """The job's present state."""
        return _job(self._transport.get(_path(job_id)))

    def list(self, *, project: str | None = None, **filters: Any) -> Iterator[Job]:
        """Jobs, newest first, all pages: ``state`` (one or several), ``owner``, ``text``,
        ``tag``, and ``limit``, the size of a page.
        """
        yield from pages(self._transport, self._route(project), Job, **filters)

    def find(self, text: str = "last", *, project: str | None = None) -> JobHandle:
        """A job by id, by the beginning of an id that only one job has, or the ``last`` one."""
        if text == "last":
            return self._newest(project)
        try:
            return self.get(text)
        except NotFound:
            return self._by_prefix(text, project)

    def stop(self, job_id: str, *, grace_seconds: float | None = None) -> Job:
        """Ask for the end of a job: SIGTERM, and SIGKILL after the grace."""
        body = {} if grace_seconds is None else {"grace_seconds": grace_seconds}
        return _job(self._transport.post(_path(job_id, "stop"), body))

    def retry(self, job_id: str) -> Job:
        """Run a finished job once more, as its next attempt."""
        return _job(self._transport.post(_path(job_id, "retry"), {}))

    def delete(self, job_id: str) -> None:
        """Forget a finished job with its logs, metrics and artifacts."""
        self._transport.send("DELETE", _path(job_id))

    def logs(
        self,
        job_id: str,
        *,
        follow: bool = False,
        rank: int = 0,
        attempt: int | None = None,
        offset: int = 0,
    ) -> Iterator[str]:
        """Pieces of what a rank printed, from a byte offset on.

        With ``follow`` the latest attempt's, until the job ends; else what is there now of
        ``attempt``, where a negative offset counts from the end.
        """
        if follow:
            told = self.story(job_id, rank=rank, offset=offset, insist=True)
            return (piece for piece in told if isinstance(piece, str))
        return self._log_pages(job_id, rank=rank, attempt=attempt, offset=offset)

    def story(
        self, job_id: str, *, rank: int = 0, offset: int = 0, insist: bool = False
    ) -> Iterator[Job | str | None]:
        """The job after each change, and pieces of its log; None while nothing happens.

        Where the log is not for us it is one line that says so; with ``insist``, ``Forbidden``.
        """
        server = self._transport.server
        return follow.story(server, job_id, self.read, rank=rank, offset=offset, insist=insist)

    def log_tail(self, job_id: str, *, size: int, attempt: int | None = None) -> tuple[str, int]:
        """About the last ``size`` bytes of rank 0's log, and the offset after them."""
        answer = self._transport.get(_path(job_id, "logs"), attempt=attempt, offset=-size)
        return answer.text, int(answer.headers["Submarine-Next-Offset"])

    def metrics(
        self,
        job_id: str,
        *,
        keys: Sequence[str] = (),
        points: int = 1000,
        steps: tuple[float | None, float | None] = (None, None),
    ) -> Metrics:
        """Metric series, each downsampled to at most ``points``, and parameters.

        ``steps=(1000, 2000)`` reads only that part, as fine as it is.
        """
        begin, end = steps
        query = {"keys": ",".join(keys), "points": points, "from": begin, "to": end}
        return metrics_from(self._transport.get(_path(job_id, "metrics"), **query).json())

    def artifacts(self, job_id: str) -> builtins.list[Artifact]:
        """The files that the job left."""
        answer = self._transport.get(_path(job_id, "artifacts")).json()
        return [received(item, Artifact) for item in answer["items"]]

    def download(self, job_id: str, path: str, to: Path | str | None = None) -> Path:
        """Save an artifact, by default under its own name in the working folder."""
        target = Path(to) if to is not None else Path(Path(path).name)
        if target.is_dir():
            target = target / Path(path).name
        self._transport.download(_path(job_id, f"artifacts/{quote(path)}"), target)
        return target

    def watch(self, job_id: str, *, timeout: float | None = None) -> Iterator[Job]:
        """The job now and after each change, up to a terminal state.

        Raises ``TimeoutError`` after ``timeout`` seconds. Survives restarts of the server.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        for job in follow.changes(self._transport.server, job_id, self.read):
            if job is not None:
                yield job
            elif deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(
                    f"Job {job_id} has not ended after {timeout:g} seconds; it goes on running."
                )

    def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        show: Callable[[str], object] | None = None,
    ) -> Job:
        """Return the job once it is over, however it ended.

        ``show=print`` shows progress: a line for each change, at most one a second.
        """
        last, state, at = self.read(job_id), None, 0.0
        for last in self.watch(job_id, timeout=timeout):
            due = time.monotonic() - at >= SHOW_EVERY or last.state != state
            if show is not None and due:
                show(sentence(last))
                state, at = last.state, time.monotonic()
        return last

    def _log_pages(self, job_id: str, *, offset: int, **query: Any) -> Iterator[str]:
        while True:
            answer = self._transport.get(_path(job_id, "logs"), offset=offset, limit=PAGE, **query)
            if answer.text:
                yield answer.text
            following = int(answer.headers["Submarine-Next-Offset"])
            if following == offset or following >= int(answer.headers["Submarine-Size"]):
                return
            offset = following

    def _route(self, project: str | None) -> str:
        return f"projects/{quote(project or self._chosen(), safe='')}/jobs"

    def _newest(self, project: str | None) -> JobHandle:
        newest = next(self.list(project=project, limit=1), None)
        if newest is None:
            raise NotFound("There are no jobs yet: start one with `submarine run`.")
        return self._handle(self, newest)

    def _by_prefix(self, text: str, project: str | None) -> JobHandle:
        matching = (job for job in self.list(project=project, text=text) if job.id.startswith(text))
        found = [job for job, _ in zip(matching, range(4), strict=False)]
        if not found:
            raise NotFound(f"No job's id begins with {text!r}; `submarine jobs` lists them.")
        if len(found) > 1:
            ids = ", ".join(f"{job.id} ({job.name})" for job in found[:3])
            more = " and more" if len(found) > 3 else ""
            raise Invalid(f"Several jobs begin with {text!r}: {ids}{more}. Write more of the id.")
        return self._handle(self, found[0])


def _path(job_id: str, rest: str = "") -> str:
    return f"jobs/{quote(job_id, safe='')}" + (f"/{rest}" if rest else "")


def _job(answer: httpx.Response) -> Job:
    return received(answer.json(), Job)


def spec_from(fields: dict[str, Any]) -> JobSpec:
    """A sound spec of these fields, or ``Invalid`` naming the one that is wrong."""
    try:
        spec = msgspec.convert(fields, JobSpec)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        field = where.strip("`").removeprefix("$").lstrip(".") or None
        raise Invalid(f"The job's {field or 'spec'}: {message}.", field=field) from None
    check(spec)
    return spec
