"""The server is killed wherever a job's way to a cluster and back may be cut.

As in ``test_faults``, with the Kubernetes engine, and a cluster that goes on meanwhile. What
was acknowledged must then have ended as it should, have run at most once an attempt, have
every line and every point once, and the cluster must hold nothing that nobody looks after.
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
from submarine_ext.engines.kubernetes import names
from submarine_ext.files.jobs import JobFiles
from tests.cluster.cluster import Cluster
from tests.contract.killed import program, was_killed

SEEDS = int(os.environ.get("CLUSTER_FAULT_SEEDS", "1"))
NAMESPACE = "team-a"
OWNED = ("pods", "configmaps", "secrets", "services")
PAYLOAD = """
echo "$SUBMARINE_JOB $SUBMARINE_ATTEMPT" >> "$1"
i=0
while [ $i -lt "$2" ]; do
  printf '\\036{"m":{"loss":%d},"s":%d}\\nstep %d\\n' $i $i $i
  i=$((i+1))
  [ $((i % 10)) = 0 ] && sleep "$3"
done
echo done
[ "$SUBMARINE_ATTEMPT" -ge "$4" ]
"""
ENDLESS = 'echo "$SUBMARINE_JOB $SUBMARINE_ATTEMPT" >> "$1"; exec sleep 3600'


@pytest.fixture(scope="module")
def server():
    with program("cluster_server") as order:
        yield order


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as cluster:
        yield cluster


def printed(points):
    """What a whole log of the payload is, byte for byte."""
    lines = [f'\x1e{{"m":{{"loss":{i}}},"s":{i}}}\nstep {i}\n' for i in range(points)]
    return "".join(lines) + "done\n"


class Story:
    """Servers on one data root, one after the other; then what they left."""

    def __init__(self, server, cluster, root: Path, seed: str) -> None:
        self.chance = random.Random(seed)
        self.cluster = cluster
        self.data = root / "data"
        self.starts = root / "starts.txt"
        self.starts.touch()
        self.accepted: list[str] = []
        self.stopped: list[str] = []
        self._server = server

    def serve(self, *jobs, seconds=30, **order) -> list[bool]:
        """Let servers live; answers with which of them died at the failpoint."""
        answer = self._server(
            root=str(self.data), kubeconfig=str(self.cluster.kubeconfig),
            jobs=jobs, seconds=seconds, **order,
        )  # fmt: skip
        for what, job in answer["told"]:
            (self.accepted if what == "accepted" else self.stopped).append(job)
        return [was_killed(status) for status in answer["statuses"]]

    def finite(self, points: int, *, pause: float = 0.01, succeeds_at: int = 1) -> dict:
        arguments = [str(self.starts), str(points), str(pause), str(succeeds_at)]
        return {
            "command": ["sh", "-c", PAYLOAD, "sh", *arguments],
            "tags": [f"points-{points}"],
            "retries": succeeds_at - 1,
        }

    def endless(self, stopped: str) -> dict:
        """Stopped as soon as it is in that state."""
        return {
            "command": ["sh", "-c", ENDLESS, "sh", str(self.starts)],
            "tags": [f"stop-{stopped}"],
        }

    def some(self, failpoint: str) -> list[dict]:
        """Jobs of which at least one comes by the failpoint."""
        chance = self.chance
        if failpoint in ("stop-written", "top-deleted"):
            return [self.endless("running")]
        first = self.finite(
            chance.choice([7, 40]), pause=chance.choice([0.01, 0.1]),
            succeeds_at=chance.choice([1, 2]),
        )  # fmt: skip
        more = [self.finite(0), self.endless("pending"), self.endless("running")]
        return [first, *chance.sample(more, chance.randint(0, 2))]

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(self.data / "submarine.sqlite")) as conn:
            return conn.execute(query).fetchall()

    def jobs(self) -> dict[str, tuple[str, int, dict, str | None]]:
        found = self.rows("SELECT id, state, attempt, spec, reason FROM jobs")
        return {job: (state, n, json.loads(spec), why) for job, state, n, spec, why in found}

    # What must not be

    def problems(self) -> list[str]:
        """Everything that must not be; empty when all promises were kept."""
        jobs = self.jobs()
        found = [f"lost: {job}" for job in self.accepted if job not in jobs]
        found += self._run_twice()
        for job, (state, attempt, spec, reason) in jobs.items():
            if spec["tags"][0].startswith("stop-"):
                if state != "cancelled":
                    found.append(f"{state}, not stopped: {job}: {reason}")
            elif state != "succeeded":
                found.append(f"{state}: {job}: {reason}")
            else:
                found += self._told(job, attempt, spec)
        return found + self._unowned(jobs)

    def _run_twice(self) -> list[str]:
        started = Counter(self.starts.read_text().splitlines())
        return [f"twice: {line}" for line, times in started.items() if times > 1]

    def _told(self, job: str, attempt: int, spec: dict) -> list[str]:
        """What a job that succeeded has not said exactly once."""
        points = int(spec["tags"][0].removeprefix("points-"))
        stored = self.rows(f"SELECT count(*), count(DISTINCT step) FROM points WHERE job = '{job}'")
        found = []
        for n in range(1, attempt + 1):
            if f"{job} {n}\n" not in self.starts.read_text():
                found.append(f"never ran: {job} {n}")
            log = JobFiles(self.data / "jobs").log(job, n, 0).read_text()
            if log != printed(points):
                found.append(f"log: {job} {n}: {log[-200:]!r} is not {points} points")
        if stored[0] != (points * attempt, points):
            found.append(f"{stored} of {points} points in {attempt} attempts: {job}")
        return found

    def _unowned(self, jobs) -> list[str]:
        """Objects of ours that neither a job nor another object answers for."""
        tops = self.objects("jobs.batch")
        uids = {top["metadata"]["uid"] for top in tops}
        found = []
        for top in tops:
            labels = top["metadata"]["labels"]
            if labels[names.JOB] not in jobs or not finished(top):
                found.append(f"unowned: {top['metadata']['name']}: {top.get('status')}")
        for resource in OWNED:
            for one in self.objects(resource):
                owners = one["metadata"].get("ownerReferences") or []
                if not uids & {owner["uid"] for owner in owners}:
                    found.append(f"unowned: {resource} {one['metadata']['name']}")
        return found

    def objects(self, resource: str) -> list[dict]:
        """Those of this data root."""
        site = self.data / "jobs" / "kubernetes-site"
        ours = f"{names.SITE}={site.read_text() if site.exists() else 'none'}"
        return self.cluster.call(self.cluster.inside.list, resource, NAMESPACE, ours)


def finished(top: dict) -> bool:
    conditions = top.get("status", {}).get("conditions") or []
    return any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)


@pytest.mark.timeout(600)
class TestServerIsKilled:
    @pytest.mark.parametrize("failpoint", failpoints.CLUSTER)
    def test_no_job_is_lost_run_twice_or_stuck(self, server, cluster, tmp_path, failpoint):
        for seed in range(SEEDS):
            root = tmp_path / str(seed)
            root.mkdir()
            story = Story(server, cluster, root, f"{failpoint} {seed}")
            jobs = story.some(failpoint)
            assert story.serve(*jobs, failpoint=f"{failpoint}:{1 + seed}") == [True]
            story.serve()
            assert story.problems() == [], f"{failpoint}, seed {seed}"
