"""What the recordings do not reach of the fake's policy, said as a specification.

Rights, tokens, namespaces, quotas and the garbage collector, over HTTP; amounts and
impersonation by themselves. Mutants that were tried are named where they were caught.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from .calls import User
from .cluster import Cluster
from .grants import token_in
from .impersonation import Impersonation, NotGranted
from .podsecurity import violations
from .quantities import Quantity
from .rbac import Attributes, covers
from .replaying import Object, Replay

CONFIGMAPS = "/api/v1/namespaces/team-a/configmaps"
JOBS = "/apis/batch/v1/namespaces/team-a/jobs"
PODS = "/api/v1/namespaces/team-a/pods"


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[Cluster, Replay]]:
    async with Cluster(**options) as cluster:
        tokens = {"admin": token_in(cluster.kubeconfig), "anon": ""}
        async with Replay("rbac", cluster.url, tokens) as client:
            await client.until("/api/v1/namespaces/team-a/serviceaccounts", bool)
            yield cluster, client


async def make(client: Replay, path: str, body: Object, status: int = 201) -> Object:
    code, _, answer = await client.call("POST", path, body)
    assert code == status, answer
    return dict(answer)


def suspended(name: str, **metadata: Any) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i"}]}
    spec = {"suspend": True, "template": {"spec": pod}}
    return {"metadata": {"name": name, **metadata}, "spec": spec}


def owned(name: str, *owners: Object, block: bool = False) -> Object:
    references = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": block,
        }
        for owner in owners
    ]
    return {"metadata": {"name": name, "ownerReferences": references}}


# -- the garbage collector ------------------------------------------------------------------


async def test_what_has_a_second_owner_stays_without_the_first() -> None:
    """Caught: a collector that deletes as soon as one owner is gone."""
    async with serving() as (_, client):
        first, second = [await make(client, JOBS, suspended(name)) for name in ("one", "two")]
        await make(client, CONFIGMAPS, owned("shared", first, second))
        since = await client.version(CONFIGMAPS)
        await client.call("DELETE", f"{JOBS}/one", query={"propagationPolicy": "Background"})
        events = await client.follow(CONFIGMAPS, since, bool)
    left = events[0]["object"]["metadata"]["ownerReferences"]
    assert [events[0]["type"], [owner["name"] for owner in left]] == ["MODIFIED", ["two"]]


async def test_a_foreground_deletion_waits_for_what_blocks_it() -> None:
    """Caught: a collector that removes the finalizer before the dependents are gone."""
    async with serving() as (_, client):
        owner = await make(client, JOBS, suspended("owner"))
        held = owned("held", owner, block=True)
        held["metadata"]["finalizers"] = ["example.org/hold"]
        await make(client, CONFIGMAPS, held)
        versions = [await client.version(path) for path in (CONFIGMAPS, JOBS)]
        await client.call("DELETE", f"{JOBS}/owner", query={"propagationPolicy": "Foreground"})
        await client.follow(CONFIGMAPS, versions[0], bool)  # it is asked to go
        status, _, job = await client.call("GET", f"{JOBS}/owner")
        assert (status, job["metadata"]["finalizers"]) == (200, ["foregroundDeletion"])
        await release(client, f"{CONFIGMAPS}/held")
        await client.follow(JOBS, versions[1], lambda events: events[-1]["type"] == "DELETED")


async def release(client: Replay, path: str) -> None:
    patch = {"metadata": {"finalizers": None}}
    headers = {"Content-Type": "application/merge-patch+json"}
    status, _, answer = await client.call("PATCH", path, patch, headers=headers)
    assert status == 200, answer


async def test_nothing_of_a_job_is_left_when_it_goes_with_a_chain_of_owners() -> None:
    async with serving() as (_, client):
        top = await make(client, JOBS, suspended("top"))
        middle = await make(client, JOBS, {**suspended("middle"), **owned("middle", top)})
        await make(client, CONFIGMAPS, owned("leaf", middle))
        since = await client.version(CONFIGMAPS)
        await client.call("DELETE", f"{JOBS}/top", query={"propagationPolicy": "Background"})
        events = await client.follow(CONFIGMAPS, since, bool)
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in events] == [("DELETED", "leaf")]


async def test_a_namespace_takes_its_content_along_and_takes_nothing_new_meanwhile() -> None:
    async with serving() as (_, client):
        held = {"metadata": {"name": "held", "finalizers": ["example.org/hold"]}}
        await make(client, CONFIGMAPS, held)
        since = await client.version("/api/v1/namespaces")
        status, _, space = await client.call("DELETE", "/api/v1/namespaces/team-a")
        assert (status, space["status"]["phase"]) == (200, "Terminating")
        refused = await make(client, CONFIGMAPS, {"metadata": {"name": "new"}}, 403)
        assert refused["details"]["causes"][0]["reason"] == "NamespaceTerminating"
        await release(client, f"{CONFIGMAPS}/held")
        gone = await client.follow(
            "/api/v1/namespaces", since, lambda events: events[-1]["type"] == "DELETED"
        )
        assert gone[-1]["object"]["metadata"]["name"] == "team-a"
        _, _, rest = await client.call("GET", CONFIGMAPS)
        assert rest["items"] == []


# -- quotas ---------------------------------------------------------------------------------


async def test_a_quota_has_room_again_when_something_goes() -> None:
    """Caught: a quota that only counts what comes."""
    async with serving() as (_, client):
        quotas = "/api/v1/namespaces/team-a/resourcequotas"
        quota = {"metadata": {"name": "q"}, "spec": {"hard": {"count/jobs.batch": "1"}}}
        await make(client, quotas, quota)
        await client.until(quotas, lambda found: used(found, "0"))
        await make(client, JOBS, suspended("one"))
        await make(client, JOBS, suspended("two"), 403)
        await client.call("DELETE", f"{JOBS}/one", query={"propagationPolicy": "Background"})
        await client.until(quotas, lambda found: used(found, "0"))
        await make(client, JOBS, suspended("two"))


def used(quotas: dict[str, Object], amount: str) -> bool:
    """Whether the last state says so."""
    status = quotas["q"].get("status") or {} if "q" in quotas else {}
    return bool(status.get("used", {}).get("count/jobs.batch") == amount)


async def test_a_dry_run_is_refused_like_the_real_thing_and_counts_nothing() -> None:
    async with serving() as (_, client):
        quotas = "/api/v1/namespaces/team-a/resourcequotas"
        quota = {"metadata": {"name": "q"}, "spec": {"hard": {"count/jobs.batch": "1"}}}
        await make(client, quotas, quota)
        await client.until(quotas, lambda found: used(found, "0"))
        for name in ("one", "two"):
            status, _, _ = await client.call("POST", JOBS, suspended(name), query={"dryRun": "All"})
            assert status == 201
        await make(client, JOBS, suspended("one"))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("0.5", "500m"), ("1024Mi", "1Gi"), ("1536Mi", "1536Mi"), ("1000", "1k"), ("1500m", "1500m"),
     ("2000m", "2"), ("0", "0"), (".5Gi", "512Mi"), ("100", "100"), ("1.5Gi", "1536Mi")],
)  # fmt: skip
def test_amounts_are_written_as_the_api_server_keeps_them(text: str, canonical: str) -> None:
    assert str(Quantity.of(text)) == canonical


@pytest.mark.parametrize("text", ["", "x", "1Q", "1 Gi", "Gi"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        Quantity.of(text)


# -- access ---------------------------------------------------------------------------------


async def test_a_token_dies_with_its_account() -> None:
    """Caught: tokens that are looked up by name alone (a new account of the same name)."""
    async with serving() as (cluster, client):
        client.tokens["run"] = token_in(await cluster.grant("run", "team-a", []))
        accounts = "/api/v1/namespaces/team-a/serviceaccounts"
        assert (await client.call("GET", JOBS, who="run"))[0] == 403
        await client.call("DELETE", f"{accounts}/run")
        assert (await client.call("GET", JOBS, who="run"))[0] == 401
        await make(client, accounts, {"metadata": {"name": "run"}})
        assert (await client.call("GET", JOBS, who="run"))[0] == 401


async def test_no_credentials_are_a_401_where_anonymous_access_is_off() -> None:
    async with serving(anonymous=False) as (_, client):
        status, _, body = await client.call("GET", "/version", who="anon")
        assert (status, body["reason"]) == (401, "Unauthorized")


async def test_a_role_with_names_gives_those_names_and_no_list() -> None:
    rule = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"],
            "resourceNames": ["mine"]}  # fmt: skip
    async with serving() as (cluster, client):
        client.tokens["run"] = token_in(await cluster.grant("run", "team-a", [rule]))
        for name in ("mine", "other"):
            await make(client, CONFIGMAPS, {"metadata": {"name": name}})
        asked = [f"{CONFIGMAPS}/mine", f"{CONFIGMAPS}/other", CONFIGMAPS]
        answers = [(await client.call("GET", path, who="run"))[0] for path in asked]
        chosen = {"fieldSelector": "metadata.name=mine"}
        answers.append((await client.call("GET", CONFIGMAPS, who="run", query=chosen))[0])
    assert answers == [200, 403, 403, 200]


@pytest.mark.parametrize(
    ("resources", "asked", "allowed"),
    [(["pods"], "log", False), (["pods/log"], "log", True), (["*"], "log", True),
     (["*/log"], "log", True), (["*/log"], "", False), (["pods/log"], "", False)],
)  # fmt: skip
def test_a_subresource_is_a_right_of_its_own(
    resources: list[str], asked: str, allowed: bool
) -> None:
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": resources}
    assert covers(rule, Attributes("get", "pods", subresource=asked)) == allowed


async def test_a_pod_gets_the_token_of_its_account_unless_it_wants_none() -> None:
    async with serving(without=("kubelet", "podlog", "disruptions")) as (_, client):
        for name, wanted in (("with", None), ("without", False)):
            spec: Object = {"containers": [{"name": "main", "image": "i"}]}
            if wanted is not None:
                spec["automountServiceAccountToken"] = wanted
            pod = await make(client, PODS, {"metadata": {"name": name}, "spec": spec})
            assert pod["spec"]["serviceAccountName"] == "default"
            assert bool(pod["spec"].get("volumes")) == (wanted is None)
        lost = {"serviceAccountName": "nobody", "containers": [{"name": "main", "image": "i"}]}
        refused = await make(client, PODS, {"metadata": {"name": "p"}, "spec": lost}, 403)
    assert 'serviceaccount "nobody" not found' in refused["message"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


LIST = Attributes("list", "pods", namespace="team-a")
ALICE = User("alice", ("team-a",))
NEW = "authentication.k8s.io"


@pytest.mark.parametrize(("verb", "later"), [("impersonate", 0.0), ("impersonate:user-info", 9.9)])
def test_a_withdrawn_right_bites_at_once_or_after_ten_seconds(verb: str, later: float) -> None:
    """Exchanges 19 and 20 of impersonation-and-exec: the constrained verbs are remembered."""
    held, clock = {verb, "impersonate-on:user-info:list"}, Clock()
    impersonation = Impersonation(lambda _, asked: asked.verb in held, clock)
    become = lambda: impersonation.become(User("hub"), ALICE, LIST)  # noqa: E731
    assert become().groups == ("team-a", "system:authenticated")
    held.clear()
    if later:
        clock.now = later
        assert become().name == "alice"
        clock.now = 10.1
    with pytest.raises(NotGranted):
        become()


# -- pod security ---------------------------------------------------------------------------

GOOD: Object = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "main",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}


def test_a_restricted_pod_breaks_nothing() -> None:
    assert violations(GOOD, "restricted") == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hostPID": True}, "host namespaces (hostPID=true)"),
        (
            {"volumes": [{"name": "v", "nfs": {}}]},
            'restricted volume types (volume "v" uses restricted volume type "nfs")',
        ),
        (
            {"initContainers": [{"name": "a"}]},
            'allowPrivilegeEscalation != false (container "a" must set'
            " securityContext.allowPrivilegeEscalation=false), unrestricted capabilities"
            ' (container "a" must set securityContext.capabilities.drop=["ALL"])',
        ),
    ],
)
def test_what_breaks_the_restricted_level_is_said(change: Object, said: str) -> None:
    assert violations({**GOOD, **change}, "restricted") == said
