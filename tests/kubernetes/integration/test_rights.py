"""The shipped Role is enough for everything, and allows nothing else."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from submarine_ext.engines.base import Check, Outcome, Waiting
from submarine_ext.engines.kubernetes import names, rbac
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.rights import review
from submarine_ext.engines.kubernetes.transport import Api
from tests.kubernetes.integration.accounts import account, apply
from tests.kubernetes.integration.bench import NOWHERE, Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import JOBS, SECRETS

NEEDED = [rule for rule in rbac.rules() if rule.without is None]


def fresh(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:6]}"


async def limited(bench: Bench, rules: list[Object]) -> Path:
    """A kubeconfig of an account that may do just this."""
    return await account(bench.place, bench.root, fresh("runner"), rules)


def shipped(place: Place, *, without: rbac.Rule | None = None) -> list[Object]:
    """The rules as the Role has them; where there is Kueue, also those for queues."""
    kept = [rule for rule in rbac.rules(queues=True) if rule != without]
    rules: list[Object] = rbac.role(place.namespace, kept)["rules"]
    return rules


async def examine(bench: Bench, kubeconfig: Path) -> list[Check]:
    async with bench.session(kubeconfig=kubeconfig) as s:
        return await bench.examined(s)


def wrong(checks: list[Check]) -> list[Check]:
    return [check for check in checks if not check.ok]


async def test_the_doctor_finds_nothing_wrong_with_the_shipped_role(
    place: Place, bench: Bench
) -> None:
    kubeconfig = await limited(bench, shipped(place))

    async def well() -> bool:  # rights take effect a moment after they are given
        return not wrong(await examine(bench, kubeconfig))

    await place.until(well, "the doctor is content")


async def test_a_job_waits_and_is_stopped_with_the_shipped_role(place: Place, bench: Bench) -> None:
    kubeconfig = await limited(bench, shipped(place))
    task = bench.program("pass")
    async with bench.session(kubeconfig=kubeconfig, node_selector=NOWHERE) as s:
        await s.engine.start(task)
        await s.such(lambda o: isinstance(o, Waiting) and "machine" in o.reason)
        await s.engine.stop(task.name)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
    await place.nothing_left(task)


@pytest.mark.parametrize("rule", NEEDED, ids=lambda rule: "-".join(rule.resources))
async def test_what_is_missing_is_named_and_its_yaml_heals_it(
    place: Place, bench: Bench, rule: rbac.Rule
) -> None:
    """Mutant: a doctor that asks for less than the Role holds."""
    if not place.mine:
        pytest.skip("the namespace is somebody's, and may have a Role of that name")
    kubeconfig = await limited(bench, shipped(place, without=rule))
    (found,) = wrong(await examine(bench, kubeconfig))
    assert found.title == f"Namespace {place.namespace}"
    for resource in rule.resources:
        assert resource in found.detail
    for verb in rule.verbs:
        assert verb in found.detail
    await apply(place, found.fix)

    async def healed() -> bool:
        return not wrong(await examine(bench, kubeconfig))

    await place.until(healed, "the YAML takes effect")


FORBIDDEN = [
    ("GET", "/api/v1/namespaces/{here}/secrets"),
    ("GET", "/api/v1/namespaces/{here}/secrets/x"),
    ("DELETE", "/api/v1/namespaces/{here}/secrets/x"),
    ("POST", "/api/v1/namespaces/{here}/pods"),
    ("POST", "/api/v1/namespaces/{here}/pods/x/exec"),
    ("GET", "/api/v1/namespaces/{here}/configmaps"),
    ("DELETE", "/apis/batch/v1/namespaces/{here}/jobs"),
    ("GET", "/api/v1/namespaces/default/pods"),
    ("GET", "/apis/batch/v1/namespaces/default/jobs"),
    ("GET", "/apis/batch/v1/jobs"),
    ("GET", "/api/v1/nodes"),
    ("GET", "/api/v1/namespaces"),
]


async def test_the_shipped_role_allows_nothing_else(place: Place, bench: Bench) -> None:
    kubeconfig = await limited(bench, shipped(place))
    api = await Api.open(place.target.settings(kubeconfig))
    allowed = []
    try:
        for method, form in FORBIDDEN:
            body = {} if method == "POST" else None
            try:
                await api.request(method, form.format(here=place.namespace), body=body)
            except ApiError as error:
                if error.status == 403:
                    continue
            allowed.append((method, form))
    finally:
        await api.close()
    assert allowed == []


async def test_the_cluster_answers_what_an_account_may(place: Place, bench: Bench) -> None:
    """SelfSubjectAccessReview, on which preflight and doctor rest."""
    kubeconfig = await limited(bench, shipped(place))
    api = await Api.open(place.target.settings(kubeconfig))
    asked = {"namespace": place.namespace, "group": "", "resource": "pods", "verb": "list"}

    async def may(**other: str) -> bool:
        return await review(api, {**asked, **other})

    try:
        await place.until(may, "the account may list pods")
        assert await may(subresource="log", verb="get")
        assert not await may(subresource="exec", verb="create")
        assert not await may(verb="create")
        assert not await may(resource="secrets", verb="get")
        assert await may(resource="secrets", verb="create")
        assert not await may(namespace="default")
    finally:
        await api.close()


@pytest.mark.parametrize("missing", ["jobs", "configmaps", "secrets"])
async def test_a_right_that_is_missing_ends_the_job_in_words_and_leaves_nothing(
    place: Place, bench: Bench, missing: str
) -> None:
    rules = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "create"]}
        if missing in rule["resources"] else rule
        for rule in shipped(place)
    ]  # fmt: skip
    kubeconfig = await limited(bench, [rule for rule in rules if rule["verbs"]])
    task = bench.secretive()
    ended = await bench.run(task, kubeconfig=kubeconfig, node_selector=NOWHERE)
    assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
    assert "no right to create" in str(ended.reason)
    assert missing in str(ended.reason)
    await place.nothing_left(task)
    assert await place.found(JOBS, names.of(task.name)) is None
    assert await place.found(SECRETS, names.of(task.name)) is None
