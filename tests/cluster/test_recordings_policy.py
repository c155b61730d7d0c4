"""The fake's policy answers as a real API server did: recordings, replayed.

Every exchange of the six recordings is either played or left out with its reason; a test fails
where one is neither. What the recordings need (namespaces, accounts, Roles) is made first.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from .cluster import Cluster
from .faults import Answer
from .grants import grant, token_in
from .replaying import RECORDINGS, Replay
from .work import Timing

Object = dict[str, Any]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
RUNNER = "submarine-runner"
ALICE = {"Impersonate-User": "alice@example.org", "Impersonate-Group": "team-a"}


@asynccontextmanager
async def replaying(topic: str, **options: Any) -> AsyncIterator[tuple[Cluster, Replay]]:
    async with Cluster(**options) as cluster:
        tokens = {"admin": token_in(cluster.kubeconfig), "anon": "", "bad": "no-such-token"}
        async with Replay(topic, cluster.url, tokens) as replay:
            yield cluster, replay


def recorded_rules() -> list[Object]:
    """The rules of the Role submarine-ext-runner, from its rules review."""
    exchanges = json.loads((RECORDINGS / "rbac.json").read_text("utf-8"))["exchanges"]
    review = next(e for e in exchanges if "rulesreviews" in e.get("request", {}).get("path", ""))
    return list(review["response"]["body"]["status"]["resourceRules"][2:])


async def runner(cluster: Cluster, replay: Replay) -> None:
    """The account that most of the recordings were made with."""
    rules, role = recorded_rules(), "submarine-ext-runner"
    path = await grant(cluster.kubeconfig, RUNNER, "team-a", rules, role)
    replay.tokens["runner"] = token_in(path)


async def make(replay: Replay, path: str, body: Object) -> Object:
    status, _, answer = await replay.call("POST", path, body)
    assert status == 201, answer
    return dict(answer)


async def test_a_role_allows_and_refuses_what_it_did_on_a_real_cluster() -> None:
    async with replaying("rbac") as (cluster, replay):
        await runner(cluster, replay)
        kept = [r for r in replay.exchanges[0]["results"] if _is_core(r["call"])]
        bodies = {
            f"POST /api/v1/namespaces/team-a/{plural}": {"metadata": {"name": "rb"}, **spec}
            for plural, spec in (("configmaps", {}), ("services", {"spec": {"clusterIP": "None"}}))
        }
        for result in kept:
            await replay.play_call(0, result, bodies)
        replay.done.add(0)
        await replay.play_results(1, {})
        for index in range(2, len(replay.exchanges)):
            if index not in LEFT_OUT_OF_RBAC:
                await replay.play(index)
        replay.finish(LEFT_OUT_OF_RBAC)


LEFT_OUT_OF_RBAC: dict[int, str] = {}


def _is_core(call: str) -> bool:
    """Custom resources are served only where their CRDs are installed."""
    path = call.split(" ")[1]
    return not path.startswith("/apis/") or path.startswith("/apis/batch/")


async def test_blocking_an_owner_needs_the_right_on_its_finalizers_where_that_is_enforced() -> None:
    async with replaying("owner-references", owners_need_permission=True) as (cluster, replay):
        await runner(cluster, replay)
        own = await make(replay, "/apis/batch/v1/namespaces/team-a/jobs", job("own", suspend=True))
        replay.ours["2633db62-1b5c-4226-87ef-6c658f245b88"] = own["metadata"]["uid"]
        for index in range(3):
            await replay.play(index)
        replay.finish({})


async def test_a_server_without_seats_answers_429_in_plain_text() -> None:
    async with replaying("too-many-requests") as (cluster, replay):
        await runner(cluster, replay)
        cluster.faults.add(Answer(times=None))
        for index in range(3):
            await replay.play(index)
        replay.finish({3: "a count over twelve rounds of load, not an answer"})


def job(name: str, command: list[str] | None = None, **spec: Any) -> Object:
    container = {"name": "main", "image": "i", "command": command or ["true"]}
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    template = {"spec": pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": template, **spec},
    }


def role(name: str, *rules: Object) -> Object:
    return {"metadata": {"name": name}, "rules": list(rules)}


def rule(verbs: list[str], group: str, resource: str, *names: str) -> Object:
    found: Object = {"verbs": verbs, "apiGroups": [group], "resources": [resource]}
    return {**found, "resourceNames": list(names)} if names else found


def bound(name: str, kind: str, subject: Object) -> Object:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    return {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}


def account(name: str) -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": "hub"}


async def everywhere(replay: Replay, name: str, who: Object, *rules: Object) -> None:
    """A ClusterRole and its binding."""
    await make(replay, f"{RBAC}/clusterroles", role(name, *rules))
    await make(replay, f"{RBAC}/clusterrolebindings", bound(name, "ClusterRole", who))


async def in_team(replay: Replay, name: str, who: Object, *rules: Object) -> None:
    """A Role in team-a and its binding."""
    path = f"{RBAC}/namespaces/team-a"
    await make(replay, f"{path}/roles", role(name, *rules))
    await make(replay, f"{path}/rolebindings", bound(name, "Role", who))


async def hub(cluster: Cluster, replay: Replay) -> None:
    """The accounts of a hub, and what alice's group may in team-a."""
    await make(replay, "/api/v1/namespaces", {"metadata": {"name": "hub"}})
    for name in ("hub", "hub2", "ex1", "ex2", "ex3"):
        replay.tokens[name] = token_in(await grant(cluster.kubeconfig, name, "hub", []))
    group = {"kind": "Group", "name": "team-a", "apiGroup": "rbac.authorization.k8s.io"}
    await in_team(replay, "team", group, rule(["get", "list", "watch"], "", "pods"))
    people = rule(["impersonate"], "", "users", "alice@example.org")
    groups = rule(["impersonate"], "", "groups", "team-a")
    await everywhere(replay, "hub-users", account("hub"), people, groups)
    new = "authentication.k8s.io"
    people = rule(["impersonate:user-info"], new, "users", "alice@example.org")
    groups = rule(["impersonate:user-info"], new, "groups", "team-a")
    await everywhere(replay, "hub2-users", account("hub2"), people, groups)


async def test_impersonation_is_allowed_and_refused_as_recorded() -> None:
    async with replaying("impersonation-and-exec") as (cluster, replay):
        await hub(cluster, replay)
        for index in range(15):
            await replay.play(index)
        verb = "impersonate-on:user-info:list"
        await in_team(replay, "hub2-lists", account("hub2"), rule([verb], "", "pods"))
        for index in range(15, 19):
            await replay.play(index)
        await watch_outlives_the_right(replay)
        await the_old_verb_is_withdrawn_at_once(replay)
        for name, verbs in (("ex1", ["get"]), ("ex2", ["create"])):
            await in_team(replay, name, account(name), rule(verbs, "", "pods/exec"))
        for index in (23, 24, 26):
            await replay.play(index)
        replay.finish({
            20: "seconds of a cache; test_impersonation measures it with a clock of its own",
            25: "the fake runs nothing by exec",
        })  # fmt: skip


async def watch_outlives_the_right(replay: Replay) -> None:
    """Exchanges 21 and 22: a watch goes on when its right goes, a new request does not."""
    lines: asyncio.Queue[Object] = asyncio.Queue()
    opened = asyncio.Event()
    watching = asyncio.create_task(replay.watch(22, lines, opened))
    await opened.wait()
    path = f"{RBAC}/namespaces/team-a/rolebindings/team"
    status, _, _ = await replay.call("DELETE", path)
    assert status == 200
    await replay.play(21)
    pod = {
        "metadata": {"name": "seen-after"},
        "spec": {"containers": [{"name": "m", "image": "i"}]},
    }
    await make(replay, "/api/v1/namespaces/team-a/pods", pod)
    first = await lines.get()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "seen-after")


async def the_old_verb_is_withdrawn_at_once(replay: Replay) -> None:
    await replay.call("DELETE", f"{RBAC}/clusterrolebindings/hub-users")
    status, _, _ = await replay.call(
        "GET", "/api/v1/namespaces/team-a/pods", who="hub", headers=ALICE
    )
    assert status == replay.exchanges[19]["results"][0]["status"]
    replay.done.add(19)


async def quota_events(replay: Replay, namespace: str, names: set[str]) -> None:
    """Wait until each of these Jobs has an event of a pod that was refused."""

    def refused(present: dict[str, Object]) -> bool:
        found = {e["involvedObject"]["name"] for e in present.values() if _is_refusal(e)}
        return names <= found

    await replay.until(f"/api/v1/namespaces/{namespace}/events", refused)


def _is_refusal(event: Object) -> bool:
    return bool(event["reason"] == "FailedCreate")


#: A quarter of an hour instead of a second: a refused pod is not tried again in these tests.
PATIENT = Timing(own=900.0)
LEFT_OUT_OF_QUOTA = {
    14: "seconds between a Job controller's tries",
    15: "its repeats; played by test_a_refused_pod_is_an_event_each_time_and_then_a_count",
    16: "its repeats; played by test_a_refused_pod_is_an_event_each_time_and_then_a_count",
    17: "seconds until a Job controller tries again",
}


async def test_quotas_limits_and_pod_security_say_what_they_said() -> None:
    topic = "quota-limits-podsecurity"
    async with replaying(topic, timing=PATIENT) as (_, replay):
        await the_quota(replay)
        await the_limits(replay)
        await the_security(replay)
        replay.finish(LEFT_OUT_OF_QUOTA)


async def the_quota(replay: Replay) -> None:
    await furnished(replay, "quota")
    await replay.play(0)
    await replay.until("/api/v1/namespaces/quota/resourcequotas", _counted)
    await replay.play(1)
    for index, name in ((2, "gpu4"), (6, "nolimit"), (8, "two")):
        await replay.play(index)
        await quota_events(replay, "quota", {name})
        await replay.play(index + 1)
    status = "/apis/batch/v1/namespaces/quota/jobs"
    await replay.until(status, lambda jobs: "ready" in jobs["gpu4"].get("status", {}))
    for index in (4, 5, 10, 11, 12, 13):
        await replay.play(index)


def _counted(quotas: dict[str, Object]) -> bool:
    return any("used" in quota.get("status", {}) for quota in quotas.values())


async def furnished(replay: Replay, name: str, **labels: str) -> None:
    """A namespace with the ServiceAccount that pods need."""
    labels = {f"pod-security.kubernetes.io/{key}": level for key, level in labels.items()}
    await make(replay, "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    for plural in ("serviceaccounts", "configmaps"):
        await replay.until(f"/api/v1/namespaces/{name}/{plural}", bool)


async def the_limits(replay: Replay) -> None:
    await furnished(replay, "limits")
    await replay.play(18)
    await replay.play(19)
    pods: list[Object] = await replay.until("/api/v1/namespaces/limits/pods", bool)
    replay.ours["def-gnqxx"] = pods[0]["object"]["metadata"]["name"]
    for index in (20, 21):
        await replay.play(index)
    await quota_events(replay, "limits", {"big"})
    for index in (22, 23, 24):
        await replay.play(index)
    await quota_events(replay, "limits", {"ratio", "reqonly"})
    await replay.play(25)


async def the_security(replay: Replay) -> None:
    await furnished(replay, "restricted", enforce="restricted", warn="restricted")
    await furnished(replay, "warnonly", warn="baseline")
    await furnished(replay, "enforceonly", enforce="restricted")
    await replay.play(26)
    await quota_events(replay, "restricted", {"plain"})
    for index in range(27, len(replay.exchanges)):
        await replay.play(index)
