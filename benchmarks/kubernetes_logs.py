"""A pod that prints as fast as the fake can, into our log file and to a reader of it.

Beside a bare follow into a file, and ``kubectl logs -f`` where there is one: the same pod's
same bytes on the same server, in turns.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.kubernetes_place import PATIENCE, Place, place
from benchmarks.socket_reader import SocketReader
from tests.kubernetes.crowd import NAMESPACE

LINE = b"x" * 99 + b"\n"
BLOCK = LINE * 655
BLOCKS = 400
SIZE = len(BLOCK) * BLOCKS
MEGABYTES = SIZE / 1e6

TO_FILE = "log of a pod to our file (floor: a bare follow into a file)"
TO_READER = "log of a pod to one reader of our server (the same floor)"

#: Follows a log into a file and does nothing else.
FOLLOW = """
import http.client, sys
port, path, file = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", int(port))
connection.request("GET", path, headers={"Authorization": "Bearer admin-token"})
answer = connection.getresponse()
with open(file, "wb", buffering=0) as output:
    while data := answer.read1(1 << 20):
        output.write(data)
"""


def measure(rounds: int) -> Iterator[Figure]:
    files, readers, floors, peers = [], [], [], []
    with place() as here:
        let_anybody_in(here)
        for _ in range(max(3, rounds // 5)):
            files.append(ours(here))
            readers.append(read(here))
            floors.append(other(here, bare))
            if shutil.which("kubectl"):
                peers.append(other(here, kubectl))
    middle = statistics.median
    also = {"kubectl": middle(peers)} if peers else {}
    floor = middle(floors)
    yield Figure(
        what=TO_FILE, unit="MB/s", ours=middle(files), floor=floor, at_least=0.5, peers=also
    )
    yield Figure(what=TO_READER, unit="MB/s", ours=middle(readers), floor=floor, peers=also)


def let_anybody_in(here: Place) -> None:
    """kubectl sends no token where there is no TLS."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    anybody = {"apiGroup": role["apiGroup"], "kind": "User", "name": "system:anonymous"}
    binding = {"metadata": {"name": "anybody"}, "roleRef": role, "subjects": [anybody]}
    resource = "clusterrolebindings.rbac.authorization.k8s.io"
    here.cluster.call(here.cluster.inside.create, resource, "", binding)


def ours(here: Place) -> float:
    """MB a second from the pod to the file that our server keeps."""
    job, pod = here.running()
    log = here.there.data / "submarine" / "jobs" / job / "1" / "rank-0.log"
    return followed(here, pod, lambda: reached(log), lambda: here.end(job, pod))


def read(here: Place) -> float:
    """MB a second from the pod to a browser's socket."""
    job, pod = here.running()
    reader = SocketReader(here.there)
    reader.subscribe(f"jobs/{job}/logs", since=0)
    next(reader.payloads())
    rate = followed(here, pod, lambda: received(reader, job), lambda: here.end(job, pod))
    reader.close()
    return rate


def received(reader: SocketReader, job: str) -> None:
    """Read frames until all of the log has come, going on after each gap."""
    for payload in reader.payloads():
        if b'"gap"' in payload[:100]:
            reader.subscribe(f"jobs/{job}/logs", since=json.loads(payload)["since"])
        if json.loads(payload[payload.rindex(b'"seq":') + 6 : -1]) >= SIZE:
            return


def other(here: Place, follow: Callable[[Place, str, Path], subprocess.Popen[bytes]]) -> float:
    """MB a second from a pod that our server does not know, through another reader."""
    pod = f"other-{time.monotonic_ns()}"
    body = {
        "metadata": {"name": pod},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "hollow"}]},
    }
    here.cluster.call(here.cluster.inside.create, "pods", NAMESPACE, body)
    here.written("pods", lambda p: p["metadata"]["name"] == pod and running(p))
    output = here.there.folder / pod
    reader = follow(here, pod, output)
    here.hands.write(NAMESPACE, pod, b"ready\n")
    while not output.exists() or not output.stat().st_size:
        if reader.poll() is not None:
            raise RuntimeError(f"{reader.args} ended with {reader.returncode}")
        time.sleep(0.002)

    def end() -> None:
        here.hands.exit(NAMESPACE, pod)
        reader.wait(30)
        output.unlink()

    return followed(here, pod, lambda: reached(output), end)


def running(pod: dict[str, dict[str, object]]) -> bool:
    return pod["status"].get("phase") == "Running"


def followed(
    here: Place, pod: str, arrived: Callable[[], object], end: Callable[[], None]
) -> float:
    """MB a second from the first write until all has arrived."""
    writer = threading.Thread(target=write, args=(here, pod))
    begin = time.monotonic()
    writer.start()
    arrived()
    seconds = time.monotonic() - begin
    writer.join()
    end()
    return MEGABYTES / seconds


def write(here: Place, pod: str) -> None:
    for _ in range(BLOCKS):
        here.hands.write(NAMESPACE, pod, BLOCK)


def reached(file: Path) -> None:
    """Wait until the file is as long as what was printed."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists() or file.stat().st_size < SIZE:
        if time.monotonic() > deadline:
            raise TimeoutError(file)
        time.sleep(0.002)


def bare(here: Place, pod: str, output: Path) -> subprocess.Popen[bytes]:
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}/log?follow=true&timestamps=false"
    arguments = [str(here.cluster.port), path, str(output)]
    return subprocess.Popen([sys.executable, "-c", FOLLOW, *arguments])


def kubectl(here: Place, pod: str, output: Path) -> subprocess.Popen[bytes]:
    config = f"--kubeconfig={here.cluster.kubeconfig}"
    command = ["kubectl", config, "logs", "-f", "-n", NAMESPACE, pod]
    with output.open("wb") as file:
        return subprocess.Popen(command, stdout=file)
