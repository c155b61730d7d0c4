"""What the fake's machines do beyond the recordings: real processes, places, names and ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.following import Following
from tests.cluster.hands import Hands
from tests.cluster.images import Image
from tests.cluster.nodes import Machine
from tests.cluster.work import Timing

Object = dict[str, Any]
SPACE = "team-a"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def cluster(shared: Path) -> Iterator[Cluster]:
    machines = (Machine("node-0"), Machine("node-1"))
    options: dict[str, Any] = {"machines": machines, "claims": {"disk": shared}}
    with Cluster(
        timing=Timing(own=0.01), images={"hollow": Image(hollow=True)}, **options
    ) as found:
        yield found


def create(cluster: Cluster, resource: str, obj: Object) -> Object:
    made: Object = cluster.call(cluster.inside.create, resource, SPACE, obj)
    return made


def pod(cluster: Cluster, name: str, script: str, **spec: Any) -> None:
    """A pod of one container; ``container=…`` are fields of that."""
    container = {"name": "m", "image": "python:3.12", "command": ["sh", "-c", script]}
    container |= spec.pop("container", {})
    body = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    create(cluster, "pods", {"metadata": {"name": name}, "spec": {**body, **spec}})


def over(pod: Object, _: str) -> bool:
    return pod["status"]["phase"] in {"Succeeded", "Failed"}


def running(pod: Object, _: str) -> bool:
    return bool(pod["status"]["phase"] == "Running")


def ended(pod: Object) -> Object:
    found: Object = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return found


def log(seen: Following, name: str) -> str:
    return seen.text(f"/api/v1/namespaces/{SPACE}/pods/{name}/log")


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class TestAProcess:
    def test_takes_everything_it_began_with_it(self, cluster: Cluster) -> None:
        """A child in a session of its own that ignores SIGTERM ends with the container.

        Mutant: ``kill_all`` that looks for the session only.
        """
        seen = Following(cluster)
        escape = "import os, signal, time; signal.signal(15, 1); os.setsid(); time.sleep(600)"
        pod(cluster, "family", f"python3 -c '{escape}' & echo $!; exit 3")
        assert ended(seen.until("pods", "family", over))["exitCode"] == 3
        assert not is_alive(int(log(seen, "family")))

    def test_over_its_memory_limit_is_killed_with_its_children(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        grow = "import time; x = bytearray(300 << 20); time.sleep(60)"
        limits = {"resources": {"limits": {"memory": "100Mi"}}}
        pod(cluster, "greedy", f"python3 -c '{grow}' & wait", container=limits)
        state = ended(seen.until("pods", "greedy", over))
        assert (state["exitCode"], state["reason"]) == (137, "OOMKilled")

    def test_has_the_time_of_its_grace_period_and_less_when_it_is_deleted_again(
        self, cluster: Cluster
    ) -> None:
        seen = Following(cluster)
        pod(cluster, "slow", "trap '' TERM; echo up; while :; do sleep 1; done",
            terminationGracePeriodSeconds=600)  # fmt: skip
        path = f"/api/v1/namespaces/{SPACE}/pods/slow"
        seen.until_log(f"{path}/log", "up")
        cluster.call(cluster.inside.delete, "pods", SPACE, "slow")
        seen.until("pods", "slow", lambda p, _: "deletionTimestamp" in p["metadata"])
        cluster.call(cluster.inside.delete, "pods", SPACE, "slow", grace=1)
        seen.gone("pods", "slow")

    def test_beside_one_that_never_began_can_be_deleted(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        containers = [
            {"name": "up", "image": "python:3.12", "command": ["sleep", "600"]},
            {"name": "never", "image": "no-such-image"},
        ]
        pod(cluster, "half", "", containers=containers)
        seen.until("pods", "half", running)
        cluster.call(cluster.inside.delete, "pods", SPACE, "half")
        seen.gone("pods", "half")

    def test_ends_with_the_cluster(self, tmp_path: Path) -> None:
        with Cluster() as cluster:
            seen = Following(cluster)
            pod(cluster, "left", "trap '' TERM; sleep 600")
            seen.until("pods", "left", running)
            (pid,) = Hands(cluster).running(SPACE, "left")
        assert not is_alive(pid)


class TestAPlace:
    def test_shows_files_of_config_maps_secrets_and_claims(
        self, cluster: Cluster, shared: Path
    ) -> None:
        seen = Following(cluster)
        create(cluster, "configmaps", {"metadata": {"name": "kit"}, "data": {"a": "at /workspace"}})
        create(cluster, "secrets", {"metadata": {"name": "key"}, "stringData": {"TOKEN": "s3cret"}})
        claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        made = create(
            cluster, "persistentvolumeclaims", {"metadata": {"name": "disk"}, "spec": claim}
        )
        made["status"] = {"phase": "Bound"}
        cluster.call(cluster.inside.update, "persistentvolumeclaims", made, "status")
        mounts = [
            {"name": "kit", "mountPath": "/submarine"},
            {"name": "disk", "mountPath": "/submarine/staged", "subPath": "job-1"},
        ]
        script = "cat /submarine/kit/a; echo; pwd; echo $TOKEN; echo kept > /submarine/staged/f"
        kit = {"configMap": {"name": "kit", "items": [{"key": "a", "path": "kit/a"}]}}
        pod(
            cluster, "places", script,
            volumes=[
                {"name": "kit", "projected": {"sources": [kit]}},
                {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}},
            ],
            container={
                "volumeMounts": mounts, "workingDir": "/workspace",
                "envFrom": [{"secretRef": {"name": "key"}}],
            },
        )  # fmt: skip
        seen.until("pods", "places", over)
        at, folder, token = log(seen, "places").splitlines()
        assert at.endswith("/workspace")
        assert at.removeprefix("at ") == folder
        assert token == "s3cret"
        assert (shared / "job-1" / "f").read_text() == "kept\n"

    def test_expands_variables_as_kubernetes_does(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        env = [
            {"name": "A", "value": "1"},
            {"name": "B", "value": "$(A)$(NONE)$$(A)"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        ]
        pod(cluster, "vars", 'echo "$B" $(A) "$NODE"', container={"env": env})
        seen.until("pods", "vars", over)
        assert log(seen, "vars").startswith("1$(NONE)$(A) 1 node-")

    def test_gives_pods_one_free_port_for_each_port_of_a_host(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        create(cluster, "services", {"metadata": {"name": "svc"}, "spec": {"clusterIP": "None"}})
        listen = (
            "import os, socket; s = socket.create_server((os.environ['MASTER_ADDR'],"
            " int(os.environ['MASTER_PORT']))); c, _ = s.accept(); print(c.recv(9))"
        )
        call = (
            "import os, socket, time\n"
            "address = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])\n"
            "while True:\n"
            "    try: socket.create_connection(address).sendall(b'hello')\n"
            "    except OSError: time.sleep(.01)\n"
            "    else: break"
        )
        env = [
            {"name": "MASTER_ADDR", "value": f"train-0.svc.{SPACE}.svc.cluster.local"},
            {"name": "MASTER_PORT", "value": "29500"},
        ]
        for name, program in (("train-0", listen), ("train-1", call)):
            command = {"command": ["python3", "-c", program], "env": env}
            pod(cluster, name, "", subdomain="svc", hostname=name, container=command)
        seen.until("pods", "train-0", over)
        assert log(seen, "train-0") == "b'hello'\n"


class TestAnImage:
    def test_that_comes_later_is_fetched_then(self, cluster: Cluster) -> None:
        seen = Following(cluster)
        pod(cluster, "late", "echo here", container={"image": "no-such-image"})
        seen.until("pods", "late", lambda p, _: "ImagePullBackOff" in str(p["status"]))
        Hands(cluster).image("no-such-image", Image())
        seen.until("pods", "late", over)
        assert log(seen, "late") == "here\n"


class TestALostMachine:
    def test_that_returns_tells_how_its_pods_ended(self, cluster: Cluster) -> None:
        seen, hands = Following(cluster), Hands(cluster)
        pod(cluster, "away", "sleep 600")
        node = seen.until("pods", "away", running)["spec"]["nodeName"]
        hands.lose(node)
        seen.until("events", "away", lambda e, _: e["reason"] == "NodeNotReady")
        hands.restore(node)
        assert ended(seen.until("pods", "away", over))["exitCode"] == 137


def test_a_thousand_hollow_pods_run_and_end_within_seconds(cluster: Cluster) -> None:
    seen = Following(cluster)
    began = time.monotonic()
    spec = {
        "parallelism": 1000,
        "completions": 1000,
        "completionMode": "Indexed",
        "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "m", "image": "hollow"}]}
        },
    }
    create(cluster, "jobs.batch", {"metadata": {"name": "many"}, "spec": spec})
    seen.until("jobs.batch", "many", lambda job, _: job["status"].get("ready") == 1000)
    print(f"{time.monotonic() - began:.1f} s for 1,000 pods; load {os.getloadavg()[0]:.1f}")
    hands = Hands(cluster)
    for name in [p["metadata"]["name"] for p in cluster.call(cluster.inside.list, "pods", SPACE)]:
        hands.exit(SPACE, name)
    seen.until("jobs.batch", "many", lambda job, _: "completionTime" in job["status"])
