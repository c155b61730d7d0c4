"""The server is killed wherever a job's way to a cluster and back may be cut.

As in ``test_faults``, with the Kubernetes engine, and a cluster that goes on meanwhile. What
was acknowledged must then have ended as it should, have run at most once an attempt, have
every line and every point once, and the cluster must hold nothing that nobody looks after.
"""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from submarine_ext import failpoints
from submarine_ext.engines.kubernetes import names
from submarine_ext.files.jobs import JobFiles
from tests.cluster.cluster import Cluster
from tests.contract.killed import program, was_killed
from tests.databases import fresh, rows

SEEDS = int(os.environ.get("CLUSTER_FAULT_SEEDS", "1"))
NAMESPACE = "team-a"
OWNED = ("pods", "configmaps", "secrets", "services")
PAYLOAD = """
echo "$SUBMARINE_JOB $SUBMARINE_ATTEMPT ${SUBMARINE_RANK:-0}" >> "$1"
i=0
while [ $i -lt "$2" ]; do
  printf '\\036{"m":{"loss":%d},"s":%d}\\nstep %d\\n' $i $i $i
  i=$((i+1))
  [ $((i % 10)) = 0 ] && sleep "$3"
done
echo done
[ "$SUBMARINE_ATTEMPT" -ge "$4" ]
"""
ENDLESS = 'echo "$SUBMARINE_JOB $SUBMARINE_ATTEMPT ${SUBMARINE_RANK:-0}" >> "$1"; exec sleep 3600'


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

    def __init__(self, server, cluster, root: Path, seed: str, database: str = "") -> None:
        self.database = database
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
            database=self.database, jobs=jobs, seconds=seconds, **order,
        )  # fmt: skip
        for what, job in answer["told"]:
            (self.accepted if what == "accepted" else self.stopped).append(job)
        return [was_killed(status) for status in answer["statuses"]]

    def finite(
        self, points: int, *, pause: float = 0.01, succeeds_at: int = 1, nodes: int = 1
    ) -> dict:
        arguments = [str(self.starts), str(points), str(pause), str(succeeds_at)]
        return {
            "command": ["sh", "-c", PAYLOAD, "sh", *arguments],
            "tags": [f"points-{points}"],
            "retries": succeeds_at - 1,
            "distributed": {"framework": "none", "nodes": nodes},
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
        return rows(self.database or self.data / "submarine.sqlite", query)

    def jobs(self) -> dict[str, tuple[str, int, dict, str | None]]:
        found = self.rows("SELECT id, state, attempt, spec, reason FROM jobs")
        return {job: (state, n, json.loads(spec), why) for job, state, n, spec, why in found}

    def wait_for_the_cluster(self) -> None:
        """Until all that was let go has ended there."""
        deadline = time.monotonic() + 30
        while not all(finished(top) for top in self.objects("jobs.batch")):
            assert time.monotonic() < deadline, "the cluster does not finish the jobs"
            time.sleep(0.05)

    def sweep(self, top: dict) -> None:
        """What the cluster does when a job's time to live is over."""
        delete = self.cluster.inside.delete
        self.cluster.call(delete, "jobs.batch", NAMESPACE, top["metadata"]["name"])

    # What must not be

    def problems(self) -> list[str]:
        """Everything that must not be; empty when all promises were kept."""
        jobs = self.jobs()
        found = [f"forgotten: {job}" for job in self.accepted if job not in jobs]
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
        ranks = spec.get("distributed", {}).get("nodes", 1)
        runs = [(n, rank) for n in range(1, attempt + 1) for rank in range(ranks)]
        stored = self.rows(f"SELECT count(*), count(DISTINCT step) FROM points WHERE job = '{job}'")
        found = []
        for n, rank in runs:
            if f"{job} {n} {rank}\n" not in self.starts.read_text():
                found.append(f"never ran: {job} {n} {rank}")
            log = JobFiles(self.data / "jobs").log(job, n, rank).read_text()
            if log != printed(points):
                found.append(f"log: {job} {n} {rank}: {log[-200:]!r} is not {points} points")
        if stored[0] != (points * len(runs), points):
            found.append(f"{stored} of {points} points of {len(runs)} runs: {job}")
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


@pytest.fixture
def story(server, cluster, tmp_path):
    return Story(server, cluster, tmp_path, "one")


#: What every engine's job passes too: see ``test_faults``.
ALSO = ("after-claim", "after-start", "mid-log", "mid-finish", "after-finish")


@pytest.mark.timeout(3600)
class TestServerIsKilled:
    @pytest.mark.parametrize("failpoint", [*ALSO, *failpoints.CLUSTER])
    def test_no_job_is_lost_run_twice_or_stuck(self, server, cluster, tmp_path, failpoint):
        killed = 0
        for seed in range(SEEDS):
            root = tmp_path / str(seed)
            root.mkdir()
            story = Story(server, cluster, root, f"{failpoint} {seed}")
            jobs = story.some(failpoint)
            turn = story.chance.randint(1, len(jobs)) if seed else 1
            killed += sum(story.serve(*jobs, failpoint=f"{failpoint}:{turn}"))
            story.serve()
            assert story.problems() == [], f"{failpoint}, seed {seed}"
        assert killed >= (SEEDS + 1) // 2, "the failpoint was hardly ever reached"

    def test_again_and_again_on_one_job_s_way(self, server, cluster, tmp_path):
        way = [
            "after-claim", "placed", "top-made", "uid-written", "owned-made", "owned-made",
            "let-go", "log-appended:2", "log-marked:2", "drained", "end-written", "mid-finish",
        ]  # fmt: skip
        for seed in range(SEEDS):
            root = tmp_path / str(seed)
            root.mkdir()
            story = Story(server, cluster, root, f"way {seed}")
            stations = sorted(story.chance.sample(range(len(way)), 6))
            jobs = [story.finite(40, pause=0.2, nodes=2)]
            for station in stations:
                story.serve(*jobs, failpoint=way[station])
                jobs = []
            story.serve()
            assert story.problems() == [], f"{[way[s] for s in stations]}, seed {seed}"

    @pytest.mark.parametrize("failpoint", ["uid-written", "log-appended"])
    def test_while_the_cluster_is_away_nothing_ends_and_all_is_caught_up(self, story, failpoint):
        assert story.serve(story.finite(20, pause=0.1), failpoint=failpoint) == [True]
        self.live_through_an_outage(story)
        assert story.problems() == []

    def test_a_stop_is_granted_after_an_outage_too(self, story):
        assert story.serve(story.endless("running"), failpoint="stop-written") == [True]
        assert story.stopped == story.accepted
        self.live_through_an_outage(story)
        assert story.stopped == story.accepted, "nobody asked again"
        assert story.problems() == []

    def live_through_an_outage(self, story):
        story.cluster.down()
        try:
            story.serve(seconds=1)
            assert {state for state, *_ in story.jobs().values()} <= {"queued", "running"}
        finally:
            story.cluster.up()
        story.serve()

    def test_what_ended_meanwhile_is_recorded_whole(self, story):
        jobs = [story.finite(40), story.finite(0)]
        assert story.serve(*jobs, failpoint="begun-written:2") == [True]
        story.wait_for_the_cluster()
        story.serve()
        assert story.problems() == []


class TestTwoServersOnOneDataRoot:
    @pytest.mark.parametrize("failpoint", ["top-made", "let-go", "log-appended"])
    def test_when_both_are_killed_a_third_goes_on(self, story, failpoint):
        jobs = [story.finite(40, pause=0.1), story.finite(7, succeeds_at=2)]
        assert story.serve(*jobs, failpoint=failpoint, fork=2) == [True, True]
        story.serve(fork=2)
        assert story.problems() == []


@pytest.fixture
def replicas(server, cluster, tmp_path):
    """Servers on one PostgreSQL and one folder, of which one leads."""
    with fresh("postgres", tmp_path) as database:
        yield Story(server, cluster, tmp_path, "replicas", database)


#: Seconds; a lease has to run out meanwhile.
PATIENCE = 90


class TestTwoReplicas:
    """Each has half of the jobs submitted; whoever leads has them all on the cluster."""

    @pytest.mark.parametrize("failpoint", ["top-made", "let-go"])
    def test_one_killed_in_a_start_is_succeeded_by_the_other(self, replicas, failpoint):
        """The one that stood by comes by the same place with what is left, so it dies as well,
        which it cannot before it leads; two more find what both have begun.
        """
        jobs = [replicas.finite(7, nodes=2), replicas.finite(7), replicas.finite(0)]
        killed = replicas.serve(*jobs, failpoint=failpoint, fork=2, seconds=PATIENCE)
        assert killed == [True, True]
        replicas.serve(fork=2, seconds=PATIENCE)
        assert replicas.accepted
        assert replicas.problems() == []

    def test_one_that_forgets_to_adopt_is_caught(self, replicas):
        replicas.serve(replicas.finite(0), replicas.finite(0), failpoint="after-claim", fork=2)
        replicas.serve(fork=2, mutant="forget-to-adopt", seconds=6)
        assert any(problem.startswith("queued: ") for problem in replicas.problems())


def swept_away(story, failpoint, mutant=""):
    """The server dies, the job runs to its end, and its time to live in the cluster is over."""
    assert story.serve(story.finite(7), failpoint=failpoint, mutant=mutant) == [True]
    story.wait_for_the_cluster()
    for top in story.objects("jobs.batch"):
        story.sweep(top)
    story.serve(mutant=mutant)
    return story


class TestJobSweptAwayWhileNoServerWasThere:
    @pytest.mark.parametrize("failpoint", ["let-go", "begun-written"])
    def test_it_is_lost_and_said_to_be(self, story, failpoint):
        [(state, _, _, reason)] = swept_away(story, failpoint).jobs().values()
        assert state == "lost"
        assert "Nobody can know how it would have ended" in reason
        assert [p for p in story.problems() if not p.startswith("lost: ")] == []


class TestMutants:
    """What the tests above would say of a server that breaks its promise."""

    @pytest.mark.parametrize(
        ("mutant", "failpoint"), [("uid-too-late", "let-go"), ("adopt-nothing", "begun-written")]
    )
    def test_one_that_runs_twice_is_caught(self, story, mutant, failpoint):
        problems = swept_away(story, failpoint, mutant).problems()
        assert any(problem.startswith("twice") for problem in problems)

    @pytest.mark.parametrize(
        ("mutant", "failpoint"),
        [("mark-before-append", "log-marked:3"), ("append-again", "log-appended:3")],
    )
    def test_one_that_miscounts_the_log_is_caught(self, story, mutant, failpoint):
        jobs = [story.finite(40, pause=0.3)]
        assert story.serve(*jobs, failpoint=failpoint, mutant=mutant) == [True]
        story.serve(mutant=mutant)
        assert any(problem.startswith("log: ") for problem in story.problems())

    def test_one_that_leaves_objects_behind_is_caught(self, story):
        story.serve(story.endless("running"), mutant="orphans")
        assert any(problem.startswith("unowned: ") for problem in story.problems())

    def test_one_that_forgets_to_adopt_is_caught(self, story):
        assert story.serve(story.finite(0), failpoint="after-claim") == [True]
        story.serve(mutant="forget-to-adopt", seconds=2)
        assert any(problem.startswith("queued: ") for problem in story.problems())
