"""Logs over real HTTP: what an API server answers, and what comes of it in the files."""

import asyncio
import base64
import json
import re
import resource
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from submarine_ext.domain.jobs import Distributed, JobSpec
from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import following as following_module
from submarine_ext.engines.kubernetes.following import UNFOLLOWED
from submarine_ext.engines.kubernetes.logs import Logs
from submarine_ext.engines.kubernetes.nodelog import AGAIN, GAP
from tests.kubernetes.lognode import BEGIN, Container, Story, pod, seconds
from tests.kubernetes.scripted import Server, connect, status

RECORDINGS = Path(__file__).parents[1] / "cluster" / "recordings"
SECOND = 10**9


def ours(sentence):
    return f"\n--- submarine: {sentence} ---\n".encode()


def refusal(code, message):
    reason = {400: "BadRequest", 404: "NotFound", 500: "InternalError", 403: "Forbidden"}[code]

    async def answer(request):
        if code == 204:
            return web.Response(status=204)
        return web.json_response(status(code, reason, message), status=code)

    return answer


async def no_content(request):
    return web.Response(status=204)


def body(data):
    async def answer(request):
        return web.Response(body=data, content_type="text/plain")

    return answer


class Machine:
    """A server with one container's log. ``script`` are the next answers; then the log."""

    def __init__(self, container, *script):
        self.container = container
        self.script = list(script)
        self.asked = []
        self.ended = asyncio.Event()
        self.reached = asyncio.Event()

    async def __call__(self, request):
        self.asked.append(dict(request.query))
        self.reached.set()
        if self.script:
            return await self.script.pop(0)(request)
        return await self.read(request)

    async def read(self, request):
        stream = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await stream.prepare(request)
        await stream.write(self.container.answer(seconds(request.query.get("sinceTime"))))
        if "follow" in request.query:
            await self.ended.wait()
        await stream.write_eof()
        return stream

    async def asked_times(self, count):
        while len(self.asked) < count:
            self.reached.clear()
            await self.reached.wait()


def lines(*texts, every=SECOND):
    container = Container()
    for number, text in enumerate(texts):
        container.line(text, BEGIN + number * every)
    return container


def attempt(tmp_path, name="j1-1", **spec):
    folder = tmp_path / name
    (folder / "artifacts").mkdir(parents=True)
    return Task(name=name, job=name, attempt=1, owner="ada", project="p",
                spec=JobSpec(command=["x"], **spec), folder=folder)  # fmt: skip


@asynccontextmanager
async def following(tmp_path, machine, streams=10):
    """A server, and two of ours on the same folders that follow its logs."""
    async with Server(machine) as server:
        api = await connect(tmp_path, server.url)
        one, two = (Logs(streams, pause=0.0001) for _ in range(2))
        try:
            yield server, api, one, two
        finally:
            await one.close()
            await two.close()
            await api.close()


async def grown(path, text):
    while not path.exists() or text not in path.read_bytes():
        await asyncio.sleep(0.005)


async def test_a_log_is_followed_while_the_container_runs_and_drained_at_its_end(tmp_path):
    machine, task = Machine(lines(b"one", b"two")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"two\n")
        machine.container.line(b"three", BEGIN + 2 * SECOND)
        machine.ended.set()
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == b"one\ntwo\nthree\n"
    assert machine.asked[0] == {"container": "main", "timestamps": "true", "follow": "true"}
    assert "follow" not in machine.asked[-1]


async def test_the_end_of_a_follow_is_not_the_end_of_the_container(tmp_path):
    machine = Machine(lines(b"one"), body(b""), body(lines(b"one").answer()))
    task = attempt(tmp_path)
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await machine.asked_times(3)
        assert not logs._followers[task.name, 0].settled.is_set()
        machine.container.line(b"two", BEGIN + SECOND)
        machine.ended.set()
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, 'container "main" in pod "a" is waiting to start: ContainerCreating'),
        refusal(500, "Get https://192.0.2.1:10250/containerLogs: dial tcp: connect: refused"),
        no_content,
        body(b"unable to retrieve container logs for containerd://0123"),
    ],
    ids=["waiting to start", "node away", "no node", "no logs"],
)
async def test_a_refusal_is_neither_a_line_nor_an_error(answer, tmp_path):
    machine, task = Machine(lines(b"one"), answer), attempt(tmp_path)
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await machine.asked_times(1)
        logs.saw(task, api, 0, pod("a", "running"))
        machine.ended.set()
        await grown(task.log(0), b"one\n")
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
        assert logs.notes(task.name) == []
    assert task.log(0).read_bytes() == b"one\n"


async def test_a_pod_that_waits_is_not_asked(tmp_path):
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    machine.ended.set()
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        for _ in range(3):
            logs.saw(task, api, 0, pod("a", "waiting"))
            await asyncio.sleep(0.01)
        assert machine.asked == []
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == b"one\n"


async def test_a_pod_that_was_deleted_is_through_and_keeps_what_was_read(tmp_path):
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"one\n")
        machine.script = [refusal(404, 'pods "a" not found')]
        machine.ended.set()
        logs.saw(task, api, 0, pod("a", "running"), deleted=True)
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == b"one\n"


async def test_what_a_node_threw_away_is_one_visible_line(tmp_path):
    container = lines(*[b"%d" % n for n in range(20)])
    machine, task = Machine(container), attempt(tmp_path)
    container.pieces, later = container.pieces[:5], container.pieces[5:]
    async with following(tmp_path, machine) as (server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"4\n")
        await server.down()
        container.pieces += later
        container.forgotten = 12
        machine.ended.set()
        await server.up()
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    said = task.log(0).read_bytes()
    kept = b"".join(b"%d\n" % n for n in range(12, 20))
    assert said == b"0\n1\n2\n3\n4\n" + ours(GAP) + kept


async def test_a_rotation_behind_what_was_read_is_no_gap(tmp_path):
    container = lines(*[b"%d" % n for n in range(20)], every=SECOND // 10)
    machine, task = Machine(container), attempt(tmp_path)
    container.pieces, later = container.pieces[:15], container.pieces[15:]
    async with following(tmp_path, machine) as (server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"14\n")
        await server.down()
        container.pieces += later
        container.forgotten = 13
        machine.ended.set()
        await server.up()
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == container.printed


async def test_a_restart_is_told_and_the_instance_before_is_read_to_its_end(tmp_path):
    first, second = lines(b"one", b"two"), lines(b"three")
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"one\n")
        machine.container = second
        machine.script = [body(first.answer())]
        machine.ended.set()
        logs.saw(task, api, 0, pod("a", "ended", restarts=1))
        await logs.drained(task.name)
    assert machine.asked[1]["previous"] == "true"
    assert task.log(0).read_bytes() == b"one\ntwo\n" + ours(AGAIN) + b"three\n"


async def test_another_pod_in_its_place_is_told_and_comes_after_it(tmp_path):
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    machine.ended.set()
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
        logs.saw(task, api, 0, pod("b", "ended", created="2026-11-22T13:00:00Z"))
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == b"one\n" + ours(AGAIN) + b"one\n"


async def test_a_second_server_waits_and_takes_over(tmp_path):
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_, api, logs, other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"one\n")
        other.saw(task, api, 0, pod("a", "running"))
        await asyncio.sleep(0.05)
        assert len(machine.asked) == 1
        await logs.close()
        machine.container.line(b"two", BEGIN + SECOND)
        machine.ended.set()
        other.saw(task, api, 0, pod("a", "ended"))
        await other.drained(task.name)
    assert task.log(0).read_bytes() == b"one\ntwo\n"


async def test_a_second_server_learns_that_the_log_was_read(tmp_path):
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    machine.ended.set()
    async with following(tmp_path, machine) as (_, api, logs, other):
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
        other.saw(task, api, 0, pod("a", "ended"))
        await other.drained(task.name)
    assert len(machine.asked) == 1


async def test_a_machine_that_never_answers_again_is_given_up_with_a_sentence(tmp_path):
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"one\n")
        machine.script = [refusal(500, "dial tcp 192.0.2.1:10250: connect: no route")] * 50
        machine.ended.set()
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
        told = "The end of the log could not be read: its machine does not answer."
        assert logs.notes(task.name) == [told]
    assert task.log(0).read_bytes() == b"one\n"


async def test_a_server_without_room_on_its_disk_goes_on_when_there_is_some(tmp_path):
    story = Story(5, lines=300)
    machine, task = Machine(story.container), attempt(tmp_path)
    machine.ended.set()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with following(tmp_path, machine) as (_, api, logs, _other):
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            logs.saw(task, api, 0, pod("a", "ended"))
            await machine.asked_times(3)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        await logs.drained(task.name)
    assert task.log(0).read_bytes() == story.ranks[0]


async def test_a_follow_that_has_fallen_silent_is_renewed(tmp_path, monkeypatch):
    """Nodes before 1.36 say nothing more after a rotation, and do not end the follow."""
    monkeypatch.setattr(following_module, "RENEW", 0.2)
    machine, task = Machine(lines(b"one")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"one\n")
        machine.container.line(b"two", BEGIN + SECOND)
        await grown(task.log(0), b"two\n")
    assert task.log(0).read_bytes() == b"one\ntwo\n"


async def test_a_closed_server_goes_on_where_it_was(tmp_path):
    machine, task = Machine(lines(b"one", b"two")), attempt(tmp_path)
    async with following(tmp_path, machine) as (_, api, logs, other):
        logs.saw(task, api, 0, pod("a", "running"))
        await grown(task.log(0), b"two\n")
        await logs.close()
        machine.container.line(b"three", BEGIN + 2 * SECOND)
        machine.ended.set()
        other.saw(task, api, 0, pod("a", "ended"))
        await other.drained(task.name)
    assert machine.asked[1]["sinceTime"] == "2026-11-18T11:06:40Z"
    assert task.log(0).read_bytes() == b"one\ntwo\nthree\n"


class TestWhenTooManyLogsAreFollowed:
    async def test_the_log_says_so_and_is_brought_at_the_end(self, tmp_path):
        machine = Machine(lines(b"one"))
        first, second = attempt(tmp_path), attempt(tmp_path, "j2-1")
        async with following(tmp_path, machine, 1) as (_, api, logs, _other):
            logs.saw(first, api, 0, pod("a", "running"))
            await grown(first.log(0), b"one\n")
            logs.saw(second, api, 0, pod("b", "running"))
            await grown(second.log(0), ours(UNFOLLOWED))
            assert len(machine.asked) == 1
            machine.ended.set()
            logs.saw(second, api, 0, pod("b", "ended"))
            await logs.drained(second.name)
        assert second.log(0).read_bytes() == ours(UNFOLLOWED) + b"one\n"

    async def test_it_is_brought_to_whoever_opens_it(self, tmp_path):
        machine = Machine(lines(b"one"))
        first, second = attempt(tmp_path), attempt(tmp_path, "j2-1")
        async with following(tmp_path, machine, 1) as (_, api, logs, _other):
            logs.saw(first, api, 0, pod("a", "running"))
            await grown(first.log(0), b"one\n")
            logs.saw(second, api, 0, pod("b", "running"))
            await grown(second.log(0), ours(UNFOLLOWED))
            logs.want(second.name, 0)
            await grown(second.log(0), b"one\n")


async def test_a_pods_stream_is_shared_out_to_its_ranks(tmp_path):
    story = Story(7, ranks=2, lines=200)
    machine = Machine(story.container)
    task = attempt(tmp_path, distributed=Distributed(processes_per_node=2))
    machine.ended.set()
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    assert {rank: task.log(rank).read_bytes() for rank in (0, 1)} == story.ranks
    for name, content in story.files.items():
        assert (task.artifacts / name).read_bytes() == content


def unfolded(read):
    """``{300 x x}`` stands for 300 times x."""
    if "base64" in read:
        return base64.b64decode(read["base64"])
    return re.sub(r"\{(\d+) x (.)\}", lambda m: m[2] * int(m[1]), read["text"]).encode()


def read_both_ways():
    """Recordings of the kubelet's own reader: what it gave, with and without stamps."""
    cases = json.loads((RECORDINGS / "log-reader.json").read_text())["cases"]
    told = [{read["options"]: unfolded(read) for read in case["read"]} for case in cases]
    return [(t["timestamps"], t[""]) for t in told if {"timestamps", ""} <= set(t)]


@pytest.mark.parametrize(("stamped", "plain"), read_both_ways())
async def test_what_a_kubelet_gives_without_stamps_is_kept(stamped, plain, tmp_path):
    assert await brought(stamped, tmp_path) == plain


async def brought(stamped, tmp_path):
    machine, task = Machine(None, body(stamped)), attempt(tmp_path)
    async with following(tmp_path, machine) as (_server, api, logs, _other):
        logs.saw(task, api, 0, pod("a", "ended"))
        await logs.drained(task.name)
    return task.log(0).read_bytes()


async def test_a_line_of_300_kB_and_a_stamp_of_another_zone_are_kept_whole(tmp_path):
    cases = json.loads((RECORDINGS / "log-reader.json").read_text())["cases"]
    long, zone = (unfolded(cases[n]["read"][0]) for n in (1, 7))
    assert await brought(long + zone, tmp_path) == b"x" * 300_000 + b"\nafter\nhello\n"


async def test_what_a_real_server_followed_is_kept_byte_for_byte(tmp_path):
    exchanges = json.loads((RECORDINGS / "indexed-job.json").read_text())["exchanges"]
    told = {e["note"]: e["response"] for e in exchanges if "note" in e}
    follow = next(told[note]["stream"] for note in told if "follow rank 0" in note)
    plain = next(told[note]["text"] for note in told if "0x1E survives" in note)
    stamped = "".join(chunk["text"] for chunk in follow).encode()
    assert await brought(stamped, tmp_path) == plain.encode()
