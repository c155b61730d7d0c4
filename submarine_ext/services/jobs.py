"""Jobs as people use them: submit, look, stop, retry, delete.

A submission's answer means that the job is on disk: from then on it is never lost.
Starting it is reconcile's work, which ``wake`` calls. What a job printed and measured is
read in :mod:`submarine_ext.services.results`.

Every answer is made for who asks: what a job runs (its spec and the remedy) is left out for
whoever may see the job but not that.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import msgspec

from submarine_ext.domain.access import Capability, Principal, Relation
from submarine_ext.domain.bundles import of_project
from submarine_ext.domain.ids import new_job_id
from submarine_ext.domain.jobs import WITHHELD, Job, JobSpec, JobState, Target
from submarine_ext.domain.pages import JobFilter, Page
from submarine_ext.domain.specs import check, default_name
from submarine_ext.domain.times import now
from submarine_ext.engines.base import Preflight, Prospect
from submarine_ext.errors import Conflict, Forbidden, Invalid, KeyReused, NotFound
from submarine_ext.failpoints import reach
from submarine_ext.files.jobs import JobFiles
from submarine_ext.services import access, consequences, secrets
from submarine_ext.services.bundles import Bundles
from submarine_ext.services.engines import Engines, require_own
from submarine_ext.services.foresight import Foresight
from submarine_ext.store import jobs, quotas, versions
from submarine_ext.store.store import Store, Transaction


class Jobs:
    """The service. ``wake`` tells reconcile that there is something to do."""

    def __init__(
        self,
        store: Store,
        files: JobFiles,
        bundles: Bundles,
        engines: Engines,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._files = files
        self._bundles = bundles
        self._engines = engines
        self._foresight = Foresight(store, bundles, engines)
        self._wake = wake

    async def submit(self, who: Principal, project: str, spec: JobSpec, key: str | None) -> Job:
        """Accept a job. The same ``key`` and request again answers with the same job.

        Raises Invalid naming the field, NotFound, Forbidden, KeyReused, QuotaExceeded.
        """
        check(spec)
        engine = (await self._engines.offered(who, spec)).choose(spec)
        ran = await self._versions(project, spec)
        job = _new_job(who, project, spec, engine)
        request = hashlib.sha256(project.encode() + b"\0" + msgspec.json.encode(spec)).hexdigest()
        if self._engines.foresees(engine) and not await self._was_accepted(who, key, request):
            await self._require_room(who, project, spec, engine)

        def accept(tx: Transaction) -> Job:
            access.may(tx, who, project, Capability.JOB_SUBMIT)
            if key is not None:
                earlier = _replayed(tx, who, key, request)
                if earlier is not None:
                    return earlier
                jobs.remember(tx, who.name, key, request, job.id)
            self._engines.require(tx, who, engine)
            secrets.require(tx, project, spec)
            quotas.reserve(tx, job, job.created)
            told = msgspec.structs.replace(job, versions=jobs.ran(tx, job.id, ran))
            jobs.add(tx, told, actor=who.name, retries=spec.retries)
            reach("before-submit-commit")
            return told

        accepting = self._store.write(accept)
        self._wake()  # the claim stands in line behind it, without waiting for the answer
        accepted = await accepting
        reach("after-submit-commit")
        return accepted

    async def preflight(self, who: Principal, project: str, spec: JobSpec) -> Preflight:
        """What is known of a job that is not submitted; its bundle may not be here yet.

        Raises what ``submit`` raises of the spec itself and of rights.
        """
        check(spec)
        engine = (await self._engines.offered(who, spec)).name_of(spec)
        return await self._foresight.of(await self._prospect(who, project, spec, engine))

    async def _require_room(self, who: Principal, project: str, spec: JobSpec, engine: str) -> None:
        """Raise Invalid for what the engine knows to be impossible."""
        prospect = await self._prospect(who, project, spec, engine)
        for finding in await self._engines.foresee(engine, prospect):
            if finding.fatal:
                raise Invalid(finding.text, field=finding.field)

    async def _prospect(self, who: Principal, project: str, spec: JobSpec, engine: str) -> Prospect:
        def query(tx: Transaction) -> Prospect:
            access.may(tx, who, project, Capability.JOB_SUBMIT)
            self._engines.require(tx, who, engine)
            secrets.require(tx, project, spec)
            teams = tuple(sorted(quotas.teams(tx, who.name, project)))
            return Prospect(owner=who.name, project=project, teams=teams, spec=spec)

        return await self._store.read(query)

    async def _was_accepted(self, who: Principal, key: str | None, request: str) -> bool:
        """A repeated request gets its first answer, whatever is known of it now."""
        if key is None:
            return False
        return await self._store.read(lambda tx: _replayed(tx, who, key, request) is not None)

    async def _versions(self, project: str, spec: JobSpec) -> dict[str, int]:
        """The versions of the project's files that the spec's bundle consists of, by path."""
        if spec.bundle is None:
            return {}
        members = await self._bundles.check(spec)
        etags = list(set(members.values()))
        found = await self._store.read(lambda tx: versions.with_etags(tx, project, etags))
        return of_project(members, found)

    async def list(self, who: Principal, project: str, wanted: JobFilter) -> Page[Job]:
        """A page of the project's jobs, newest first.

        Tags belong to the spec: asking for one is for those who may see specs.
        """

        def query(tx: Transaction) -> Page[Job]:
            relation = access.may(tx, who, project, Capability.JOB_LIST)
            if wanted.tag is not None:
                access.may(tx, who, project, Capability.JOB_SPEC)
            page = jobs.page(tx, project, wanted)
            return Page([_shown(job, relation) for job in page.items], page.next)

        return await self._store.read(query)

    async def get(self, who: Principal, job_id: str) -> Job:
        """One job."""

        def query(tx: Transaction) -> Job:
            record = access.job(tx, who, job_id, Capability.JOB_READ)
            return _shown_to(tx, who, record.job)

        return await self._store.read(query)

    async def stop(self, who: Principal, job_id: str, grace_seconds: float = 10.0) -> Job:
        """Want the job ended; one that has ended already is left as it is."""

        def want_stop(tx: Transaction) -> Job:
            record = access.job(
                tx, who, job_id, Capability.JOB_STOP, any_ones=Capability.JOB_STOP_ANY
            )
            reason = f"Stopped by {who.name}."
            stopped = consequences.stop(
                tx, record, actor=who.name, reason=reason, grace_seconds=grace_seconds
            )
            return _shown_to(tx, who, stopped.job)

        job = await self._store.write(want_stop)
        self._wake()
        return job

    async def retry(self, who: Principal, job_id: str) -> Job:
        """Begin a further attempt of a job that has ended, as its owner's.

        So it is for the owner and for owners of the project, and only while the job's owner
        may still run jobs there. Raises Conflict, Forbidden, QuotaExceeded (the job owner's).
        """

        def again(tx: Transaction) -> Job:
            record = access.job(tx, who, job_id, Capability.JOB_SUBMIT)
            _require_own_name(tx, who, record.job)
            require_own(who, record.job.engine)  # nobody else makes a machine run something
            self._engines.require(tx, Principal(record.job.owner), record.job.engine)
            if not record.job.state.terminal:
                raise Conflict(f"The job is {record.job.state}: stop it first, then retry.")
            quotas.reserve(tx, record.job, now())
            retried = jobs.retry(tx, record, actor=who.name, retries=record.job.spec.retries)
            assert retried is not None, "read and changed in one transaction"
            return retried.job

        job = await self._store.write(again)
        self._wake()
        return job

    async def delete(self, who: Principal, job_id: str) -> None:
        """Forget a job that has ended, with its log and artifacts. Raises Conflict for others."""

        def forget(tx: Transaction) -> None:
            record = access.job(
                tx, who, job_id, Capability.JOB_DELETE, any_ones=Capability.JOB_DELETE_ANY
            )
            if not record.job.state.terminal:
                raise Conflict(f"The job is {record.job.state}: stop it first, then delete it.")
            jobs.remove(tx, record.job, actor=who.name)

        await self._store.write(forget)
        await asyncio.to_thread(self._files.remove, job_id)


def _new_job(who: Principal, project: str, spec: JobSpec, engine: str) -> Job:
    return Job(
        id=new_job_id(),
        project=project,
        owner=who.name,
        name=default_name(spec),
        spec=spec,
        state=JobState.PENDING,
        target=Target.RUN,
        engine=engine,
        created=now(),
        ranks=spec.distributed.ranks,
    )


def _require_own_name(tx: Transaction, who: Principal, job: Job) -> None:
    """A further attempt runs in the name of the job's owner and at their cost."""
    if job.owner == who.name:
        return
    if not access.sees(
        access.may(tx, who, job.project, Capability.JOB_SUBMIT), Capability.JOB_STOP_ANY
    ):
        raise Forbidden(
            f"A further attempt would run in the name of {job.owner}: run it anew as your own "
            "job, or ask an owner of the project."
        )
    try:
        access.may(tx, Principal(job.owner), job.project, Capability.JOB_SUBMIT)
    except (Forbidden, NotFound):
        raise Conflict(
            f"{job.owner} may not run jobs here any more: run it anew as your own job."
        ) from None


def _shown_to(tx: Transaction, who: Principal, job: Job) -> Job:
    return _shown(job, access.may(tx, who, job.project, Capability.JOB_READ))


def _shown(job: Job, relation: Relation) -> Job:
    if access.sees(relation, Capability.JOB_SPEC):
        return job
    return msgspec.structs.replace(job, spec=WITHHELD, remedy=None)


def _replayed(tx: Transaction, who: Principal, key: str, request: str) -> Job | None:
    earlier = jobs.remembered(tx, who.name, key)
    if earlier is None:
        return None
    if earlier[0] != request:
        raise KeyReused("This Idempotency-Key was used for another job; make a new one.")
    record = jobs.get(tx, earlier[1])
    assert record is not None, "a job's keys go with it"
    return record.job
