"""Two servers on one PostgreSQL share the work, and share it once.

``REPLICA_JOBS`` and ``REPLICA_KILLS`` make the story longer (2000 and 100 are the measure).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.events import EventRow
from submarine_ext.domain.jobs import JobSpec, JobState
from submarine_ext.errors import Unavailable
from submarine_ext.reconcile import dispatch, lease
from submarine_ext.reconcile.lease import DatabaseLease
from submarine_ext.store import events, leases, postgres
from submarine_ext.store.leases import LeaseLost
from submarine_ext.store.store import Fenced, Store
from tests.databases import change, fresh, rows

JOBS = int(os.environ.get("REPLICA_JOBS", "60"))
KILLS = int(os.environ.get("REPLICA_KILLS", "6"))
SEED = int(os.environ.get("REPLICA_SEED", "1"))
PEOPLE = 4
QUOTA = 12
FROZEN_SECONDS = 9
ROOT = Path(__file__).parents[2]

ANA = Principal("ana")
LIVE = (
    "while [ ! -e ROOT/go ]; do sleep 0.05; done; "
    """printf '\\036{"m":{"loss":0.5},"s":0}\\n'; """
    "while [ ! -e ROOT/end ]; do sleep 0.05; done"
)
EXPIRE = "UPDATE leases SET until = 0"
STEAL = (
    "UPDATE leases SET holder = 'another', fence = fence + 1, "
    "until = extract(epoch FROM clock_timestamp()) + 3600"
)


@pytest.fixture
def database(tmp_path):
    with fresh("postgres", tmp_path) as where:
        yield where


@pytest.fixture
def two_stores(database, jp_asyncio_loop):
    both = [jp_asyncio_loop.run_until_complete(Store.open(database)) for _ in range(2)]
    yield both
    for each in both:
        jp_asyncio_loop.run_until_complete(each.close())


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Standing by looks more often; a lease lasts as long as it does."""
    monkeypatch.setattr(lease, "TRY_SECONDS", 0.05)


def told(tx):
    row = EventRow(time="t", project="p", actor="a", action="x", kind="job", object="o", data={})
    events.append(tx, row)


class TestTheLease:
    async def test_is_one_servers_until_it_is_given_back(self, two_stores):
        first, second = map(DatabaseLease, two_stores)
        await first.acquire()
        waiting = asyncio.ensure_future(second.acquire())
        await two_stores[1].read(lambda tx: leases.is_free(tx, lease.NAME))
        assert not waiting.done()
        await first.release()
        await waiting
        assert (first.held, second.held) == (False, True)
        await second.release()

    async def test_of_a_server_that_falls_silent_goes_to_another(self, two_stores, database):
        first, second = map(DatabaseLease, two_stores)
        await first.acquire()
        change(database, EXPIRE)
        await second.acquire()
        assert second.held

    async def test_is_judged_by_the_databases_clock(self, two_stores, monkeypatch):
        """A server whose own clock is an hour ahead takes nothing away."""
        first, second = map(DatabaseLease, two_stores)
        await first.acquire()
        hour = time.time() + 3600
        monkeypatch.setattr(time, "time", lambda: hour)
        assert not await two_stores[1].read(lambda tx: leases.is_free(tx, lease.NAME))
        await second._try()
        assert not second.held

    async def test_taken_by_both_at_once_is_one_servers(self, two_stores):
        """Both found it free."""
        fences = await asyncio.gather(
            *[s.write(lambda tx: leases.take(tx, "x", "h", 60.0)) for s in two_stores * 5]
        )
        assert sorted(fence for fence in fences if fence is not None) == [1]

    async def test_that_was_lost_lets_nothing_be_written(self, two_stores, database):
        first, second = map(DatabaseLease, two_stores)
        await first.acquire()
        fenced = Fenced(two_stores[0], first.guard)
        await fenced.write(told)
        change(database, EXPIRE)
        await fenced.write(told)  # nobody else has it: nobody else can have decided anything
        await second.acquire()
        assert first.held  # so it believes
        with pytest.raises(LeaseLost):
            await fenced.write(told)
        assert await two_stores[1].read(events.head) == 2

    async def test_a_server_without_the_fence_would_write_on(self, two_stores, database):
        """The mutant."""
        first, second = map(DatabaseLease, two_stores)
        await first.acquire()
        change(database, EXPIRE)
        await second.acquire()
        await Fenced(two_stores[0], lambda _: None).write(told)
        assert await two_stores[1].read(events.head) == 1

    async def test_is_known_to_be_lost_by_whoever_keeps_it(self, two_stores, database, monkeypatch):
        monkeypatch.setattr(lease, "LEASE_SECONDS", 0.3)
        first = DatabaseLease(two_stores[0])
        await first.acquire()
        change(database, STEAL)
        with pytest.raises(LeaseLost):
            await first.keep()

    async def test_is_given_up_where_the_database_does_not_answer(
        self, two_stores, database, monkeypatch
    ):
        monkeypatch.setattr(lease, "LEASE_SECONDS", 0.3)
        first = DatabaseLease(two_stores[0])
        await first.acquire()
        with closing(psycopg.connect(database)) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [postgres.WRITER])
            with pytest.raises(LeaseLost):
                await first.keep()
            assert not first.held


class Site:
    """Two whole servers, in this process, on one database and one folder."""

    def __init__(self, root: Path, database: str) -> None:
        self.settings = Settings(root=root, owner="ana", cpu=4.0, database_url=database)
        self.started = root / "starts.txt"

    async def open(self) -> tuple[Submarine, Submarine]:
        """The first one has the lease."""
        first = await Submarine.open(self.settings)
        while not first._reconciler._lease.held:
            await asyncio.sleep(0.01)
        return first, await Submarine.open(self.settings)

    def spec(self, words: str = "true") -> JobSpec:
        words = words.replace("ROOT", str(self.settings.root))
        return JobSpec(command=["sh", "-c", f'echo "$SUBMARINE_JOB" >> {self.started}; {words}'])

    def starts(self) -> Counter[str]:
        return Counter(self.started.read_text().split() if self.started.exists() else [])


async def reaches(server: Submarine, job: str, *states: JobState) -> None:
    while (await server.jobs.get(ANA, job)).state not in states:
        await asyncio.sleep(0.02)


@pytest.fixture
def site(tmp_path, database):
    return Site(tmp_path, database)


class TestTwoServers:
    async def test_a_job_that_one_accepts_is_started_by_the_other_and_heard_of_by_both(self, site):
        first, second = await site.open()
        heard = asyncio.Event()
        second.feed.follow(
            "projects/default",
            lambda news: news.data.get("state") == "succeeded" and heard.set(),
        )
        job = await second.jobs.submit(ANA, "default", site.spec(), None)
        await heard.wait()
        assert site.starts() == {job.id: 1}
        await first.close()
        await second.close()

    async def test_a_running_job_is_live_for_whoever_watches_at_the_other(self, site):
        first, second = await site.open()
        moved, grew = asyncio.Event(), asyncio.Event()
        job = await first.jobs.submit(ANA, "default", site.spec(LIVE), None)
        second.feed.follow(
            f"jobs/{job.id}",
            lambda news: (
                news.kind == "progress" and news.data["latest"] == {"loss": 0.5} and moved.set()
            ),
        )
        await reaches(second, job.id, JobState.RUNNING)
        second.feed.watch(job.id, grew.set)
        (site.settings.root / "go").touch()
        await moved.wait()
        await grew.wait()
        assert (await second.jobs.get(ANA, job.id)).state is JobState.RUNNING
        (site.settings.root / "end").touch()
        await reaches(second, job.id, JobState.SUCCEEDED)
        await first.close()
        await second.close()

    async def test_the_other_takes_over_when_the_first_stops(self, site):
        first, second = await site.open()
        job = await first.jobs.submit(ANA, "default", site.spec("sleep 1"), None)
        await reaches(first, job.id, JobState.RUNNING)
        await first.close()
        await reaches(second, job.id, JobState.SUCCEEDED)
        assert site.starts() == {job.id: 1}
        await second.close()

    async def test_one_that_lost_the_lease_stands_by_and_can_have_it_again(self, site, database):
        first, second = await site.open()
        await second.close()
        job = await first.jobs.submit(ANA, "default", site.spec("sleep 1"), None)
        await reaches(first, job.id, JobState.RUNNING)
        change(database, STEAL)
        while first._reconciler._lease.held:
            await asyncio.sleep(0.02)
        later = await first.jobs.submit(ANA, "default", site.spec(), None)
        assert (await first.jobs.get(ANA, job.id)).state is JobState.RUNNING
        assert (await first.jobs.get(ANA, later.id)).state is JobState.PENDING
        change(database, EXPIRE)
        await reaches(first, job.id, JobState.SUCCEEDED)
        await reaches(first, later.id, JobState.SUCCEEDED)
        assert site.starts() == {job.id: 1, later.id: 1}
        await first.close()

    async def test_a_claim_whose_answer_is_lost_is_started_all_the_same(self, site, monkeypatch):
        claim = dispatch._claim
        lost = []

        async def write(self, change):
            answer = await fenced_write(self, change)
            if answer and isinstance(answer, tuple) and answer[0] and not lost:
                lost.append(answer)
                raise Unavailable("The database does not answer now.")
            return answer

        fenced_write = Fenced.write
        monkeypatch.setattr(Fenced, "write", write)
        server = await Submarine.open(site.settings)
        job = await server.jobs.submit(ANA, "default", site.spec(), None)
        await reaches(server, job.id, JobState.SUCCEEDED)
        assert lost
        assert claim is dispatch._claim
        assert site.starts() == {job.id: 1}
        await server.close()


class Replicas:
    """Two server processes, which somebody kills and freezes at random."""

    def __init__(self, root: Path, database: str, jobs: int) -> None:
        self.root, self.database, self.jobs = root, database, jobs
        self._program = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.contract.replica_server"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pids = [self._begin(0), self._begin(1)]

    def _ask(self, **order):
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        return json.loads(self._program.stdout.readline())

    def _begin(self, index):
        where = {"root": str(self.root), "database": self.database}
        return self._ask(**where, index=index, jobs=self.jobs, people=PEOPLE)

    def kill(self, index):
        os.kill(self.pids[index], signal.SIGKILL)
        self._ask(reap=self.pids[index])
        self.pids[index] = self._begin(index)

    def freeze(self, index):
        """Long enough to lose the lease, and the right to write."""
        os.kill(self.pids[index], signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        os.kill(self.pids[index], signal.SIGCONT)

    def close(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGTERM)
        statuses = [self._ask(reap=pid) for pid in self.pids]
        self.pids = []
        self._program.stdin.close()
        self._program.wait(20)
        self._program.stdout.close()
        return statuses

    def end(self):
        """What a test that failed left."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self._program.kill()
        self._program.wait()


@pytest.fixture
def replicas():
    begun = []

    def begin(*arguments):
        begun.append(Replicas(*arguments))
        return begun[-1]

    yield begin
    for each in begun:
        each.end()


class Story:
    """What the database and the jobs' own marks say in the end."""

    def __init__(self, root: Path, database: str) -> None:
        self.root, self.database = root, database
        self.most = 0

    def prepare(self) -> None:
        """People who may have few jobs at once, each with a project."""
        for person in range(PEOPLE):
            for statement in (
                "INSERT INTO users (name, admin, disabled, quota, seen) "
                f"VALUES ('p{person}', 0, 0, '{{\"jobs\": {QUOTA}}}', 'now')",
                "INSERT INTO projects (name, title, created, person) "
                f"VALUES ('of-p{person}', '', '', 'p{person}')",
                'INSERT INTO grants (project, kind, subject, role, "by", created) '
                f"VALUES ('of-p{person}', 'user', 'p{person}', 'owner', '', '')",
            ):
                change(self.database, statement)

    def allow(self, jobs: int) -> None:
        """Let so many be submitted, and no more."""
        (self.root / "allowed.tmp").write_text(str(jobs))
        (self.root / "allowed.tmp").replace(self.root / "allowed.txt")

    def look(self) -> int:
        """How many have ended; and remember how many one person had at once."""
        counted = rows(
            self.database,
            "SELECT owner, count(*) FILTER (WHERE state IN ('pending', 'queued', 'running')), "
            "count(*) FROM jobs GROUP BY owner",
        )
        self.most = max([self.most, *(unfinished for _, unfinished, _ in counted)])
        return sum(everything - unfinished for _, unfinished, everything in counted)

    def problems(self, jobs: int) -> list[str]:
        """Everything that must not be; empty when the promise was kept."""
        lines = (self.root / "accepted.txt").read_text().splitlines()
        accepted = {tuple(line.split()) for line in lines}
        started = Counter((self.root / "starts.txt").read_text().splitlines())
        states = dict(rows(self.database, "SELECT id, state FROM jobs"))
        points = Counter(job for (job,) in rows(self.database, "SELECT job FROM points"))
        found = [f"not accepted: {jobs - len(accepted)}"] if len(accepted) != jobs else []
        found += [f"lost: {job}" for _, job in accepted if job not in states]
        found += [f"made twice: {len(states)} of {jobs}"] if len(states) != jobs else []
        found += [f"started twice: {line}" for line, times in started.items() if times > 1]
        found += [f"{state}: {job}" for job, state in states.items() if state != "succeeded"]
        found += [f"never started: {job}" for job in states if f"{job} 1" not in started]
        found += [f"{points[job]} points: {job}" for job in states if points[job] != 2]
        found += [f"{self.most} jobs at once"] if self.most > QUOTA else []
        return found + self._miscounted() + self._untold()

    def _miscounted(self) -> list[str]:
        charged = "SELECT count(*) FROM charges c JOIN jobs j ON j.id = c.job"
        [(right,)] = rows(self.database, f"{charged} AND c.account = 'user:' || j.owner")
        [(everything,)] = rows(self.database, "SELECT count(*) FROM charges")
        recount = rows(
            self.database,
            "SELECT id, attempt, gpu, started, finished FROM jobs WHERE gpu > 0",
        )
        usage = rows(self.database, "SELECT job, attempt, gpu, started, finished FROM usage")
        wrong = [f"GPU time: {row}" for row in set(recount) ^ set(usage)]
        [(jobs,)] = rows(self.database, "SELECT count(*) FROM jobs")
        return wrong + (
            [f"charges: {right} of {everything}"] if not right == everything == jobs else []
        )

    def _untold(self) -> list[str]:
        """The log tells each change of each job once, in order."""
        logged = rows(
            self.database,
            "SELECT object, string_agg(action, ' ' ORDER BY seq) FROM events "
            "WHERE kind = 'job' AND action <> 'job.waits' GROUP BY object",
        )
        course = "job.submitted job.claimed job.started job.succeeded"
        return [f"told: {job} {actions}" for job, actions in logged if actions != course]


@pytest.mark.timeout(7200)
class TestServersAreKilledAndFrozen:
    def test_no_job_is_lost_started_twice_or_stuck_and_quotas_hold(
        self, replicas, tmp_path, database
    ):
        chance = random.Random(SEED)
        story = Story(tmp_path, database)
        story.prepare()
        parts = KILLS + KILLS // 6 + 1
        story.allow(JOBS // parts)
        two = replicas(tmp_path, database, JOBS)
        faults = [two.kill] * KILLS + [two.freeze] * (KILLS // 6)
        chance.shuffle(faults)
        begun = ended = 0
        patience = time.monotonic() + 120 + 2 * JOBS + 20 * len(faults)
        while ended < JOBS and time.monotonic() < patience:
            # Spread over the story: so many jobs for each fault.
            if begun < len(faults) and ended >= begun * JOBS // parts:
                story.allow((begun + 2) * JOBS // parts)
                time.sleep(chance.uniform(0, 0.5))
                faults[begun](chance.randrange(2))
                begun += 1
            time.sleep(0.02)
            ended = story.look()
        statuses = two.close()
        assert story.problems(JOBS) == [], (tmp_path / "server.log").read_text()[-3000:]
        assert (begun, statuses) == (len(faults), [0, 0])
