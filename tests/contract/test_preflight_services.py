"""What an engine knows of a job beforehand, as a submission and its asker meet it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.projects import DEFAULT
from submarine_ext.engines.base import (
    Check,
    Engine,
    EngineInfo,
    Finding,
    Health,
    Prospect,
    Task,
)
from submarine_ext.errors import Forbidden, Invalid, NotFound
from submarine_ext.services import engines

ANN, EVE = Principal("ann"), Principal("eve")
SPEC = JobSpec(command=["true"])
GPUS = Finding(text="The quota holds 2 GPUs in all. Ask for fewer GPUs.", field="resources.gpu")
LATER = Finding(text="It will wait.", fatal=False)


class Far(Engine):
    """An engine that runs nothing and knows what it was given. ``slow``: and never says so."""

    name = "far"

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.slow = False
        self.asked: list[Prospect] = []

    async def preflight(self, prospect: Prospect) -> list[Finding]:
        self.asked.append(prospect)
        if self.slow:
            await asyncio.Event().wait()
        return self.findings

    async def examine(self) -> list[Check]:
        return [Check(title="Connection", ok=True, detail="It answers.")]

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def check(self, spec: JobSpec) -> None: ...

    async def start(self, task: Task) -> None: ...

    async def stop(self, name: str, *, grace_seconds: float = 10.0) -> None: ...

    async def adopt(self, tasks: Iterable[Task]) -> set[str]:
        return set()

    async def observe(self) -> AsyncIterator[Health]:
        await asyncio.Event().wait()
        yield Health(self.name, await self.info())

    async def info(self) -> EngineInfo:
        return EngineInfo(name=self.name, title="Far away", healthy=True)


@asynccontextmanager
async def server(root: Path) -> AsyncIterator[tuple[Submarine, Far]]:
    far = Far()
    settings = Settings(
        root=root, owner="ann", admins=frozenset({"ann"}), engines=("far",),
        makers={"far": lambda _: far},
    )  # fmt: skip
    submarine = await Submarine.open(settings)
    try:
        await submarine.people.arrive(EVE)
        yield submarine, far
    finally:
        await submarine.close()


class TestSubmission:
    async def test_what_cannot_run_is_refused_with_its_field(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, far):
            far.findings = [LATER, GPUS]
            with pytest.raises(Invalid) as refused:
                await submarine.jobs.submit(ANN, DEFAULT, SPEC, None)
            assert (refused.value.detail, refused.value.field) == (GPUS.text, GPUS.field)

    async def test_what_will_wait_is_accepted(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, far):
            far.findings = [LATER]
            assert (await submarine.jobs.submit(ANN, DEFAULT, SPEC, None)).engine == "far"

    async def test_an_engine_that_says_nothing_in_time_stops_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Mutant: waiting without a bound."""
        monkeypatch.setattr(engines, "FORESEE", 0.05)
        async with server(tmp_path) as (submarine, far):
            far.slow = True
            assert await submarine.jobs.submit(ANN, DEFAULT, SPEC, None)

    async def test_a_repeated_request_gets_its_first_answer(self, tmp_path: Path) -> None:
        """Mutant: asking the engine again, which by now is full."""
        async with server(tmp_path) as (submarine, far):
            first = await submarine.jobs.submit(ANN, DEFAULT, SPEC, "key")
            far.findings = [GPUS]
            assert (await submarine.jobs.submit(ANN, DEFAULT, SPEC, "key")).id == first.id

    async def test_the_engine_hears_of_nobody_who_may_not_run_jobs(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, far):
            for attempt in (
                submarine.jobs.submit(EVE, DEFAULT, SPEC, None),
                submarine.jobs.preflight(EVE, DEFAULT, SPEC),
            ):
                with pytest.raises(NotFound):
                    await attempt
            assert far.asked == []


class TestPreflight:
    async def test_everything_is_told_and_nothing_submitted(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, far):
            far.findings = [GPUS, LATER]
            known = await submarine.jobs.preflight(ANN, DEFAULT, SPEC)
            assert (known.engine, known.findings) == ("far", [GPUS, LATER])
            assert far.asked == [Prospect(owner="ann", project=DEFAULT, teams=(), spec=SPEC)]

    async def test_a_spec_that_is_wrong_is_refused_as_ever(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, _):
            with pytest.raises(Invalid):
                await submarine.jobs.preflight(ANN, DEFAULT, JobSpec())


class TestExamination:
    async def test_is_for_admins(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, _):
            assert [c.title for c in await submarine.engines.examine(ANN, "far")] == ["Connection"]
            with pytest.raises(Forbidden):
                await submarine.engines.examine(EVE, "far")

    async def test_of_an_engine_that_is_not_there_says_which_are(self, tmp_path: Path) -> None:
        async with server(tmp_path) as (submarine, _):
            with pytest.raises(NotFound, match="there is far"):
                await submarine.engines.examine(ANN, "near")
