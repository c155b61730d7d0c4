"""The fake's nodes write and read logs as the kubelet does, byte for byte (log-reader.json),
and its API server refuses what the real one refuses (logs.json).
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.following import Following
from tests.cluster.hands import Hands
from tests.cluster.images import Image
from tests.cluster.logs import ContainerLog, Options, Rules
from tests.cluster.replaying import steady
from tests.cluster.work import Timing

Object = dict[str, Any]
RECORDINGS = Path(__file__).parent / "recordings"
READER = json.loads((RECORDINGS / "log-reader.json").read_text("utf-8"))["cases"]
LOGS = json.loads((RECORDINGS / "logs.json").read_text("utf-8"))["exchanges"]
REPEATED = re.compile(r"\{(\d+) [x×] (.)\}")


def spread(text: str) -> bytes:
    """``{n x c}`` written out."""
    return REPEATED.sub(lambda match: int(match[1]) * match[2], text).encode()


def content(of: Object) -> bytes:
    return base64.b64decode(of["base64"]) if "base64" in of else spread(of["text"])


def options(words: str) -> Options:
    """``timestamps tail 2`` as the reader's options."""
    from datetime import datetime

    found: dict[str, Any] = {}
    rest = words.split()
    while rest:
        word = rest.pop(0)
        if word in {"timestamps", "follow"}:
            found[word] = True
        elif word == "since":
            second, _, fraction = rest.pop(0).removesuffix("Z").partition(".")
            start = int(datetime.fromisoformat(f"{second}+00:00").timestamp()) * 10**9
            found["since"] = start + int(fraction.ljust(9, "0") or 0)
        else:
            found[word] = int(rest.pop(0))
    return Options(**found)


def read(log: ContainerLog, wanted: Options) -> bytes:
    async def whole() -> bytes:
        return b"".join([piece async for piece in log.read(wanted)])

    return asyncio.run(whole())


#: The others are about rotation: tested below, with files that the fake wrote itself.
ON_FILES = [n for n, case in enumerate(READER) if "file" in case]


@pytest.mark.parametrize("number", ON_FILES, ids=lambda n: READER[n]["note"][:50])
def test_a_log_file_is_read_as_the_kubelet_reads_it(number: int, tmp_path: Path) -> None:
    case = READER[number]
    log = ContainerLog(tmp_path)
    log.close(SECOND)
    (tmp_path / "0.log").write_bytes(content(case["file"]))
    for answer in case["read"]:
        assert read(log, options(answer["options"])) == content(answer), answer["options"]


SECOND = 1_795_000_000 * 10**9


async def test_a_follow_that_was_open_before_a_rotation_misses_nothing(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path)
    log.write("stdout", b"one\n", SECOND)
    follow = log.read(Options(follow=True))
    found = await anext(follow)
    log.write("stdout", b"two\n", SECOND)
    log.rotate()
    log.write("stdout", b"three\n", SECOND)
    log.close(SECOND)
    assert found + b"".join([piece async for piece in follow]) == b"one\ntwo\nthree\n"
    assert b"".join([piece async for piece in log.read(Options())]) == b"three\n"


async def test_a_follow_on_an_old_kubelet_falls_silent_at_a_rotation(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path, Rules(follows=False))
    log.write("stdout", b"one\n", SECOND)
    follow = log.read(Options(follow=True))
    found = await anext(follow)
    log.rotate()
    log.write("stdout", b"two\n", SECOND)
    log.close(SECOND)
    assert found + b"".join([piece async for piece in follow]) == b"one\n"


def test_what_is_written_is_cut_at_16_kib_and_read_back_whole(tmp_path: Path) -> None:
    written = b"\x1e{}\n\xff\xfe\x00\n" + b"x" * 300_000 + b"\n0%\r20%\r\n" + b"p" * 20_000
    log = ContainerLog(tmp_path, Rules(utc_offset=120))
    for at in range(0, len(written), 4096):
        log.write("stdout", written[at : at + 4096], SECOND)
    log.close(SECOND)
    assert read(log, Options()) == written
    stamped = read(log, Options(timestamps=True))
    assert [len(line.split(b" ")[0]) for line in stamped.split(b"\n")] == [35] * 5
    assert read(log, Options(tail=2)) == b"p" * 20_000


# -- through the API ------------------------------------------------------------------------

#: What each pod of the recording did, as far as an answer shows it.
COMMANDS: dict[str, Any] = {
    "stamps": [("m", "for i in $(seq 0 19); do echo line $i; done")],
    "two": [("a", "echo a"), ("b", "echo b")],
}
LEFT_OUT = {
    0: "the bytes are compared in test_what_is_written_is_cut_at_16_kib_and_read_back_whole",
    1: "as 0",
    2: "a measurement of the test node",
    3: "as 0 (tail counts pieces)",
    4: "as 0 (limit: log-reader.json)",
    6: "sinceTime: its second is the recording's; see test_since_time_is_cut_to_its_second",
    7: "as 6",
    33: "see test_a_follow_gets_the_last_lines_of_a_deleted_pod_and_then_its_end",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    images = {"hollow": Image(hollow=True)}
    with Cluster(namespaces=("default", "logs"), timing=Timing(own=0.02), images=images) as found:
        seen = Following(found)
        for name, containers in COMMANDS.items():
            pod(found, name, containers)
            seen.until("pods", name, lambda pod, _: pod["status"]["phase"] == "Succeeded")
        pod(found, "pulling", [("m", "true")], image="no-such-image:1")
        seen.until("pods", "pulling", waits("ImagePullBackOff"))
        pod(found, "unscheduled", [("m", "true")], nodeSelector={"no": "where"})
        seen.until("pods", "unscheduled", lambda pod, _: bool(pod["status"].get("conditions")))
        volume = {"name": "v", "configMap": {"name": "missing"}}
        pod(found, "creating", [("m", "true")], volumes=[volume])
        init = {"name": "i", "image": "i", "command": ["sh", "-c", "echo from init; sleep 60"]}
        pod(found, "init", [("m", "true")], initContainers=[init])
        pod(found, "noenv", [("m", "true")], secret="missing")
        seen.until("pods", "noenv", waits("CreateContainerConfigError"))
        script = (
            "cd /tmp; [ -e again ] && echo second && exec sleep 60; touch again; echo first; exit 1"
        )
        scratch = {"volumes": [{"name": "tmp", "emptyDir": {}}]}
        scratch["mounts"] = [{"name": "tmp", "mountPath": "/tmp"}]
        pod(found, "again", [("m", script)], restartPolicy="OnFailure", **scratch)
        seen.until("pods", "again", lambda pod, _: restarted(pod))
        seen.until("pods", "init", lambda pod, _: "running" in first(pod, "initContainerStatuses"))
        yield found


def pod(cluster: Cluster, name: str, containers: Any, **more: Any) -> None:
    image, secret = more.pop("image", "python:3.12"), more.pop("secret", None)
    mounts = more.pop("mounts", [])
    made = [
        {
            "name": container,
            "image": image,
            "command": ["sh", "-c", script],
            "volumeMounts": mounts,
            **({"envFrom": [{"secretRef": {"name": secret}}]} if secret else {}),
        }
        for container, script in containers
    ]
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": made}
    body = {"metadata": {"name": name}, "spec": {**spec, **more}}
    cluster.call(cluster.inside.create, "pods", "logs", body)


def first(pod: Object, which: str = "containerStatuses") -> Object:
    states = pod["status"].get(which) or [{"state": {}}]
    found: Object = states[0]["state"]
    return found


def waits(reason: str) -> Any:
    return lambda pod, _: first(pod).get("waiting", {}).get("reason") == reason


def restarted(pod: Object) -> bool:
    states = pod["status"].get("containerStatuses") or [{"restartCount": 0}]
    return bool(states[0]["restartCount"]) and "running" in states[0]["state"]


ASKED = [n for n in range(len(LOGS)) if n not in LEFT_OUT]


@pytest.mark.parametrize("number", ASKED, ids=lambda n: LOGS[n]["note"][:50])
def test_a_log_request_is_answered_as_recorded(cluster: Cluster, number: int) -> None:
    """Every exchange is played here, or stands in LEFT_OUT with the test that stands for it."""
    request, recorded = LOGS[number]["request"], LOGS[number]["response"]
    query = urllib.parse.urlencode(request.get("query") or {})
    status, body = Following(cluster).send("GET", f"{request['path']}?{query}")
    assert status == recorded["status"], body
    if "body" in recorded:
        assert steady(json.loads(body)) == steady(recorded["body"])
    else:
        said = recorded.get("text", "".join(piece["text"] for piece in recorded.get("stream", [])))
        stamp = re.compile(r"^\S+Z ", re.MULTILINE)
        assert stamp.sub("", body.decode()) == stamp.sub("", said)


def test_since_time_is_cut_to_its_second(cluster: Cluster) -> None:
    seen = Following(cluster)
    log = "/api/v1/namespaces/logs/pods/stamps/log"
    lines = seen.text(f"{log}?timestamps=true").splitlines()
    last = lines[-1].split(" ")[0]
    again = seen.text(f"{log}?timestamps=true&sinceTime={last}").splitlines()
    assert again == [line for line in lines if line[:19] >= last[:19]]


def test_a_follow_gets_the_last_lines_of_a_deleted_pod_and_then_its_end(cluster: Cluster) -> None:
    seen = Following(cluster)
    pod(cluster, "del", [("m", "trap 'echo bye; exit 0' TERM; echo up; sleep 60 & wait")])
    log = "/api/v1/namespaces/logs/pods/del/log"
    seen.until("pods", "del", lambda pod, _: pod["status"]["phase"] == "Running")
    seen.until_log(log, "up")
    follow = seen.follow(f"{log}?follow=true")
    cluster.call(cluster.inside.delete, "pods", "logs", "del")
    assert follow() == b"up\nbye\n"
    seen.gone("pods", "del")
    assert seen.send("GET", log)[0] == 404


def test_a_hollow_container_says_what_the_test_writes(cluster: Cluster) -> None:
    seen, hands = Following(cluster), Hands(cluster)
    pod(cluster, "hollow", [("m", "ignored")], image="hollow")
    seen.until("pods", "hollow", lambda pod, _: pod["status"]["phase"] == "Running")
    hands.write("logs", "hollow", b"\x1e{}\n")
    hands.exit("logs", "hollow", 7)
    ended = seen.until("pods", "hollow", lambda pod, _: pod["status"]["phase"] == "Failed")
    assert first(ended)["terminated"]["exitCode"] == 7
    assert seen.send("GET", "/api/v1/namespaces/logs/pods/hollow/log")[1] == b"\x1e{}\n"
