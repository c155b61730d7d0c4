"""The Role that is shipped is enough for a job's whole life, and nothing of it is asked in vain."""

import pytest

from submarine_ext.engines.base import Outcome, Started
from submarine_ext.engines.kubernetes import rbac
from submarine_ext.testing.promises.promise import Promise
from submarine_ext.testing.session import session
from tests.kubernetes import hands


def task(root, source, *args, **fields):
    promise = Promise()
    promise.python = "python3"
    return promise.program(root, source, *args, **fields)


async def runner(cluster, *, without=None):
    """A kubeconfig of an account with the shipped Role, less one verb of one resource."""
    rules = rbac.role(hands.NAMESPACE, rbac.rules())["rules"]
    for rule in rules:
        if without is not None and without[0] in rule["resources"]:
            rule["verbs"] = [verb for verb in rule["verbs"] if verb != without[1]]
    return str(await cluster.grant("runner", hands.NAMESPACE, rules))


async def test_a_job_runs_and_its_log_comes_with_the_shipped_role(cluster, tmp_path):
    wanted = task(tmp_path, "print('begun')")
    async with session(hands.make(cluster, tmp_path, kubeconfig=await runner(cluster))) as s:
        await s.engine.start(wanted)
        assert (await s.ended(wanted.name)).outcome is Outcome.SUCCEEDED
    assert wanted.log(0).read_text() == "begun\n"


async def test_a_running_job_is_stopped_and_nothing_is_left_with_the_shipped_role(
    cluster, tmp_path
):
    unwanted = task(tmp_path, "import time; time.sleep(300)")
    async with session(hands.make(cluster, tmp_path, kubeconfig=await runner(cluster))) as s:
        await s.engine.start(unwanted)
        await s.such(lambda o: isinstance(o, Started) and o.name == unwanted.name)
        await s.engine.stop(unwanted.name, grace_seconds=1)
        assert (await s.ended(unwanted.name)).outcome is Outcome.STOPPED
    assert hands.objects(cluster, "jobs.batch", unwanted) == []


@pytest.mark.parametrize("without", [("jobs", "create"), ("configmaps", "create")])
async def test_a_right_that_is_missing_ends_the_job_with_a_plain_sentence(
    cluster, tmp_path, without
):
    """Caught: an engine that deletes a Job of which it has no uid, and fails at that for ever."""
    wanted = task(tmp_path, "print('begun')")
    limited = await runner(cluster, without=without)
    async with session(hands.make(cluster, tmp_path, kubeconfig=limited)) as s:
        await s.engine.start(wanted)
        ended = await s.ended(wanted.name)
    assert ended.outcome is Outcome.FAILED
    assert not ended.retryable
    assert "has no right to create" in ended.reason
    assert hands.objects(cluster, "jobs.batch", wanted) == []
