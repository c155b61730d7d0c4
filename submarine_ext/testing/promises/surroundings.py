# ruff: noqa: D102 - the names of the tests are their sentences
"""What a task finds around it, what it does not, and what is kept of it."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pytest
from msgspec.structs import replace

from submarine_ext.domain.jobs import Distributed, Framework, Resources
from submarine_ext.engines.base import (
    Outcome,
)
from submarine_ext.testing import jobs
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import scenario


class Surroundings(Promise):
    """What a task finds around it, what it does not, and what is kept of it."""

    @scenario
    async def test_a_task_finds_its_variables_and_none_of_the_servers_secrets(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in jobs.SECRETS:
            monkeypatch.setenv(name, "canary")
        task = self.program(tmp_path, jobs.PRINTS_ENVIRONMENT, env={"LR": "0.1 $HOME"})
        await self.outcome(tmp_path, task)
        found = dict(line.split("=", 1) for line in task.log(0).read_text().splitlines())
        assert found["LR"] == "0.1 $HOME"
        assert found["SUBMARINE_JOB"] == task.job
        assert found["SUBMARINE_ATTEMPT"] == "1"
        assert found["SUBMARINE_PROJECT"] == "default"
        assert (found["SUBMARINE_RANK"], found["SUBMARINE_RANKS"]) == ("0", "1")
        assert found["PYTHONUNBUFFERED"] == "1"
        assert "canary" not in found.values()

    @scenario
    async def test_a_task_finds_its_secrets_in_every_rank_and_they_are_written_nowhere(
        self, tmp_path: Path
    ) -> None:
        canary = uuid.uuid4().hex
        digest = hashlib.sha256(canary.encode()).hexdigest()
        shape = Distributed(framework=Framework.TORCH, processes_per_node=2)
        source = jobs.KNOWS_WHAT_IT_IS_GIVEN
        task = self.program(tmp_path, source, "TOKEN", digest, distributed=shape)
        task = replace(task, secrets={"TOKEN": canary})
        assert (await self.outcome(tmp_path, task)).outcome is Outcome.SUCCEEDED
        assert canary not in repr(task)
        assert _holders(tmp_path, canary) == []

    @scenario
    async def test_records_reach_the_log_through_the_stream(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.WRITES_A_RECORD)
        await self.outcome(tmp_path, task)
        assert task.log(0).read_bytes() == b'before\x1e{"g":0.5}\nafter\n'

    @scenario
    async def test_ranks_find_torchruns_variables(self, tmp_path: Path) -> None:
        shape = Distributed(framework=Framework.TORCH, nodes=2, processes_per_node=2)
        task = self.program(
            tmp_path, jobs.PRINTS_ENVIRONMENT, distributed=shape, resources=Resources(cpu="100m")
        )
        assert (await self.outcome(tmp_path, task)).outcome is Outcome.SUCCEEDED
        found = [dict(line.split("=", 1) for line in task.log(rank).read_text().splitlines())
                 for rank in range(4)]  # fmt: skip
        assert [env["RANK"] for env in found] == ["0", "1", "2", "3"]
        assert [env["SUBMARINE_RANK"] for env in found] == ["0", "1", "2", "3"]
        assert [env["LOCAL_RANK"] for env in found] == ["0", "1", "0", "1"]
        assert [env["NODE_RANK"] for env in found] == ["0", "0", "1", "1"]
        assert {env["WORLD_SIZE"] for env in found} == {"4"}
        assert {env["LOCAL_WORLD_SIZE"] for env in found} == {"2"}
        assert len({(env["MASTER_ADDR"], env["MASTER_PORT"]) for env in found}) == 1

    @scenario
    async def test_when_one_rank_fails_the_others_are_ended(self, tmp_path: Path) -> None:
        mark = f"mark-{uuid.uuid4().hex}"
        shape = Distributed(framework=Framework.TORCH, processes_per_node=3)
        task = self.program(tmp_path, jobs.RANK_1_FAILS, mark, distributed=shape)
        ended = await self.outcome(tmp_path, task)
        assert (ended.outcome, ended.exit_code) == (Outcome.FAILED, 5)
        assert "Rank 1" in str(ended.reason)
        assert await self.leftovers(mark, task) == []

    @scenario
    async def test_outputs_are_kept_and_links_out_are_not(self, tmp_path: Path) -> None:
        task = self.program(tmp_path, jobs.WRITES_OUTPUTS, outputs=["*.bin", "deep/**/*.txt"])
        assert (await self.outcome(tmp_path, task)).outcome is Outcome.SUCCEEDED
        kept = [p.relative_to(task.artifacts) for p in task.artifacts.rglob("*") if p.is_file()]
        assert sorted(map(str, kept)) == ["deep/er/notes.txt", "model.bin"]
        assert (task.artifacts / "model.bin").read_bytes() == b"weights"


def _holders(folder: Path, text: str) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]
