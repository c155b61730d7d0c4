"""The fake's scheduler and machines say what the recorded ones said.

Every exchange of a recording is played, or stands in a table with the reason why it is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.following import Following
from tests.cluster.hands import Hands
from tests.cluster.images import Image
from tests.cluster.nodes import Machine
from tests.cluster.replaying import differences, steady
from tests.cluster.work import Timing

Object = dict[str, Any]
RECORDINGS = Path(__file__).parent / "recordings"
FAST = Timing(own=0.02)


def recorded(topic: str) -> list[Object]:
    found: list[Object] = json.loads((RECORDINGS / f"{topic}.json").read_text("utf-8"))["exchanges"]
    return found


# -- the scheduler --------------------------------------------------------------------------

SCHEDULING = recorded("scheduling")
GPU_TAINT = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
MACHINES = (
    Machine("node-0", cpu="16", memory="24Gi", pods=100),
    Machine("node-1", cpu="8", memory="16Gi", gpus=4, labels={"accelerator": "a100"}, pods=100),
    Machine("node-2", cpu="8", memory="16Gi", gpus=4, labels={"accelerator": "h100"}, pods=100),
    Machine("node-3", cpu="4", memory="8Gi", pods=100),
)
#: Pods that stay for those that come after them; the others are deleted at once.
STAY = {"full1", "full2", "wait", "victim", "preemptor", "port1", "anti1"}
#: Pods that go before an exchange.
GO = {14: ["full1"], 15: ["wait"], 17: ["full1"], 25: ["preemptor"]}
NOT_SCHEDULED = {
    14: "no request: a pod goes, and the one that waits is bound",
    19: "the victim's own watch: see test_a_victim_is_marked_before_it_is_deleted",
    20: "as 19",
    24: "an event of the volume controller, which the fake has not",
    35: "as 34, read again",
    36: "events.k8s.io is not served",
    37: "the node's object: see test_a_node_is_shown_as_recorded",
}


class Schedule:
    """One cluster in which the recorded pods come and go."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.seen = cluster, Following(cluster)

    def before(self, number: int) -> None:
        for name in GO.get(number, ()):
            self._delete(name)
        if number == 8:
            self._nodes(["node-1", "node-2"], {"taints": GPU_TAINT})
        elif number == 10:
            self._nodes(["node-1"], {"unschedulable": True})
        elif number == 11:
            self._nodes(["node-1"], {"unschedulable": None})
        elif number == 23:
            claim = {"metadata": {"name": "unbound"}, "spec": {"accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
            self.cluster.call(self.cluster.inside.create, "persistentvolumeclaims", "sched", claim)
        elif number == 33:
            self._nodes([machine.name for machine in MACHINES], {"unschedulable": True})
        elif number == 34:
            plain = {"unschedulable": None, "taints": None}
            self._nodes([machine.name for machine in MACHINES], plain)

    def _nodes(self, names: list[str], spec: Object) -> None:
        for name in names:
            self.cluster.call(self.cluster.inside.patch, "nodes", "", name, {"spec": spec})

    def _delete(self, name: str) -> None:
        self.cluster.call(self.cluster.inside.delete, "pods", "sched", name)
        self.seen.gone("pods", name)

    def play(self, exchange: Object) -> None:
        body = exchange["request"]["body"]
        name = body["metadata"]["name"]
        start = len(self.seen.seen)
        self.seen.post(exchange["request"]["path"], body)
        wanted = exchange["pod"]
        if exchange["events"]:
            self.seen.until("events", name, lambda e, _: e["source"] == {})
        elif "conditions" in wanted["status"]:
            self.seen.until("pods", name, lambda pod, _: bool(pod["status"].get("conditions")))
        states = [c.record.object for r, c in self.seen.seen[start:] if r == "pods"]
        mine = [pod for pod in states if pod["metadata"]["name"] == name]
        self._compare(mine, wanted)
        texts = [e["message"] for e in exchange["events"]][:1]
        assert [_any_node(text) for text in self._events(start, name)][:1] == [
            _any_node(t) for t in texts
        ]
        if name not in STAY:
            self._delete(name)

    def _compare(self, states: list[Object], wanted: Object) -> None:
        """The first thing that was said of the pod's place."""
        told = next((pod for pod in states if pod["status"].get("conditions")), states[0])
        conditions = told["status"].get("conditions", [])
        placed = [c for c in conditions if c["type"] == "PodScheduled"]
        there = wanted["status"].get("conditions", [])
        assert steady(placed) == steady([c for c in there if c["type"] == "PodScheduled"])
        assert bool(told["spec"].get("nodeName")) == bool(wanted["nodeName"])
        assert told["status"].get("nominatedNodeName") == wanted["status"].get("nominatedNodeName")

    def _events(self, start: int, name: str) -> list[str]:
        every = [c.record.object for r, c in self.seen.seen[start:] if r == "events"]
        made = [event for event in every if event["involvedObject"]["name"] == name]
        return [e["message"] for e in made if e["reason"] in {"Scheduled", "FailedScheduling"}]


def _any_node(text: str) -> str:
    return re.sub(r"to node-\d", "to a node", text)


def test_a_pod_waits_or_is_bound_as_recorded() -> None:
    images = {"i": Image(hollow=True)}
    spaces = ("default", "sched")
    with Cluster(namespaces=spaces, machines=MACHINES, timing=FAST, images=images) as cluster:
        schedule = Schedule(cluster)
        for name, value in (("low", -10), ("high", 1000)):
            made = {"metadata": {"name": name}, "value": value}
            kind = "priorityclasses.scheduling.k8s.io"
            cluster.call(cluster.inside.create, kind, "", made)
        for number, exchange in enumerate(SCHEDULING):
            schedule.before(number)
            if number == 16:
                request = exchange["request"]
                status, said = schedule.seen.send("POST", request["path"], request["body"])
                assert status == exchange["response"]["status"]
                assert not differences(exchange["response"]["body"], json.loads(said))
            elif number == 14:
                bound = schedule.seen.until("pods", "wait", lambda p, _: "nodeName" in p["spec"])
                assert bound["spec"]["nodeName"] == "node-1"
            elif number not in NOT_SCHEDULED:
                schedule.play(exchange)


def test_a_node_is_shown_as_recorded() -> None:
    with Cluster(namespaces=("default", "sched"), machines=MACHINES) as cluster:
        here = Following(cluster).get("/api/v1/nodes/node-1")
    there = SCHEDULING[37]["response"]["body"]
    there["metadata"].pop("resourceVersion", None)
    for node in (here, there):
        for condition in node["status"]["conditions"]:
            condition["lastHeartbeatTime"] = condition["lastTransitionTime"] = ""
    assert not differences(steady(there), steady(here))


def test_a_victim_is_marked_before_it_is_deleted() -> None:
    images = {"i": Image(hollow=True)}
    spaces = ("default", "sched")
    with Cluster(namespaces=spaces, machines=MACHINES[1:2], timing=FAST, images=images) as cluster:
        seen = Following(cluster)
        for name, priority in (("victim", 0), ("preemptor", 10)):
            container = {"name": "m", "image": "i", "resources": {"limits": {"nvidia.com/gpu": 4}}}
            spec = {"priority": priority, "containers": [container]}
            body = {"metadata": {"name": name}, "spec": spec}
            cluster.call(cluster.inside.create, "pods", "sched", body)
            seen.until("pods", name, lambda p, _: p["status"]["phase"] == "Running")
        states = [c.record.object for r, c in seen.seen if r == "pods"]
        marked = [p for p in states if _disruption(p) and p["metadata"]["name"] == "victim"]
        assert "deletionTimestamp" not in marked[0]["metadata"]
        last = SCHEDULING[19]["response"]["stream"][-1]["event"]["object"]
        assert _disruption(marked[-1]) == _disruption(last)


def _disruption(pod: Object) -> Object | None:
    for condition in pod["status"].get("conditions", []):
        if condition["type"] == "DisruptionTarget":
            return {key: condition[key] for key in ("status", "reason", "message")}
    return None


# -- containers -----------------------------------------------------------------------------

STATES = recorded("container-states")
#: When the recorded state is reached.
PHASES = {"Failed", "Succeeded"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(namespaces=("default", "cont"), timing=Timing(own=0.05)) as found:
        config = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}}
        if found.call(found.inside.get, "configmaps", "cont", "kube-root-ca.crt") is None:
            found.call(found.inside.create, "configmaps", "cont", config)
        yield found


@pytest.mark.parametrize("number", range(len(STATES)), ids=lambda n: STATES[n]["note"][:50])
def test_a_container_fails_or_ends_as_recorded(cluster: Cluster, number: int) -> None:
    exchange, seen = STATES[number], Following(cluster)
    name = f"pod-{number}"
    spec = json.loads(json.dumps(exchange["spec"]).replace("/usr/bin/python3", "python3"))
    seen.post("/api/v1/namespaces/cont/pods", {"metadata": {"name": name}, "spec": spec})
    wanted = exchange["status"]

    def reached(pod: Object, _: str) -> bool:
        return not _status_differences(pod["status"], wanted, name)

    try:
        found = seen.until("pods", name, reached)
    finally:
        last = cluster.call(cluster.inside.get, "pods", "cont", name)
        print(_status_differences(last["status"], wanted, name))
    texts = {_said(event, name) for event in exchange["events"]}
    for text in texts:
        seen.until("events", name, lambda event, _, text=text: _said(event, name) == text)
    cluster.call(cluster.inside.delete, "pods", "cont", found["metadata"]["name"])


def _status_differences(here: Object, there: Object, name: str) -> list[str]:
    return differences(_plain(there, name), _plain(here, name))


def _plain(status: Object, name: str) -> Any:
    """Without identities, the pod's name and how a long message was shortened."""
    text = json.dumps(steady(status))
    text = re.sub(r"test://[0-9a-f]{64}", "test://<id>", text)
    text = re.sub(r"m{50,}(\\u2026 \(4096 characters\))?", "m…", text)
    text = re.sub(r'(pod: \\"|pod=)\w[\w-]*_cont', r"\1<name>_cont", text)
    text = text.replace(f"{name}_cont", "<name>_cont")
    found = json.loads(text)
    for field in ("hostIP", "hostIPs", "podIP", "podIPs", "observedGeneration", "startTime"):
        found.pop(field, None)
    return found


def _said(event: Object, name: str) -> tuple[str, str, str]:
    text = re.sub(r"[\w-]+_cont\([^)]*\)", "<pod>", event["message"])
    text = re.sub(r"cont/[\w-]+ to node-\d", "<pod> to a node", text)
    return event["type"], event["reason"], text


# -- lost machines --------------------------------------------------------------------------

LOSS = recorded("node-loss")


def test_a_lost_machine_keeps_its_pods_until_its_object_goes() -> None:
    """Exchanges 0 to 5: two Jobs, the log, the pods, and the course of both."""
    machines = (Machine("node-1", labels={"accelerator": "a100"}),)
    with Cluster(
        namespaces=("default", "node"), machines=machines, timing=Timing(own=0.01)
    ) as cluster:
        seen, hands = Following(cluster), Hands(cluster)
        for exchange in LOSS[:2]:
            body = exchange["request"]["body"]
            seen.post(exchange["request"]["path"], body)
            name = body["metadata"]["name"]
            seen.until("pods", name, lambda p, _: p["status"]["phase"] == "Running")
        pod = seen.until("pods", "failjob", lambda *_: True)["metadata"]["name"]
        log = f"/api/v1/namespaces/node/pods/{pod}/log"
        seen.until_log(log, "1")
        follow = seen.follow(f"{log}?follow=true")
        hands.lose("node-1")
        assert follow().startswith(b"1\n")
        status, answer = seen.send("GET", log)
        assert (status, json.loads(answer)["message"].replace(pod, "failjob-klmqf")) == (
            500, LOSS[3]["response"]["body"]["message"])  # fmt: skip
        seen.until("pods", "failjob", lambda p, _: "deletionTimestamp" in p["metadata"])
        stuck = seen.until(
            "jobs.batch", "failjob", lambda j, _: j["status"].get("terminating") == 1
        )
        assert not stuck["status"].get("conditions")
        assert LOSS[4]["response"]["body"]["items"][0]["status"]["phase"] == "Running"
        assert cluster.call(cluster.inside.get, "pods", "node", pod)["status"]["phase"] == "Running"
        cluster.call(cluster.inside.delete, "nodes", "", "node-1")
        seen.gone("pods", "failjob")
        job = seen.until("jobs.batch", "failjob", _has_failed)
    last = [
        w["object"]
        for w in LOSS[5]["watched"]
        if w["object"].get("metadata", {}).get("name") == "failjob"
    ]
    there = last[-1]["status"]["conditions"]
    assert _texts(job["status"]["conditions"], pod) == _texts(there, "failjob-klmqf")
    reasons = {w["object"]["reason"] for w in LOSS[5]["watched"] if w["object"]["kind"] == "Event"}
    made = {c.record.object["reason"] for r, c in seen.seen if r == "events"}
    assert reasons <= made


def _has_failed(job: Object, _: str) -> bool:
    return any(c["type"] == "Failed" for c in job["status"].get("conditions", []))


def _texts(conditions: list[Object], pod: str) -> list[tuple[str, str, str]]:
    return [(c["type"], c["reason"], c["message"].replace(pod, "<pod>")) for c in conditions]
