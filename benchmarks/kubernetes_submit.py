"""From POST to the Job that the API server has, beside the same objects posted straight."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.figures import Figure
from benchmarks.kubernetes_place import Object, Place, place
from tests.kubernetes.crowd import NAMESPACE

CREATED = "POST to the Job at the API server (floor: posting the Job)"
LET_GO = "POST to the Job let go, with all it owns (floor: posting all of it)"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
OURS = {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"}


def measure(rounds: int) -> Iterator[Figure]:
    ours, floor = [], []
    with place() as here:
        for n in range(rounds):
            ours.append(submitted(here))
            floor.append(posted(here, n))
    for at, what in enumerate((CREATED, LET_GO)):
        middle = [statistics.median(one[at] for one in side) for side in (ours, floor)]
        yield Figure(what=what, unit="ms", ours=middle[0], floor=middle[1])


def submitted(here: Place) -> tuple[float, float]:
    """Milliseconds from the request until each moment, through our server."""
    begin = time.monotonic_ns()
    job = here.submit()
    created = here.written("jobs.batch", lambda _: True)
    let_go = here.written("jobs.batch", lambda found: not found["spec"]["suspend"])
    pod = here.written("pods", lambda pod: pod["status"].get("phase") == "Running")
    here.end(job, pod.object["metadata"]["name"])
    return (created.time - begin) / 1e6, (let_go.time - begin) / 1e6


def posted(here: Place, n: int) -> tuple[float, float]:
    """The same for the objects of the job before, under other names, by a bare client."""
    inside = here.cluster.inside
    top = here.cluster.call(inside.list, "jobs.batch", NAMESPACE)[-1]
    maps = here.cluster.call(inside.list, "configmaps", NAMESPACE)
    uid = top["metadata"]["uid"]
    maps = [found for found in maps if uid in json.dumps(found["metadata"])]
    renamed = bare(top, n)
    renamed["spec"] |= {"suspend": True}
    renamed["spec"].pop("selector", None)
    here.forget()
    connection = http.client.HTTPConnection("127.0.0.1", here.cluster.port)
    begin = time.monotonic_ns()
    made = send(connection, "POST", JOBS, renamed)
    for found in maps:
        owned = bare(found, n)
        owned["metadata"]["ownerReferences"][0]["uid"] = made["metadata"]["uid"]
        send(connection, "POST", MAPS, owned)
    path = f"{JOBS}/{made['metadata']['name']}"
    send(connection, "PATCH", path, {"spec": {"suspend": False}})
    connection.close()
    created = here.written("jobs.batch", lambda _: True)
    let_go = here.written("jobs.batch", lambda found: not found["spec"]["suspend"])
    here.cluster.call(inside.delete, "jobs.batch", NAMESPACE, made["metadata"]["name"])
    return (created.time - begin) / 1e6, (let_go.time - begin) / 1e6


def bare(found: Object, n: int) -> Object:
    """The object as it was posted, under another name, of no server's site."""
    about = {key: value for key, value in found["metadata"].items() if key not in OURS}
    about |= {"name": f"floor-{n}-{about['name']}"[:60], "labels": {}}
    kept = {key: value for key, value in found.items() if key != "status"}
    fresh: Object = json.loads(json.dumps({**kept, "metadata": about}))
    fresh.get("spec", {}).get("template", {}).pop("metadata", None)
    return fresh


def send(connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> Object:
    """One request as the administrator, strictly validated like ours."""
    kind = "application/json" if method == "POST" else "application/merge-patch+json"
    headers = {"Authorization": "Bearer admin-token", "Content-Type": kind}
    connection.request(method, f"{path}?fieldValidation=Strict", json.dumps(body), headers)
    answer = connection.getresponse()
    told: Object = json.loads(answer.read())
    if answer.status >= 400:
        raise RuntimeError(told["message"])
    return told
