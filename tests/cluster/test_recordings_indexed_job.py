"""The default engine's job, end to end, against the fake as against the real cluster.

All exchanges of ``indexed-job.json`` are played in order (as the administrator: rights are
``rbac.json``'s). In the recorded program the path of the termination message is replaced,
as the fake cannot mount one; a host name and an address in its output are this machine's.
Both ranks end at the same moment there; here rank 0 waits for the end of rank 1, for its own
would be the end of the job.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import urllib.parse
from pathlib import Path
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.following import Following
from tests.cluster.nodes import Machine
from tests.cluster.replaying import differences, steady
from tests.cluster.test_recordings_controllers import job_states, of_kind, ours, short
from tests.cluster.work import Timing

Object = dict[str, Any]
FILE = Path(__file__).parent / "recordings" / "indexed-job.json"
EXCHANGES: list[Object] = json.loads(FILE.read_text("utf-8"))["exchanges"]
OWNER = EXCHANGES[2]["response"]["body"]["metadata"]["uid"]
JOB = "jobs.batch"
WAITS = """
while rank == 0 and not os.path.exists({gate!r}):
    time.sleep(0.01)
"""


def test_the_job_of_the_default_engine_runs_as_recorded() -> None:
    machine = Machine("node-0", gpus=4)
    with Cluster(machines=(machine,), timing=Timing(own=0.02)) as cluster:
        seen = Following(cluster)
        play = Play(seen)
        for number in (0, 1, 2):
            play.request(number)
        for number in (3, 4, 5):
            play.request(number, body=play.owned(number))
        seen.until(JOB, "train", lambda job, _: bool(job["status"].get("conditions")))
        play.request(6)
        play.request(7)
        follows = [play.follow(number) for number in (8, 9)]
        play.end_in_order()
        for follow in follows:
            follow()
        seen.until(JOB, "train", lambda job, _: "completionTime" in job["status"])
        for number in (10, 11):
            play.request(number)
        play.log(12)
        play.request(13)
        seen.gone("pods", "train")
        for number in (14, 15):
            play.request(number)
        play.watched()
    assert play.done == set(range(len(EXCHANGES)))


class Play:
    """The recorded requests with our names in them, and the comparison of the answers."""

    def __init__(self, seen: Following) -> None:
        self._seen, self.done = seen, set[int]()
        self._pods: dict[str, str] = {}
        self._uid = ""
        self._gate = seen.cluster.folder / "rank 1 has ended"

    def end_in_order(self) -> None:
        """Rank 0 ends after rank 1."""
        self._seen.until("pods", "train-abc12-1-", lambda p, _: p["status"]["phase"] == "Succeeded")
        self._gate.touch()

    def owned(self, number: int) -> Object:
        """The body with the Job's real uid; the bundle is packed anew."""
        body: Object = json.loads(
            json.dumps(EXCHANGES[number]["request"]["body"]).replace(OWNER, self._uid)
        )
        if body["kind"] == "ConfigMap":
            body["binaryData"] = {"part": bundle(self._gate)[number - 4]}
        return body

    def request(self, number: int, *, body: Object | None = None) -> None:
        request, recorded = EXCHANGES[number]["request"], EXCHANGES[number]["response"]
        path = (
            self._ours(request["path"]) + "?" + urllib.parse.urlencode(request.get("query") or {})
        )
        status, answer = self._send(request, path, body)
        assert status == recorded["status"], (number, answer)
        found = json.loads(answer)
        if number == 2:
            self._uid = found["metadata"]["uid"]
        if number != 11:  # their order, see test_recordings_controllers
            there, here = _plain(recorded["body"]), _plain(found)
            assert not differences(there, here), (number, differences(there, here))
        else:
            assert [_pod(item) for item in found["items"]] == [
                _pod(item) for item in recorded["body"]["items"]
            ]
        self.done.add(number)

    def _send(self, request: Object, path: str, body: Object | None) -> tuple[int, bytes]:
        sent = body if body is not None else request.get("body")
        media = request.get("headers", {}).get("Content-Type", "application/json")
        return self._seen.send(request["method"], path, sent, media)

    def _ours(self, path: str) -> str:
        """A recorded pod's name is ours of the same index."""
        match = re.search(r"pods/(train-abc12-(\d)-\w+)", path)
        if match is None:
            return path
        index = match[2]
        if index not in self._pods:
            begins = f"train-abc12-{index}-"
            pod = self._seen.until("pods", begins, lambda p, _: p["status"]["phase"] != "Pending")
            self._pods[index] = pod["metadata"]["name"]
        return path.replace(match[1], self._pods[index])

    def follow(self, number: int) -> Any:
        """Begin to follow; the answer compares what came with the recording."""
        exchange = EXCHANGES[number]
        query = urllib.parse.urlencode(exchange["request"]["query"])
        rest = self._seen.follow(f"{self._ours(exchange['request']['path'])}?{query}")
        there = "".join(piece["text"] for piece in exchange["response"]["stream"])

        def compare() -> None:
            assert _lines(rest().decode()) == _lines(there)
            self.done.add(number)

        return compare

    def log(self, number: int) -> None:
        request = EXCHANGES[number]["request"]
        here = self._seen.text(self._ours(request["path"]) + "?container=main")
        assert _lines(here) == _lines(EXCHANGES[number]["response"]["text"])
        self.done.add(number)

    def watched(self) -> None:
        """What the three watches showed."""
        here = ours(self._seen.seen, "team-a")
        jobs, pods, events = (_watched(number) for number in (16, 17, 18))
        states = job_states(of_kind(here, "Job"))
        assert [state for state in states if state.get("active") != 1] == job_states(jobs)
        assert _courses(of_kind(here, "Pod")) == _courses(pods)
        mine = {_event(change["object"]) for change in of_kind(here, "Event")}
        assert mine == {_event(change["object"]) for change in events}
        self.done |= {16, 17, 18}


def bundle(gate: Path) -> list[str]:
    """The recorded archive in two parts, its program changed as said above."""
    parts = [EXCHANGES[n]["request"]["body"]["binaryData"]["part"] for n in (4, 5)]
    whole = io.BytesIO(b"".join(base64.b64decode(part) for part in parts))
    packed = io.BytesIO()
    with tarfile.open(fileobj=whole) as old, tarfile.open(fileobj=packed, mode="w:gz") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            data = file.read() if file else b""
            data = data.replace(b'"/dev/termination-log"', b'os.environ["TERMINATION_LOG"]')
            if member.name == "train.py":
                data += WAITS.format(gate=str(gate)).encode()
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    data, middle = packed.getvalue(), len(packed.getvalue()) // 2
    return [base64.b64encode(part).decode() for part in (data[:middle], data[middle:])]


def _plain(body: Object) -> Any:
    """Without what is another in every cluster, and how a count is written in a Job."""
    text = re.sub(r'"binaryData": \{[^}]*\}', '"binaryData": {}', json.dumps(steady(body)))
    text = re.sub(r"train-abc12-(\d)-[a-z0-9]{5}\b", r"train-abc12-\1-*", text)
    text = re.sub(r'"nvidia.com/gpu": (\d+)', r'"nvidia.com/gpu": "\1"', text)
    text = re.sub(r'"resourceVersion": "\d+"', '"resourceVersion": ""', text)
    return json.loads(re.sub(r'"clusterIPs?": [^,]*', '"clusterIP": ""', text))


def _pod(item: Object) -> tuple[str, Any]:
    metadata, status = item["metadata"], item["status"]
    (state,) = status["containerStatuses"]
    ended = {k: state["state"]["terminated"].get(k) for k in ("exitCode", "reason", "message")}
    env = [variable["name"] for variable in item["spec"]["containers"][0]["env"]]
    labels = sorted(metadata["labels"])
    conditions = [(c["type"], c["status"], c.get("reason")) for c in status["conditions"]]
    place = (item["spec"]["hostname"], item["spec"]["subdomain"])
    return short(metadata["name"]), (status["phase"], ended, env, labels, conditions, place)


def _lines(log: str) -> list[str]:
    """Without stamps, and without the name and address of the machine."""
    bare = re.sub(r"^\S+Z ", "", log, flags=re.MULTILINE)
    return re.sub(r" on \S+,| master .*", "", bare).splitlines()


def _watched(number: int) -> list[Object]:
    stream = EXCHANGES[number]["response"]["stream"]
    return [piece["event"] for piece in stream if piece["event"]["type"] != "BOOKMARK"]


def _courses(changes: list[Object]) -> dict[str, list[Any]]:
    """Each pod's phases, places, ends and deletion, in order, without repetitions."""
    found: dict[str, list[Any]] = {}
    for change in changes:
        obj = change["object"]
        states = obj["status"].get("containerStatuses", [{"state": {}}])
        course = found.setdefault(short(obj["metadata"]["name"]), [])
        state = (
            change["type"] == "DELETED",
            obj["metadata"].get("deletionGracePeriodSeconds"),
            bool(obj["metadata"].get("finalizers")),
            obj["spec"].get("nodeName"),
            obj["status"]["phase"],
            sorted(states[0]["state"]),
        )
        if not course or course[-1] != state:
            course.append(state)
    return found


def _event(event: Object) -> tuple[str, ...]:
    involved = event["involvedObject"]
    kind, part = involved["kind"], involved.get("fieldPath", "")
    return kind, part, event["type"], event["reason"], short(event["message"])
