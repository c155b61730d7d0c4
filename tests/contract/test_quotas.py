"""Quotas: reserved in the submission's transaction, computed and never counted on the side."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from submarine_ext.domain.jobs import Event, Job, JobSpec, JobState, Resources, Target
from submarine_ext.errors import QuotaExceeded
from submarine_ext.store import jobs, quotas
from submarine_ext.store.store import Store
from tests.databases import KINDS, fresh, rows

SERVER = Path(__file__).with_name("quota_server.py")
NOON = "2026-11-22T12:00:00.000000Z"


class World:
    """A database with people, teams and one project, in the fewest rows."""

    def __init__(self, store, loop):
        self.store = store
        self._loop = loop
        self._made = 0

    def run(self, change):
        return self._loop.run_until_complete(self.store.write(change))

    def sql(self, statement, **values):
        self.run(lambda tx: tx.execute(text(statement), values))

    def person(self, name, quota="{}"):
        self.sql(
            "INSERT INTO users (name, admin, disabled, quota) VALUES (:n, 0, 0, :q)",
            n=name, q=quota,
        )  # fmt: skip

    def team(self, name, *members, quota="{}", project="vision"):
        self.sql(
            "INSERT INTO teams (name, title, quota, created) VALUES (:n, :n, :q, '')",
            n=name, q=quota,
        )  # fmt: skip
        self.sql(
            "INSERT INTO grants (project, kind, subject, role, \"by\", created)"
            " VALUES (:p, 'team', :n, 'editor', 'ana', '')",
            p=project, n=name,
        )  # fmt: skip
        for member in members:
            self.sql(
                'INSERT INTO memberships (team, "user", role) VALUES (:t, :m, \'member\')',
                t=name, m=member,
            )  # fmt: skip

    def job(self, owner, *, name="train.py", moment=NOON, **resources):
        """Submit; answers with the job. Raises QuotaExceeded."""
        self._made += 1
        job = Job(
            id=f"j{self._made}", project="vision", owner=owner, name=name, created=moment,
            spec=JobSpec(command=["true"], resources=Resources(**resources)),
            state=JobState.PENDING, target=Target.RUN, engine="local",
        )  # fmt: skip

        def submit(tx):
            quotas.reserve(tx, job, moment)
            jobs.add(tx, job, actor=owner, retries=0)
            return job

        return self.run(submit)

    def happens(self, job, *events):
        def change(tx):
            for event, fields in events:
                record = jobs.get(tx, job.id)
                assert jobs.transition(tx, record, event, actor="x", **fields)

        self.run(change)

    def ran(self, job, started, finished=None):
        """The job ran from then to then, or still does."""
        began = [(Event.CLAIMED, {}), (Event.STARTED, {"started": started})]
        ended = [(Event.SUCCEEDED, {"finished": finished})] if finished else []
        self.happens(job, *began, *ended)

    def use(self, account, moment=NOON):
        return self.run(lambda tx: quotas.use(tx, account, moment))


@pytest.fixture(params=KINDS)
def database(request, tmp_path):
    with fresh(request.param, tmp_path) as where:
        yield where


@pytest.fixture
def world(database, jp_asyncio_loop):
    store = jp_asyncio_loop.run_until_complete(Store.open(database))
    yield World(store, jp_asyncio_loop)
    jp_asyncio_loop.run_until_complete(store.close())


class TestAQuota:
    def test_counts_jobs_that_have_not_ended_and_what_they_ask_for(self, world):
        world.person("ana")
        first = world.job("ana", cpu="500m", memory="1Gi", gpu=2)
        world.job("ana", cpu=2)
        use = world.use("user:ana")
        assert (use.jobs, use.cpu, use.memory, use.gpu) == (2, 2.5, 1 << 30, 2)
        world.happens(first, (Event.STOPPED, {}))
        use = world.use("user:ana")
        assert (use.jobs, use.cpu, use.memory, use.gpu) == (1, 2.0, 0, 0)

    def test_says_which_it_is_how_much_is_used_and_by_which_jobs(self, world):
        world.person("ana", '{"gpu": 4}')
        world.job("ana", name="train.py", gpu=2)
        world.job("ana", name="eval.py", gpu=1)
        with pytest.raises(QuotaExceeded) as refused:
            world.job("ana", gpu=2)
        assert refused.value.detail == (
            "Your quota of 4 GPUs has no room: 3 GPUs are in use (train.py 2, eval.py 1) and this "
            "job asks for 2 GPUs. Wait until there is room, or ask an administrator for more."
        )
        told = refused.value
        assert (told.quota, told.used, told.limit) == ("user:ana/gpu", 3, 4)
        assert told.holders == ["train.py", "eval.py"]
        assert world.use("user:ana").jobs == 2

    @pytest.mark.parametrize(
        ("quota", "asked", "sentence"),
        [
            ({"jobs": 0}, {}, "This job asks for 1 job and your quota is 0 jobs"),
            ({"cpu": "500m"}, {"cpu": 1}, "asks for 1 CPU and your quota is 0.5 CPUs"),
            ({"memory": "1Gi"}, {"memory": "2Gi"}, "asks for 2 GiB and your quota is 1 GiB"),
            ({"gpu": 1}, {"gpu": 2}, "asks for 2 GPUs and your quota is 1 GPU: ask for less"),
        ],
    )
    def test_refuses_what_would_never_fit(self, world, quota, asked, sentence):
        world.person("ana", json.dumps(quota))
        with pytest.raises(QuotaExceeded, match=sentence):
            world.job("ana", **asked)

    def test_that_was_lowered_below_the_use_stops_only_more_of_the_same(self, world):
        world.person("ana")
        world.job("ana", gpu=3)
        world.sql("UPDATE users SET quota = '{\"gpu\": 1}'")
        world.job("ana", cpu=1)
        with pytest.raises(QuotaExceeded):
            world.job("ana", gpu=1)

    def test_counts_each_node_of_a_job(self, world):
        world.person("ana")
        spec = {"command": ["true"], "distributed": {"nodes": 3}, "resources": {"cpu": 2, "gpu": 1}}
        assert quotas.demand(JobSpec(**_typed(spec))) == quotas.demand(
            JobSpec(command=["true"], resources=Resources(cpu=6, gpu=3))
        )


def _typed(spec):
    from submarine_ext.domain.jobs import Distributed

    return {
        **spec,
        "distributed": Distributed(**spec["distributed"]),
        "resources": Resources(**spec["resources"]),
    }


class TestATeamsQuota:
    def test_is_charged_for_all_its_members_in_the_projects_it_has(self, world):
        for person in ("ana", "bob", "carol"):
            world.person(person)
        world.team("lab", "ana", "bob", quota='{"gpu": 4}')
        world.team("elsewhere", "ana", quota='{"gpu": 0}', project="other")
        world.job("ana", gpu=2)
        world.job("bob", gpu=1)
        world.job("carol", gpu=8)
        assert world.use("team:lab").gpu == 3
        assert world.use("team:elsewhere").jobs == 0
        with pytest.raises(QuotaExceeded) as refused:
            world.job("bob", gpu=2)
        assert refused.value.detail.startswith(
            "Team lab's quota of 4 GPUs has no room: 3 GPUs are in use (ana 2, bob 1) and"
        )
        assert refused.value.holders == ["ana", "bob"]

    def test_that_is_named_like_a_person_is_another_account(self, world):
        world.person("ana", '{"jobs": 5}')
        world.team("ana", "ana", quota='{"jobs": 1}')
        world.job("ana")
        with pytest.raises(QuotaExceeded) as refused:
            world.job("ana")
        assert refused.value.quota == "team:ana/jobs"


class TestGpuHours:
    def test_count_each_attempt_for_its_part_of_the_month(self, world):
        world.person("ana")
        over_the_border = world.job("ana", gpu=2)
        world.ran(over_the_border, "2026-10-31T22:00:00.000000Z", "2026-11-01T01:00:00.000000Z")
        long_ago = world.job("ana", gpu=8)
        world.ran(long_ago, "2026-10-01T00:00:00.000000Z", "2026-10-31T00:00:00.000000Z")
        running = world.job("ana", gpu=1)
        world.ran(running, "2026-11-22T11:30:00.000000Z")
        world.ran(world.job("ana"), "2026-11-22T10:00:00.000000Z")
        assert world.use("user:ana").gpu_hours == 2 * 1 + 0.5
        assert world.use("user:ana", "2026-11-22T12:30:00.000000Z").gpu_hours == 2 + 1
        december = world.use("user:ana", "2026-12-01T01:00:00.000000Z")
        assert december.gpu_hours == 1

    def test_outlive_the_job(self, world):
        world.person("ana")
        job = world.job("ana", gpu=1)
        world.ran(job, "2026-11-22T10:00:00.000000Z", "2026-11-22T11:00:00.000000Z")
        world.run(lambda tx: jobs.remove(tx, job, actor="ana"))
        assert (world.use("user:ana").gpu_hours, world.use("user:ana").jobs) == (1, 0)

    def test_count_every_attempt(self, world):
        world.person("ana")
        job = world.job("ana", gpu=1)
        world.ran(job, "2026-11-22T10:00:00.000000Z", "2026-11-22T10:30:00.000000Z")
        world.run(lambda tx: jobs.retry(tx, jobs.get(tx, job.id), actor="ana", retries=0))
        world.ran(job, "2026-11-22T11:00:00.000000Z")
        assert world.use("user:ana").gpu_hours == 1.5

    def test_that_are_used_up_refuse_jobs_with_gpus_until_the_month_ends(self, world):
        world.person("ana", '{"gpu_hours": 1.5}')
        world.person("bob")
        world.team("lab", "ana", "bob", quota='{"gpu_hours": 2}')
        world.ran(world.job("bob", gpu=1), "2026-11-22T10:00:00.000000Z")
        world.job("ana", gpu=1, moment="2026-11-22T11:59:00.000000Z")
        with pytest.raises(QuotaExceeded) as refused:
            world.job("ana", gpu=1)
        assert refused.value.detail == (
            "Team lab's quota of 2 GPU-hours a month is used up: 2.0 (bob 2.0). It begins anew on "
            "2026-12-01 (UTC); run without GPUs until then, or ask an administrator for more."
        )
        world.job("ana")


class TwoServers:
    """Two processes on one database, each with its own transactions."""

    def __init__(self, root, database, mutant=""):
        arguments = [sys.executable, "-W", "ignore", str(SERVER), str(root), str(database)]
        self.processes = [
            subprocess.Popen(
                [*arguments, *[mutant] * bool(mutant)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for _ in range(2)
        ]  # fmt: skip

    def submit(self, person, project, jobs):
        """Both at once; what both say together."""
        line = json.dumps({"person": person, "project": project, "jobs": jobs}) + "\n"
        for process in self.processes:
            process.stdin.write(line)
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for process in self.processes]
        return {name: answers[0][name] + answers[1][name] for name in answers[0]}

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()


@pytest.fixture
def servers(database, tmp_path, jp_asyncio_loop):
    """``servers(mutant)``: two of them, on a database with 20 people who may have 10 jobs."""
    opened = []
    store = jp_asyncio_loop.run_until_complete(Store.open(database))
    world = World(store, jp_asyncio_loop)
    for person in range(20):
        world.person(f"p{person}", '{"jobs": 10}')
        world.sql(
            "INSERT INTO projects (name, title, created) VALUES (:p, '', '')", p=f"of-{person}"
        )
        world.sql(
            "INSERT INTO grants (project, kind, subject, role, \"by\", created)"
            " VALUES (:p, 'user', :u, 'owner', '', '')",
            p=f"of-{person}", u=f"p{person}",
        )  # fmt: skip
    jp_asyncio_loop.run_until_complete(store.close())

    def begin(mutant=""):
        opened.append(TwoServers(tmp_path, database, mutant))
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


class TestAHundredSubmissionsAtOnceWithRoomForTen:
    def test_to_two_servers_are_ten_jobs_every_time(self, servers, database):
        two = servers()
        for person in range(20):
            told = two.submit(f"p{person}", f"of-{person}", 50)
            assert told == {"accepted": 10, "refused": 90, "errors": []}, person
        by_owner = rows(database, "SELECT owner, count(*) FROM jobs GROUP BY owner")
        assert sorted(by_owner) == sorted((f"p{person}", 10) for person in range(20))
        assert rows(database, "SELECT count(*) FROM charges") == [(200,)]

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_a_server_that_asks_in_another_transaction_is_found_out(self, servers):
        two = servers("asks-before-it-writes")
        told = [two.submit(f"p{person}", f"of-{person}", 50)["accepted"] for person in range(5)]
        assert max(told) > 10
