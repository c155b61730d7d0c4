# ruff: noqa: D102 - the names of the tests are their sentences
"""An end is explained in one plain sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from submarine_ext.domain.jobs import JobSpec, Resources
from submarine_ext.domain.quantities import memory_bytes
from submarine_ext.engines.base import (
    Outcome,
)
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario


class Reasons(Promise):
    """An end is explained in one plain sentence."""

    @pytest.mark.parametrize("end", jobs.ENDS)
    @scenario
    async def test_the_reason_says_how_it_ended(self, end: str, tmp_path: Path) -> None:
        source, code, words = jobs.ENDS[end]
        ended = await self.outcome(tmp_path, self.program(tmp_path, source))
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, code)
        assert ended.reason is not None
        assert words in ended.reason

    @scenario
    async def test_a_command_that_does_not_exist_is_not_worth_a_retry(self, tmp_path: Path) -> None:
        task = self.make_task(tmp_path, JobSpec(command=["no-such-program-here"]))
        ended = await self.outcome(tmp_path, task)
        assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
        assert "no-such-program-here" in str(ended.reason)

    @scenario
    async def test_a_task_over_its_time_is_ended_and_says_so(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.SLEEPS, timeout_seconds=1)
        ended = await self.outcome(tmp_path, task)
        assert ended.outcome is Outcome.FAILED
        assert ended.reason == "Ran longer than its limit of 1 s."

    @scenario
    async def test_a_task_over_its_memory_is_ended_and_offers_more(self, tmp_path: Path) -> None:
        resources = Resources(cpu="100m", memory="64Mi")
        task = self.program(tmp_path, jobs.EATS_MEMORY, resources=resources)
        ended = await self.outcome(tmp_path, task)
        assert ended.outcome is Outcome.FAILED
        assert "memory" in str(ended.reason)
        assert "64 MiB" in str(ended.reason)
        assert ended.remedy is not None
        more = memory_bytes(ended.remedy.resources.memory or 0)
        assert more in (2**27, 2**28), "doubled until it holds what was used"
