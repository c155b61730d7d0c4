"""The server is killed at every named failpoint: nothing is lost, twice or stuck.

Each run submits jobs that write their name into a file when they start and log a known
number of points, kills the server (SIGKILL) where the seed says, and starts another. What
was acknowledged must then have succeeded, have started once, and have all points once.
"""

import json
import os
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from submarine_ext import failpoints
from tests.contract.killed import program, was_killed

SEEDS = int(os.environ.get("FAULT_SEEDS", "20"))
PAYLOAD = """
echo "$SUBMARINE_JOB $SUBMARINE_ATTEMPT" >> "$1"
i=0
while [ $i -lt "$2" ]; do
  printf '\\036{"m":{"loss":%d},"s":%d}\\n' $i $i
  i=$((i+1))
  [ $((i % 10)) = 0 ] && sleep "$3"
done
echo done
"""


@pytest.fixture(scope="module")
def server():
    with program("fault_server") as order:
        yield order


class Run:
    """One story: submit, be killed at the failpoint, recover; then look at what is left."""

    def __init__(self, server, root: Path, failpoint: str, seed: int, mutant: str = "") -> None:
        chance = random.Random(f"{failpoint} {seed}")
        self.root = root
        self.starts = root / "starts.txt"
        self.points = {}
        count = chance.randint(1, 4)
        specs = [self._spec(chance) for _ in range(count)]
        common = {"root": str(root / "data"), "mutant": mutant, "seconds": 10}
        turn = chance.randint(1, count)
        first = server(jobs=specs, failpoint=f"{failpoint}:{turn}", **common)
        self.killed = was_killed(first["statuses"][0])
        self.accepted = first["told"]
        server(jobs=[], **(common | {"seconds": 2 if mutant else 20}))

    def _spec(self, chance: random.Random) -> dict:
        number = chance.choice([0, 7, 40])
        arguments = [str(self.starts), str(number), str(chance.choice([0, 0.01, 0.05]))]
        command = ["sh", "-c", PAYLOAD, "sh", *arguments]
        gpu = {"gpu": chance.choice([0, 1])}
        return {"command": command, "tags": [f"points-{number}"], "resources": gpu}

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.root / "data" / "submarine.sqlite")) as conn:
            return conn.execute(query).fetchall()

    def problems(self) -> list[str]:
        """Everything that must not be; empty when the promise was kept."""
        jobs = {
            job: (state, spec) for job, state, spec in self.rows("SELECT id, state, spec FROM jobs")
        }
        started = Counter(self.starts.read_text().split("\n")[:-1] if self.starts.exists() else [])
        stored = Counter(job for (job,) in self.rows("SELECT job FROM points"))
        found = [f"lost: {job}" for job in self.accepted if job not in jobs]
        found += [f"twice: {line}" for line, times in started.items() if times > 1]
        for job, (state, spec) in jobs.items():
            expected = int(json.loads(spec)["tags"][0].removeprefix("points-"))
            if state != "succeeded":
                found.append(f"{state}: {job}")
            elif f"{job} 1" not in started:
                found.append(f"never started: {job}")
            if stored[job] != expected:
                found.append(f"{stored[job]} of {expected} points: {job}")
        return found + self._miscounted()

    def _miscounted(self) -> list[str]:
        """Jobs whose charge or GPU time is not what the jobs themselves say."""
        uncharged = self.rows(
            "SELECT id FROM jobs WHERE id NOT IN "
            "(SELECT job FROM charges WHERE account = 'user:ana')"
        )
        recount = self.rows(
            "SELECT id, attempt, gpu, started, finished FROM jobs "
            "WHERE gpu > 0 AND started NOT NULL"
        )
        usage = self.rows("SELECT job, attempt, gpu, started, finished FROM usage")
        wrong = set(recount) ^ set(usage)
        return [f"not charged: {row}" for row in uncharged] + [f"GPU time: {row}" for row in wrong]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("failpoint", failpoints.NAMES)
class TestServerIsKilled:
    def test_no_job_is_lost_started_twice_or_stuck(self, server, tmp_path, failpoint):
        killed = 0
        for seed in range(SEEDS):
            run = Run(server, tmp_path / str(seed), failpoint, seed)
            killed += run.killed
            assert run.problems() == [], f"{failpoint}, seed {seed}"
        assert killed >= SEEDS // 2, "the failpoint was hardly ever reached"


class TestMutants:
    """What the test above would say of a server that breaks its promise."""

    @pytest.mark.parametrize(
        ("mutant", "failpoint", "said"),
        [
            ("forget-to-adopt", "after-claim", "queued"),
            ("answer-before-commit", "before-submit-commit", "lost"),
        ],
    )
    def test_they_are_caught(self, server, tmp_path, mutant, failpoint, said):
        problems = []
        for seed in range(2):
            problems += Run(server, tmp_path / str(seed), failpoint, seed, mutant).problems()
        assert any(problem.startswith(said) for problem in problems)
