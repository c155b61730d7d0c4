"""Jobs: submit, list, look, stop, retry, delete."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.jobs import Job, JobSpec
from submarine_ext.domain.pages import JobFilter, Page
from submarine_ext.engines.base import Preflight


class StopRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """How long the job may take to end by itself, in seconds, before it is killed."""

    grace_seconds: Annotated[float, Meta(ge=0, le=3600)] = 10.0


class RetryRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose yet."""


class ProjectJobs(Endpoint):
    """``/projects/{project}/jobs``"""

    @operation(
        Capability.JOB_LIST,
        query=JobFilter,
        answer=Page[Job],
    )
    async def get(self, project: str, query: JobFilter) -> Page[Job]:
        """List a project's jobs, newest first."""
        return await self.services.jobs.list(self.principal, project, query)

    @operation(
        Capability.JOB_SUBMIT,
        body=JobSpec,
        idempotent=True,
        answer=Job,
        status=201,
        problems=(413, 415, 422, 429, 507),
    )
    async def post(self, project: str, body: JobSpec, key: str | None) -> Job:
        """Submit a job: once answered, it is never lost."""
        return await self.services.jobs.submit(self.principal, project, body, key)


class ProjectPreflight(Endpoint):
    """``/projects/{project}/preflight``"""

    @operation(Capability.JOB_SUBMIT, body=JobSpec, answer=Preflight, problems=(409, 413, 415))
    async def post(self, project: str, body: JobSpec) -> Preflight:
        """Say what is known of a job before it is submitted; nothing is."""
        return await self.services.jobs.preflight(self.principal, project, body)


class OneJob(Endpoint):
    """``/jobs/{job}``"""

    @operation(Capability.JOB_READ, answer=Job)
    async def get(self, job: str) -> Job:
        """Look at a job."""
        return await self.services.jobs.get(self.principal, job)

    @operation(
        Capability.JOB_DELETE,
        status=204,
        problems=(409, 507),
    )
    async def delete(self, job: str) -> None:
        """Forget a finished job with its log, metrics and artifacts."""
        await self.services.jobs.delete(self.principal, job)


class Stop(Endpoint):
    """``/jobs/{job}/stop``"""

    @operation(
        Capability.JOB_STOP,
        body=StopRequest,
        answer=Job,
        problems=(413, 415, 507),
    )
    async def post(self, job: str, body: StopRequest) -> Job:
        """Stop a job; one that has ended stays as it is."""
        return await self.services.jobs.stop(self.principal, job, body.grace_seconds)


class Retry(Endpoint):
    """``/jobs/{job}/retry``"""

    @operation(
        Capability.JOB_SUBMIT,
        body=RetryRequest,
        answer=Job,
        problems=(409, 413, 415, 429, 507),
    )
    async def post(self, job: str, body: RetryRequest) -> Job:
        """Begin a further attempt of a job that has ended."""
        return await self.services.jobs.retry(self.principal, job)
