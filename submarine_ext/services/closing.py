"""How projects end: into the trash, and from there for good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.projects import ProjectState
from submarine_ext.errors import Conflict
from submarine_ext.files.jobs import JobFiles
from submarine_ext.files.projects import ProjectFiles
from submarine_ext.services import access
from submarine_ext.services.consequences import settle
from submarine_ext.services.entries import note
from submarine_ext.store import handovers, projects, purge
from submarine_ext.store.store import Store, Transaction


class Closing:
    """The service. ``wake`` tells reconcile that jobs may have to be stopped."""

    def __init__(
        self, store: Store, files: ProjectFiles, job_files: JobFiles, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._files = files
        self._job_files = job_files
        self._wake = wake

    async def trash(self, who: Principal, project: str) -> None:
        """Put it into the trash: its owners see it there. Jobs that wait are stopped."""

        def close(tx: Transaction) -> None:
            access.may(tx, who, project, Capability.PROJECT_CLOSE)
            record = _found(tx, project)
            if record.person is not None:
                raise Conflict("This is somebody's personal project, which cannot be deleted.")
            if record.state is ProjectState.TRASHED:
                return
            handovers.remove(tx, project)
            projects.change(tx, project, state=str(ProjectState.TRASHED))
            note(
                tx,
                who.name,
                "project.trash",
                project,
                project=project,
                kind="access",
                before={"state": record.state},
                after={"state": ProjectState.TRASHED},
            )
            settle(tx, who, project)

        await self._store.write(close)
        self._wake()

    async def purge(self, who: Principal, project: str) -> None:
        """Delete for good what is in the trash. Raises Conflict while a job has not ended."""

        def forget(tx: Transaction) -> list[str]:
            access.may(tx, who, project, Capability.PROJECT_PURGE)
            record = _found(tx, project)
            if record.state is not ProjectState.TRASHED:
                raise Conflict("Only a project in the trash is deleted for good: put it there.")
            if purge.has_unfinished(tx, project):
                raise Conflict("A job of the project has not ended yet: stop it first.")
            jobs = purge.project(tx, project)
            note(tx, who.name, "project.purge", project, project=project, kind="access")
            return jobs

        for job in await self._store.write(forget):
            await asyncio.to_thread(self._job_files.remove, job)
        async with self._files.locked(project):  # whoever saves there now ends first
            await asyncio.to_thread(self._files.remove, project)


def _found(tx: Transaction, project: str) -> projects.Record:
    record = projects.get(tx, project)
    assert record is not None, "somebody may close it"
    return record
