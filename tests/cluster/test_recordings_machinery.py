"""The fake's machinery answers as a real API server did: seven recordings, replayed.

Every exchange is either played or left out by its note with a reason; a test fails where one
is neither. The fake's version counter is set to the recording's, so that versions, continue
tokens and the texts of 410 must agree to the letter.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import yaml

from .cluster import Cluster
from .custom import read
from .exchanges import Exchanges
from .faults import Answer
from .parts import PARTS
from .replaying import RECORDINGS, Object

#: Who is asked about, but nothing that acts by itself.
CONTROLLERS = set(PARTS) - {"authorizing", "admission"}


@asynccontextmanager
async def recording(topic: str, **options: Any) -> AsyncIterator[tuple[Cluster, Exchanges]]:
    async with Cluster(without=CONTROLLERS, **options) as cluster:
        cluster.kubeconfig_for("runner", groups=("system:masters",))
        tokens = {"admin": "admin-token", "anon": "", "bad": "no-such-token", "runner2": "",
                  "runner": "runner-token"}  # fmt: skip
        async with Exchanges(topic, cluster.url, tokens) as exchanges:
            yield cluster, exchanges


async def at(cluster: Cluster, version: int) -> None:
    """Let the next write have the version after this one."""
    assert cluster.server.storage.revision <= version
    await cluster.acall(setattr, cluster.server.storage, "revision", version)


async def config_map(cluster: Cluster, namespace: str, name: str, **labels: str) -> None:
    metadata: Object = {"name": name, **({"labels": labels} if labels else {})}
    body = {"metadata": metadata, "data": {"k": "v"}}
    await cluster.acall(cluster.inside.create, "configmaps", namespace, body)


LABEL = "submarine-ext/job-id"


async def test_lists_and_watches_page_select_resume_and_end_as_recorded() -> None:
    """Mutant caught: a watch that tells MODIFIED, not DELETED, when a label leaves it."""
    options = {"crds": ["trainjob"], "namespaces": ["default", "lw"], "bookmark_seconds": 6.0}
    async with recording("list-watch", **options) as (cluster, played):
        played.scale = 10.0
        await at(cluster, 378)
        await cluster.acall(cluster.server.storage.forget)
        await config_map(cluster, "lw", "kube-root-ca.crt")
        await at(cluster, 1138)
        for number in range(5):
            await config_map(cluster, "lw", f"c{number}", **{LABEL: "ba"[number % 2]})
        for index in [*range(20), *range(22, 34)]:
            await played.play_raw(index)
        await asyncio.gather(played.play_stream(34), _moves(cluster))
        for index in (35, 36, 37, 38, 39, 41, 42, 43, 44, 45, 47):
            await played.play_stream(index)
        for index in (40, 48):
            await played.play_raw(index)
        await played.play_stream(46)
        await _compressed(cluster, played)
        played.finish({
            **dict.fromkeys((20, 21), "events.k8s.io is not served: clients here read core/v1"),
            53: "Audit-Id and flow headers: no client here reads them",
        })  # fmt: skip


async def _compressed(cluster: Cluster, played: Exchanges) -> None:
    """A long list is compressed for who takes it, a watch never."""
    body = {"metadata": {"name": "long"}, "data": {"k": "x" * 150_000}}
    await cluster.acall(cluster.inside.create, "configmaps", "lw", body)
    for index in range(49, 53):
        await played.play_raw(index)


async def _moves(cluster: Cluster) -> None:
    """What happened to w1 while the watch was open (or before: a watch resumes from a version)."""
    api = cluster.inside
    new = {"metadata": {"name": "w1", "labels": {LABEL: "a"}}, "data": {"k": "1"}}
    await cluster.acall(api.create, "configmaps", "lw", new)
    changes: list[Object] = [
        {"data": {"k": "2"}},
        {"metadata": {"labels": {LABEL: "z"}}},
        {"metadata": {"labels": {LABEL: "a"}}},
    ]
    for change in changes:
        await cluster.acall(api.patch, "configmaps", "lw", "w1", change)
    await cluster.acall(api.delete, "configmaps", "lw", "w1")


async def test_bookmarks_come_every_minute_and_before_the_end_but_not_for_events() -> None:
    """Ten minutes in two seconds. Mutant caught: bookmarks for who did not ask."""
    options = {"crds": ["trainjob"], "namespaces": ["default", "quiet"], "bookmark_seconds": 0.2}
    async with recording("bookmarks", **options) as (cluster, played):
        played.scale = 300.0
        await at(cluster, 1044)
        await cluster.acall(cluster.server.storage.forget)
        # 6: one bookmark more was recorded, because the real server's first came early.
        left_out = {6: "the same as the others; the real server's jitter made eleven of ten"}
        indexes = [i for i in range(len(played.exchanges)) if i not in left_out]
        await asyncio.gather(*(played.play_stream(index) for index in indexes))
        played.finish(left_out)


async def test_what_is_too_old_is_expired_in_each_of_its_forms() -> None:
    """Mutant caught: a compaction that also ends watches which the cache could serve."""
    options = {"namespaces": ["default", "rs"]}
    async with recording("expired-and-restart", **options) as (cluster, played):
        await at(cluster, 268)
        await config_map(cluster, "rs", "kube-root-ca.crt")
        for number in range(5):
            await config_map(cluster, "rs", f"c{number}")
        await played.play_raw(0)
        for number in range(28):
            await cluster.acall(cluster.inside.patch, "configmaps", "rs", "c0",
                                {"data": {"k": f"{number}"}})  # fmt: skip
            await cluster.acall(cluster.server.storage.advance)
        storage = cluster.server.storage
        await asyncio.to_thread(cluster.compact, caches=False)
        await at(cluster, 352)
        for index in range(1, 4):
            await played.play_raw(index)
        for index in (5, 6):
            await played.play_stream(index)
        await at(cluster, 374)
        await asyncio.to_thread(cluster.compact)
        for index in (11, 12):
            await played.play_stream(index)
        await cluster.acall(setattr, storage, "compacted", 378)
        await at(cluster, 379)
        await cluster.acall(storage.forget)
        played.scale = 30.0
        for index in (17, 18):
            await played.play_stream(index)
        played.finish(LEFT_OUT_OF_EXPIRED)


LEFT_OUT_OF_EXPIRED = {
    4: "values are times; that a cache outlives compaction: test_faults",
    **dict.fromkeys((7, 13), "a stream that hangs, then ends: StallStream, tested in test_faults"),
    **dict.fromkeys((8, 14), "follows of logs: test_recordings_controllers"),
    **dict.fromkeys((9, 10, 15, 16), "connections refused while away: down/up, test_faults"),
}


async def test_too_many_requests_are_refused_as_plain_text_with_a_time_to_wait() -> None:
    async with recording("too-many-requests") as (cluster, played):
        cluster.faults.add(Answer(times=3))
        for index in range(3):
            await played.play_raw(index)
        played.finish({3: "counts of a race between requests: no answer to compare"})


async def test_discovery_tells_groups_versions_and_schemas_as_recorded() -> None:
    """Mutant caught: an ETag that changes although nothing did."""
    crds = ["pytorchjob", "mpijob-v2beta1", "katib", "trainjob", "kueue"]
    async with recording("discovery", crds=crds) as (cluster, played):
        del played.exchanges[14]["response"]["body"]["paths"]["…"]  # the other groups
        played.ours["apiserver:443"] = cluster.url.removeprefix("http://")
        for index in (*range(6), *range(8, 15), *range(17, 20)):
            await played.play_raw(index)
        await _aggregated(played)
        await _openapi(played)
        played.finish({20: "the fake speaks plain HTTP, which is what this refuses"})


async def _aggregated(played: Exchanges) -> None:
    """Not every CRD of the recording is carried here; what is must be the same."""
    body = played.exchanges[6]["response"]["body"]
    carried = {"batch", "jobset.x-k8s.io", "trainer.kubeflow.org"}
    kept = [i for i in body["items"] if isinstance(i, dict) and i["metadata"]["name"] in carried]
    body["items"] = [*kept, "…"]
    await played.play_raw(6)
    asked = played.exchanges[6]["request"]["headers"]
    _, headers, _ = await played.call("GET", "/apis", headers=asked)
    played.exchanges[7]["request"]["headers"]["If-None-Match"] = headers["ETag"]
    await played.play_raw(7)


async def _openapi(played: Exchanges) -> None:
    """Of the schemas the recording has the names only."""
    recorded = played.exchanges[15]["response"].pop("body")["components"]["schemas"]
    body = await played.play_raw(15)
    schemas = body["components"]["schemas"]
    here = {
        name: {"type": "object", "required": s.get("required"), "properties": [*s["properties"]]}
        for name, s in schemas.items()
    }
    assert here == recorded
    job = schemas["org.kubeflow.trainer.v1alpha1.TrainJob"]["properties"]["spec"]
    assert sorted(job["properties"]) == played.exchanges[16]["results"]
    played.done.add(16)


async def test_refusals_of_writes_are_told_apart_as_recorded() -> None:
    """Mutant caught: 409 Conflict where the real server says AlreadyExists."""
    async with recording("errors", namespaces=["default", "err"]) as (cluster, played):
        await _dying(cluster)
        account = {"metadata": {"name": "default"}}
        await cluster.acall(cluster.inside.create, "serviceaccounts", "err", account)
        for index in range(len(played.exchanges)):
            if index in LEFT_OUT_OF_ERRORS:
                continue
            await played.play_raw(index, BODIES.get(index))
            if index == 24:
                await _same_uid(played)
        played.finish(LEFT_OUT_OF_ERRORS)


async def _dying(cluster: Cluster) -> None:
    api = cluster.inside
    await cluster.acall(api.create, "namespaces", "", {
        "metadata": {"name": "dying", "finalizers": ["example.org/wait"]}
    })  # fmt: skip
    await cluster.acall(api.delete, "namespaces", "", "dying")


async def _same_uid(played: Exchanges) -> None:
    """What later exchanges name must be the object that was created here."""
    recorded = played.exchanges[24]["response"]["body"]["metadata"]["uid"]
    _, _, body = await played.call("GET", "/apis/batch/v1/namespaces/err/jobs/dup")
    played.ours[recorded] = body["metadata"]["uid"]


def _config_map(name: str, size: int) -> bytes:
    content = base64.b64encode(b"x" * size).decode()
    return json.dumps({"metadata": {"name": name}, "binaryData": {"a": content}}).encode()


JOB: Object = {"spec": {"template": {"spec": {
    "restartPolicy": "Never", "containers": [{"name": "main", "image": "i"}],
}}}}  # fmt: skip
#: The recording says in words what was sent.
BODIES = {
    44: _config_map("full", 1_048_576),
    45: _config_map("over", 1_048_577),
    46: b"x" * 3_500_000,
    50: json.dumps({
        **JOB, "metadata": {"name": "bigann", "annotations": {"a": "x" * 262_145}}
    }).encode(),
}  # fmt: skip
LEFT_OUT_OF_ERRORS = {
    35: "its message prints Go's own struct; see the test below",
    **dict.fromkeys(range(61, 65), "server-side apply is not served: no client here uses it"),
}


async def test_the_image_of_a_suspended_job_may_not_change() -> None:
    async with recording("errors", namespaces=["default", "err"]) as (_, played):
        await played.play_raw(24)
        recorded, request = played.exchanges[35]["response"], played.exchanges[35]["request"]
        kind = {"Content-Type": "application/merge-patch+json"}
        status, _, body = await played.call("PATCH", request["path"], request["body"], headers=kind)
        assert status == recorded["status"]
        assert body["reason"] == recorded["body"]["reason"]
        causes = [(cause["reason"], cause["field"]) for cause in body["details"]["causes"]]
        assert causes == [("FieldValueInvalid", "spec.template.spec")]


async def test_custom_resources_are_checked_filled_and_refused_as_recorded() -> None:
    """Mutant caught: unknown fields of a custom resource stored instead of pruned."""
    crds = ["trainjob", "kueue", "katib", "v1"]
    async with recording("crds-and-manifests", crds=crds) as (cluster, played):
        await _manifests(played)
        await cluster.acall(cluster.inside.create, TRAIN_JOBS, "team-a", IMMUTABLE)
        other = {27: json.dumps(read("mpijob-v2beta1")).encode()}
        for index in range(len(played.exchanges)):
            if index not in LEFT_OUT_OF_CUSTOM and index not in played.done:
                await played.play_raw(index, other.get(index))
        played.finish(LEFT_OUT_OF_CUSTOM)


async def _manifests(played: Exchanges) -> None:
    """Send the manifests, which the recording names by file and kind, in their order."""
    sent: dict[str, Iterator[Object]] = {}
    for index, exchange in enumerate(played.exchanges):
        manifest = (exchange.get("request") or {}).get("body") == "(the manifest)"
        if not manifest or index in LEFT_OUT_OF_CUSTOM:
            continue
        file, _, kind = exchange["note"].partition(": ")
        documents = sent.setdefault(exchange["note"], _documents(file, kind))
        await played.play_raw(index, json.dumps(next(documents)).encode())


def _documents(file: str, kind: str) -> Iterator[Object]:
    found = yaml.safe_load_all((RECORDINGS / "manifests" / file).read_text())
    return iter([document for document in found if document and document["kind"] == kind])


TRAIN_JOBS = "trainjobs.trainer.kubeflow.org"
#: The suspended TrainJob of the last exchanges.
IMMUTABLE: Object = {
    "metadata": {"name": "imm"},
    "spec": {
        "suspend": True,
        "runtimeRef": {"name": "torch-distributed"},
        "initializer": {"dataset": {"storageUri": "s3://a/b"}},
        "managedBy": "trainer.kubeflow.org/trainjob-controller",
        "activeDeadlineSeconds": 5,
        "trainer": {"numNodes": 2},
    },
}


NOT_OURS = "its CRD is not carried here: the engine does not make this kind"
LEFT_OUT_OF_CUSTOM = {
    0: "statuses of CRDs posted: every test that installs one does it",
    1: "a CRD is served at once here, a second later there",
    28: "a CRD's stored versions are not kept",
    29: "the other MPIJob CRD, after the first was deleted: one of them is enough here",
    **dict.fromkeys((11, 12, 19, 20, 21, 48, 49, 50), NOT_OURS),
}
