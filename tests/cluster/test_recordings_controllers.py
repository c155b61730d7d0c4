"""The fake's controllers and machines move as the recorded ones did.

Each recorded exchange is played, or stands in a table with the reason why it is not; a test
fails for one that is neither. Times, uids and random suffixes are made equal first; a Job's
``ready`` is left out, which depends on how fast pods start, and how many of several pods
still end when it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.following import Following
from tests.cluster.nodes import Machine
from tests.cluster.storage import Change
from tests.cluster.work import Timing

Object = dict[str, Any]
RECORDINGS = Path(__file__).parent / "recordings"
SUFFIX = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b")
FAST = Timing(own=0.02)
#: The pause before a pod is replaced is longer than the pod's grace period, as it was.
PATIENT = Timing(own=0.15)
JOB = "jobs.batch"


def recorded(topic: str) -> list[Object]:
    found = json.loads((RECORDINGS / f"{topic}.json").read_text("utf-8"))
    exchanges: list[Object] = found.get("exchanges") or found["cases"]
    return exchanges


def short(text: str) -> str:
    return SUFFIX.sub("-*", text)


# -- Jobs -----------------------------------------------------------------------------------


def job_states(changes: list[Object]) -> list[Object]:
    """The statuses of a Job that differ in more than times and ``ready``."""
    found: list[Object] = []
    for change in changes:
        obj = change["object"]
        status = dict(obj.get("status") or {})
        uncounted = status.pop("uncountedTerminatedPods", None) or {}
        conditions = [
            (c["type"], c["status"], c["reason"], short(c["message"]))
            for c in status.pop("conditions", [])
        ]
        dates = {key for key in status if key.endswith("Time")}
        rest = {k: v for k, v in status.items() if k not in dates and k != "ready"}
        state = {
            "suspend": obj["spec"].get("suspend", False),
            "dates": sorted(dates),
            "conditions": conditions,
            "uncounted": {key: len(uids) for key, uids in uncounted.items()},
            **rest,
            "terminating": bool(rest.get("terminating")),
        }
        if change["type"] != "DELETED" and (not found or found[-1] != state):
            found.append(state)
    return found


def pod_states(changes: list[Object]) -> list[list[tuple[Any, ...]]]:
    """The states of each pod, in the order in which the pods came."""
    pods: dict[str, list[tuple[Any, ...]]] = {}
    for change in changes:
        obj = change["object"]
        metadata, status = obj["metadata"], obj.get("status", {})
        reasons = [(c["type"], c["reason"]) for c in status.get("conditions", [])
                   if c["type"] == "DisruptionTarget"]  # fmt: skip
        exits = [code for code in status.get("exit", []) if code is not None]
        state = (
            change["type"] == "DELETED",
            metadata.get("deletionGracePeriodSeconds"),
            bool(metadata.get("finalizers")),
            status["phase"],
            exits,
            reasons,
        )
        states = pods.setdefault(metadata["name"], [])
        if not states or states[-1] != state:
            states.append(state)
    return [pods[name] for name in sorted(pods, key=short)]


def events(changes: list[Object], kind: str) -> list[tuple[str, str, str]]:
    """Every event about that kind."""
    found = {
        (o["type"], o["reason"], short(o["message"]))
        for change in changes
        if (o := change["object"])["involvedObject"]["kind"] == kind
    }
    return sorted(found)


def of_kind(changes: list[Object], kind: str) -> list[Object]:
    return [change for change in changes if change["object"]["kind"] == kind]


def ours(seen: list[tuple[str, Change]], namespace: str) -> list[Object]:
    """Our changes in the form of the recording."""
    kinds = {JOB: "Job", "pods": "Pod", "events": "Event"}
    found = []
    for resource, change in seen:
        if resource not in kinds or change.record.key[0] != namespace:
            continue
        obj = {**change.record.copy(), "kind": kinds[resource]}
        if resource == "pods":
            states = obj["status"].get("containerStatuses", [])
            obj["status"]["exit"] = [
                s["state"].get("terminated", {}).get("exitCode") for s in states
            ]
        found.append({"type": change.type, "object": obj})
    return found


def is_running(pod: Object, _: str) -> bool:
    return bool(pod["status"]["phase"] == "Running") and "deletionTimestamp" not in pod["metadata"]


def is_over(job: Object, _: str) -> bool:
    conditions = job.get("status", {}).get("conditions", [])
    return any(c["type"] in {"Complete", "Failed"} for c in conditions)


def suspend(seen: Following, name: str, value: bool) -> None:
    inside = seen.cluster.inside
    seen.cluster.call(inside.patch, JOB, "conds", name, {"spec": {"suspend": value}})


def evict(seen: Following, name: str) -> None:
    pod = seen.until("pods", name, is_running)["metadata"]["name"]
    seen.post(
        f"/api/v1/namespaces/conds/pods/{pod}/eviction", {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod},
    })  # fmt: skip


def delete_by_hand(seen: Following, name: str) -> None:
    pod = seen.until("pods", name, is_running)["metadata"]["name"]
    seen.cluster.call(seen.cluster.inside.delete, "pods", "conds", pod)


def stop_and_go(seen: Following, name: str) -> None:
    seen.until(JOB, name, lambda job, _: bool(job["status"].get("conditions")))
    suspend(seen, name, False)
    interrupt(seen, name)


def interrupt(seen: Following, name: str) -> None:
    seen.until("pods", name, is_running)
    suspend(seen, name, True)
    seen.gone("pods", name)
    seen.until(JOB, name, lambda job, _: job["status"].get("terminating") == 0)
    suspend(seen, name, False)


#: What somebody did while the Job ran.
DEEDS: dict[int, Callable[[Following, str], None]] = {
    5: evict,
    6: evict,
    11: stop_and_go,
    12: interrupt,
    13: delete_by_hand,
    14: delete_by_hand,
}
#: No machine: the pod stays Pending.
NO_MACHINE = {19}
#: Jobs that never end.
ENDLESS = {16, 18}


CONDITIONS = recorded("job-conditions")


@pytest.mark.parametrize("number", range(len(CONDITIONS)), ids=lambda n: CONDITIONS[n]["note"][:60])
def test_a_job_ends_waits_or_is_suspended_as_recorded(number: int) -> None:
    exchange = CONDITIONS[number]
    body = exchange["request"]["body"]
    name = body["metadata"]["name"]
    if number == 11:  # it was suspended 0.6 s after its start; here that is at once
        body["spec"]["template"]["spec"]["containers"][0]["command"][2] = "sleep 0.4"
    timing = PATIENT if number == 14 else FAST
    machines = () if number in NO_MACHINE else (Machine("node-0"),)
    with Cluster(namespaces=("default", "conds"), machines=machines, timing=timing) as cluster:
        seen = Following(cluster)
        seen.post(exchange["request"]["path"], body)
        DEEDS.get(number, lambda *_: None)(seen, name)
        if number not in ENDLESS:
            seen.until(JOB, name, is_over)
            seen.until(
                "events", name, lambda e, _: "completed" in e["message"] or e["type"] == "Warning"
            )
        if number == 18:
            seen.until(JOB, name, lambda job, _: "startTime" in job["status"])
        if exchange["note"].startswith("ttl"):
            seen.gone(JOB, name)
        here = ours(seen.seen, "conds")
    there = exchange["watched"]
    assert job_states(of_kind(here, "Job")) == job_states(of_kind(there, "Job"))
    assert pod_states(of_kind(here, "Pod")) == pod_states(of_kind(there, "Pod"))
    assert events(of_kind(here, "Event"), "Job") == events(of_kind(there, "Event"), "Job")
