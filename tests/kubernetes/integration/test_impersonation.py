"""Acting as people: the cluster decides by what they may, not by what this server may."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from submarine_ext.engines.base import Health, Outcome, Waiting
from submarine_ext.engines.kubernetes import rbac
from submarine_ext.engines.kubernetes.answers import ApiError
from tests.kubernetes.integration.accounts import account, allow, counts
from tests.kubernetes.integration.bench import NOWHERE, Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import BINDINGS, RBAC

PERSON = "ada"  # who owns this suite's tasks


@pytest.fixture
def people(place: Place) -> Iterator[str]:
    """The form of names of people that only this test knows, as whom an account may act."""
    mark = uuid.uuid4().hex[:8]
    user, name = f"{PERSON}-{mark}@example.org", f"submarine-ext-test-{mark}"
    about = {"metadata": {"name": name}}
    subject = {"kind": "ServiceAccount", "namespace": place.namespace, "name": name}
    role = {**rbac.impersonator([user], []), **about}
    binding = {**rbac.cluster_binding([subject]), **about}
    binding["roleRef"] = {**binding["roleRef"], "name": name}
    paths = [f"/apis/{RBAC}/v1/{plural}" for plural in ("clusterroles", "clusterrolebindings")]
    try:
        for path, thing in zip(paths, (role, binding), strict=True):
            place.admin.now("POST", path, body=thing)
    except ApiError as error:
        if error.status == 403:
            pytest.skip("cluster roles may not be made here")
        raise
    yield mark
    for path in paths:
        place.admin.now("DELETE", f"{path}/{name}")


async def server(bench: Bench, mark: str) -> Path:
    """A server that may act as its people and do nothing else."""
    name, place = f"submarine-ext-test-{mark}", bench.place
    kubeconfig = await account(place, bench.root, name, [])
    asked = {"group": "", "resource": "users", "verb": "impersonate",
             "name": f"{PERSON}-{mark}@example.org"}  # fmt: skip
    await counts(place, f"system:serviceaccount:{place.namespace}:{name}", asked)
    return kubeconfig


def acting(mark: str) -> dict[str, object]:
    return {"impersonate": True, "impersonate_user": f"{{owner}}-{mark}@example.org",
            "impersonate_groups": ""}  # fmt: skip


async def permit(place: Place, mark: str) -> str:
    """Give the person the shipped Role; returns the binding's name."""
    user = {"kind": "User", "apiGroup": RBAC, "name": f"{PERSON}-{mark}@example.org"}
    rules = rbac.role(place.namespace, rbac.rules(queues=True))["rules"]
    await allow(place, f"person-{mark}", rules, user)
    return f"person-{mark}"


async def test_a_person_who_may_runs_jobs_through_a_server_that_may_not(
    place: Place, bench: Bench, people: str
) -> None:
    kubeconfig = await server(bench, people)
    await permit(place, people)
    task = bench.program("pass")
    async with bench.session(kubeconfig=kubeconfig, node_selector=NOWHERE, **acting(people)) as s:
        await s.engine.start(task)
        await s.such(lambda o: isinstance(o, Waiting) and "machine" in o.reason)
        await s.engine.stop(task.name)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
    await place.nothing_left(task)


async def test_rights_that_one_person_loses_are_that_persons_trouble(
    place: Place, bench: Bench, people: str
) -> None:
    """Their jobs say so and go on when they are back. Mutant: an engine that is out of order
    for everybody.
    """
    settings = {"kubeconfig": await server(bench, people), "node_selector": NOWHERE}
    binding = await permit(place, people)
    task = bench.program("pass")
    async with bench.session(**settings, **acting(people)) as s:
        await s.engine.start(task)
        await s.such(lambda o: isinstance(o, Waiting) and "machine" in o.reason)
    before = await place.found(BINDINGS, binding)
    assert before is not None
    await place.delete(BINDINGS, binding)
    async with bench.session(**settings, **acting(people)) as s:
        assert await s.engine.adopt([task]) == set()
        await s.such(lambda o: isinstance(o, Waiting) and "not let this server see" in o.reason)
        assert (await s.healthy()).healthy
        await place.make(BINDINGS, {key: before[key] for key in ("roleRef", "subjects")}
                         | {"metadata": {"name": binding}})  # fmt: skip
        await s.such(lambda o: isinstance(o, Waiting) and "machine" in o.reason)
        await s.engine.stop(task.name)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
    await place.nothing_left(task)


async def test_a_person_who_may_not_is_told_so_by_name(bench: Bench, people: str) -> None:
    """Mutant: the server's own identity where a person's is refused."""
    kubeconfig = await server(bench, people)
    task = bench.program("pass")
    async with bench.session(kubeconfig=kubeconfig, **acting(people)) as s:
        await s.engine.start(task)
        ended = await s.ended(task.name)
        assert (await s.healthy()).healthy
        assert not [o for o in s.seen if isinstance(o, Health) and "let" in str(o.info.reason)]
    assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
    assert f"{PERSON}-{people}@example.org" in str(ended.reason)


async def test_without_it_only_the_servers_own_rights_count(bench: Bench, people: str) -> None:
    kubeconfig = await server(bench, people)
    ended = await bench.run(bench.program("pass"), kubeconfig=kubeconfig)
    assert ended.outcome is Outcome.FAILED
    assert f"system:serviceaccount:{bench.place.namespace}" in str(ended.reason)
