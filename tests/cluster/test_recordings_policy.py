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
from .kinds import Resource
from .replaying import RECORDINGS, Replay, steady
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
    """Of exchange 0 only calls of kinds are left out whose CRDs the fake has not."""
    crds = ("kueue", "trainjob", "v1", "katib")
    async with replaying("rbac", crds=crds, without=("queues",)) as (cluster, replay):
        await runner(cluster, replay)
        bodies = _bodies()
        calls = [r for r in replay.exchanges[0]["results"] if not _is_left_out(r["call"])]
        async with asyncio.TaskGroup() as watches:  # a second each
            for result in calls:
                if "watch=1" in result["call"]:
                    watches.create_task(replay.play_call(0, result, bodies))
        for result in calls:
            if "watch=1" not in result["call"]:
                await replay.play_call(0, result, bodies)
        replay.done.add(0)
        await replay.play_results(1, {})
        for index in range(2, len(replay.exchanges)):
            if index not in LEFT_OUT_OF_RBAC:
                await replay.play(index)
        replay.finish(LEFT_OUT_OF_RBAC)


LEFT_OUT_OF_RBAC: dict[int, str] = {}


#: Kinds that no engine of ours makes.
WITHOUT_CRDS = ("ray.io/", "sparkoperator.k8s.io/", "batch.volcano.sh/", "namespaces/team-a/trials")


def _is_left_out(call: str) -> bool:
    return any(part in call for part in WITHOUT_CRDS)


def _bodies() -> dict[str, object]:
    """What the calls of exchange 0 send."""
    kinds: dict[str, Object] = {
        "/api/v1/namespaces/team-a/configmaps": {},
        "/api/v1/namespaces/team-a/services": {"clusterIP": "None", "ports": [{"port": 29500}]},
        "/apis/trainer.kubeflow.org/v1alpha1/namespaces/team-a/trainjobs": {
            "runtimeRef": {"name": "torch-distributed"}
        },
        "/apis/jobset.x-k8s.io/v1alpha2/namespaces/team-a/jobsets": {
            "replicatedJobs": [{"name": "node", "template": {"spec": job("rb")["spec"]}}]
        },
        "/apis/kubeflow.org/v1beta1/namespaces/team-a/experiments": {"maxTrialCount": 1},
    }
    found: dict[str, object] = {}
    for path, spec in kinds.items():
        found[f"POST {path}"] = {"metadata": {"name": "rb"}, **({"spec": spec} if spec else {})}
        found[f"PATCH {path}/rb"] = {"metadata": {"labels": {"a": "b"}}}
    return found


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


REFUSED = "/apis/batch/v1/namespaces/combine/jobs"


async def test_a_refused_pod_is_an_event_each_time_and_then_a_count() -> None:
    """Exchanges 15 and 16: the first tries are events of their own, from the tenth on one."""
    async with replaying("quota-limits-podsecurity", timing=Timing(own=0.001)) as (_, replay):
        await furnished(replay, "combine")
        quotas = "/api/v1/namespaces/combine/resourcequotas"
        hard = {"requests.nvidia.com/gpu": "2"}
        await make(replay, quotas, {"metadata": {"name": "team"}, "spec": {"hard": hard}})
        await replay.until(quotas, _counted)
        await make(replay, REFUSED, _many())
        seen = await replay.until(
            "/api/v1/namespaces/combine/events",
            lambda events: any(event["count"] > 1 for event in events.values()),
        )
    recorded = replay.exchanges[16]["response"]["body"]["items"]
    added = [event["object"] for event in seen if event["type"] == "ADDED"]
    here = [added[0], seen[-1]["object"]]
    assert [_said(event) for event in here] == [_said(event) for event in recorded]
    tries = replay.exchanges[15]["response"]["body"]["items"]
    alone = [_said(event).replace("many", "retry") for event in added[: len(tries)]]
    assert alone == [_said(event) for event in tries]


def _many() -> Object:
    many = job("many")
    resources = {"requests": {"nvidia.com/gpu": 4}, "limits": {"nvidia.com/gpu": 4}}
    many["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    return many


def _said(event: Object) -> str:
    return str(steady(event["message"]))


#: It lives through its grace period of a second, so that what happens meanwhile is seen.
SLEEP = ["/bin/sh", "-c", "trap '' TERM; sleep 300"]
DELETED = {0: "jnone", 1: "jbackground", 2: "jbackgroundb", 3: "jforeground", 5: "jorphan"}
KINDS = ("/apis/batch/v1/namespaces/del/jobs", "/api/v1/namespaces/del/pods",
         "/api/v1/namespaces/del/configmaps")  # fmt: skip


async def test_deletion_and_the_garbage_collector_do_what_they_did() -> None:
    async with replaying("deletion-and-gc") as (cluster, replay):
        served = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob", custom=True)
        await cluster.acall(cluster.server.kinds.add, served)
        await furnished(replay, "del")
        for index, name in DELETED.items():
            await a_running_job(replay, name)
            await the_deletion_of(replay, index, name)
        await the_owners(replay)
        for index in (13, 14, 15, 16, 17):
            await replay.play(index)
        replay.finish({})


async def a_running_job(replay: Replay, name: str) -> None:
    """With two ConfigMaps: one holds up a foreground deletion, one does not."""
    made = await make(replay, KINDS[0], job(name, SLEEP))
    for suffix, block in (("block", True), ("free", False)):
        body = owned(f"{name}-{suffix}", name, made["metadata"]["uid"], blockOwnerDeletion=block)
        body["metadata"]["ownerReferences"][0]["controller"] = False
        await make(replay, KINDS[2], body)
    await replay.until(KINDS[1], lambda pods: any(_runs(pod, name) for pod in pods.values()))
    # The controller's word for it is the last change of the Job before its deletion.
    await replay.until(KINDS[0], lambda jobs: _ready(jobs.get(name, {})))


def owned(name: str, owner: str, uid: str, **more: Any) -> Object:
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": owner, "uid": uid, **more}
    return {"metadata": {"name": name, "ownerReferences": [reference]}}


def _runs(pod: Object, name: str) -> bool:
    return pod["metadata"]["name"].startswith(name) and pod["status"].get("phase") == "Running"


def _ready(job: Object) -> bool:
    return job.get("status", {}).get("ready") == 1


async def the_deletion_of(replay: Replay, index: int, name: str) -> None:
    """Delete it; every object's changes are then the recorded ones, in their order."""
    recorded = _courses(replay.exchanges[index]["watched"], name)
    since = [await replay.version(path) for path in KINDS]
    await replay.play(index)
    if name == "jforeground":
        await replay.play(4)
    here: dict[str, list[Course]] = {}
    for path, version, kind in zip(KINDS, since, ("Job", "Pod", "ConfigMap"), strict=True):
        wanted = {key: course for key, course in recorded.items() if key.startswith(kind)}

        def done(events: list[Object], wanted: dict[str, list[Course]] = wanted) -> bool:
            found = _courses(events, name)
            return all(found.get(key, [None])[-1] == course[-1] for key, course in wanted.items())

        here |= _courses(await replay.follow(path, version, done), name)
    assert here == recorded


#: What a change says of an object: its type, whether it ends, finalizers, whether it is owned.
Course = tuple[str, bool, tuple[str, ...], bool]


def _courses(events: list[Object], name: str) -> dict[str, list[Course]]:
    """The course of each object of that Job; changes of what is not control plane left out."""
    found: dict[str, list[Course]] = {}
    for event in events:
        kind, metadata = event["object"].get("kind", ""), event["object"]["metadata"]
        if metadata["name"].split("-")[0] != name:
            continue
        label = f"{kind} {name if kind == 'Pod' else metadata['name']}"
        dying, owned_by = "deletionTimestamp" in metadata, bool(metadata.get("ownerReferences"))
        step = (event["type"], dying, tuple(metadata.get("finalizers", ())), owned_by)
        course = found.setdefault(label, [])
        if not course or course[-1] != step:
            course.append(step)
    return found


HELD = "example.org/hold"


async def the_owners(replay: Replay) -> None:
    """Exchanges 6 to 12: what has an owner stays, and what has a kind that nobody knows."""
    owner = job("owner", suspend=True)
    owner["metadata"]["finalizers"] = [HELD]
    made = await make(replay, KINDS[0], owner)
    replay.ours["e48522d2-a70e-4cbf-846d-b6703b85f3ff"] = made["metadata"]["uid"]
    since = await replay.version(KINDS[2])
    for index in range(6, 12):
        await replay.play(index)
    await replay.follow(KINDS[2], since, lambda events: _gone(events) >= GONE)
    _, _, left = await replay.call("GET", KINDS[2], query={"labelSelector": "x=y"})
    names = [item["metadata"]["name"] for item in left["items"]]
    assert names == replay.exchanges[12]["response"]["body"]["items"]
    replay.done.add(12)


GONE = {"bad-uid", "bad-name", "trainjob"}


def _gone(events: list[Object]) -> set[str]:
    return {e["object"]["metadata"]["name"] for e in events if e["type"] == "DELETED"}
