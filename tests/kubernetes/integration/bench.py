"""Engines and tasks of one test, which leave nothing behind."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import JobSpec, Resources
from submarine_ext.engines.base import Check, Ended, Prospect, Task, task_name
from submarine_ext.engines.kubernetes import site
from submarine_ext.engines.kubernetes.engine import KubernetesEngine
from submarine_ext.engines.kubernetes.reach import Patience
from submarine_ext.engines.kubernetes.settings import Choice
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import Session, session
from tests.kubernetes.integration.place import Place

#: In less of a hurry than the fake allows, in more than people are.
PATIENCE = Patience(first=0.2, longest=5, refused=2, probe=10, linger=0.5, positions=1)
SMALL = Resources(cpu="50m")
#: No machine of any cluster has this label.
NOWHERE = {"submarine-ext/test": "no-such-machine"}


class Bench:
    """Of one test. ``root`` is a server's data; another root is another site."""

    def __init__(self, place: Place, root: Path) -> None:
        self.place = place
        self.root = root
        self._roots: set[tuple[Place, Path]] = set()

    def engine(
        self, root: Path | None = None, *, place: Place | None = None,
        kubeconfig: Path | None = None, **settings: Any,
    ) -> KubernetesEngine:  # fmt: skip
        """Unopened. Jobs of several machines are plain Jobs, whatever operators there are."""
        place, root = place or self.place, root or self.root
        self._roots.add((place, root))
        wanted = {"namespace": place.namespace, "kind": Choice.JOB, **settings}
        return KubernetesEngine(
            root, place.target.settings(kubeconfig, **wanted), patience=PATIENCE
        )

    def session(self, *args: Any, **settings: Any) -> AbstractAsyncContextManager[Session]:
        """An open one of :meth:`engine`'s."""
        return session(self.engine(*args, **settings), patience=self.place.target.patience)

    def task(self, spec: JobSpec, root: Path | None = None) -> Task:
        """A task that nobody knows yet."""
        return Promise().make_task(root or self.root, spec)

    def program(self, source: str, *args: str, root: Path | None = None, **fields: Any) -> Task:
        """A task that runs Python source in a bare interpreter."""
        fields = {"resources": SMALL, **fields}
        command = ["python3", "-ISc", source, *args]
        return self.task(JobSpec(command=command, **fields), root)

    def secretive(self, **fields: Any) -> Task:
        """A task with files and a secret that does nothing."""
        task = self.program("pass", secrets=["TOKEN"], **fields)
        (task.work / "data.txt").write_text("data")
        return replace(task, secrets={"TOKEN": "it"})

    def again(self, task: Task) -> Task:
        """The next attempt of the same job."""
        attempt = task.attempt + 1
        folder = task.folder.with_name(str(attempt))
        (folder / "work").mkdir(parents=True)
        return replace(task, name=task_name(task.job, attempt), attempt=attempt, folder=folder)

    async def examined(self, s: Session) -> list[Check]:
        """What the doctor finds, once the engine has the cluster."""

        async def through() -> list[Check]:
            checks = await s.engine.examine()  # type: ignore[attr-defined]
            return checks if len(checks) > 1 else []

        found: list[Check] = await self.place.until(through, "the doctor is through")
        return found

    async def run(self, task: Task, **settings: Any) -> Ended:
        """How it ends."""
        async with self.session(**settings) as s:
            await s.engine.start(task)
            return await s.ended(task.name)

    def prospect(self, **fields: Any) -> Prospect:
        """Of a job of that shape."""
        spec = JobSpec(command=["true"], **{"resources": SMALL, **fields})
        return Prospect(owner="alice", project="vision", teams=(), spec=spec)

    def unlike(self, what: str) -> NoReturn:
        """Skip what this cluster's machines do otherwise than a real kubelet; never on the fake."""
        if self.place.target.own:
            pytest.fail(what)
        pytest.skip(what)

    def clear(self) -> None:
        """Have all go that the engines made."""
        for place, root in self._roots:
            if (root / "kubernetes-site").exists():
                place.clear(site.of(root))
