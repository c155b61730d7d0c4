"""What the cluster refuses for now is waited for; what it refuses for good ends the job."""

import pytest

from submarine_ext.engines.base import Outcome, Started, Waiting
from submarine_ext.testing import jobs
from submarine_ext.testing.session import session
from tests.cluster.status import failure
from tests.kubernetes import hands
from tests.kubernetes.test_engine_faults import task


def limit(cluster, counted, most):
    quota = {"metadata": {"name": "full"}, "spec": {"hard": {counted: str(most)}}}
    cluster.call(cluster.inside.create, "resourcequotas", hands.NAMESPACE, quota)


def limit_to_one_more(cluster, counted):
    resource = counted.removeprefix("count/")
    there = cluster.call(cluster.inside.list, resource, hands.NAMESPACE)
    limit(cluster, counted, len(there) + 1)


async def waits(s, name, words):
    return await s.such(lambda o: isinstance(o, Waiting) and o.name == name and words in o.reason)


@pytest.mark.parametrize("counted", ["count/jobs.batch", "count/configmaps"])
class TestFullQuota:
    """Catches the mutant that ends what is refused, and one that waits in the others' way."""

    async def test_a_job_waits_for_room_and_runs_then(self, counted, cluster, tmp_path):
        limit_to_one_more(cluster, counted)
        first, second = task(tmp_path, jobs.SLEEPS), task(tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(first)
            await s.started(first.name)
            await s.engine.start(second)
            said = await waits(s, second.name, "The quota of team-a has no room for it")
            assert said.reason.endswith("It starts when there is room.")
            assert (await s.engine.info()).healthy
            assert not any(isinstance(o, Started) for o in s.of(second.name))
            await s.engine.stop(first.name, grace_seconds=1)
            assert (await s.ended(second.name)).outcome is Outcome.SUCCEEDED
        assert second.log(0).read_text() == "begun\n"

    async def test_a_stop_ends_the_waiting_and_leaves_nothing(self, counted, cluster, tmp_path):
        limit_to_one_more(cluster, counted)
        first, second = task(tmp_path, jobs.SLEEPS), task(tmp_path)
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(first)
            await s.started(first.name)
            await s.engine.start(second)
            await waits(s, second.name, "no room")
            await s.engine.stop(second.name, grace_seconds=1)
            assert (await s.ended(second.name)).outcome is Outcome.STOPPED
            assert hands.objects(cluster, "jobs.batch", second) == []
            await s.engine.stop(first.name, grace_seconds=1)
            await s.ended(first.name)

    async def test_others_are_not_kept_waiting_behind_them(self, counted, cluster, tmp_path):
        limit_to_one_more(cluster, counted)
        first, *many = (task(tmp_path, jobs.SLEEPS) for _ in range(11))
        async with session(hands.make(cluster, tmp_path)) as s:
            await s.engine.start(first)
            await s.started(first.name)
            for one in many:
                await s.engine.start(one)
                await waits(s, one.name, "no room")
            for one in (first, *many):
                await s.engine.stop(one.name, grace_seconds=1)
                await s.ended(one.name)


async def test_a_quota_that_never_has_room_ends_the_job_in_words(cluster, tmp_path):
    limit(cluster, "count/jobs.batch", 0)
    wanted = task(tmp_path)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(wanted)
        ended = await s.ended(wanted.name)
    assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
    assert ended.reason.startswith("The quota of team-a has no room for it: jobs: 0 of 0 in use")


async def test_a_check_that_is_away_is_waited_for(cluster, tmp_path):
    text = 'Internal error occurred: failed calling webhook "check.example.com": no endpoints'
    left = [None] * 2

    def check(call, new, old):
        if old is None and call.resource.id == "jobs.batch" and left:
            left.pop()
            raise failure(500, "InternalError", text)

    cluster.server.registry.validating.append(check)
    wanted = task(tmp_path)
    async with session(hands.make(cluster, tmp_path)) as s:
        await s.engine.start(wanted)
        said = await waits(s, wanted.name, "check.example.com")
        assert "does not answer" in said.reason
        assert (await s.ended(wanted.name)).outcome is Outcome.SUCCEEDED
