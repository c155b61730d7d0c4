"""What an informer asks, keeps and says. Faults of watches by the thousand: test_watch_faults."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.informer import GRAVES, Rhythm
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource
from submarine_ext.engines.kubernetes.transport import Api
from tests.kubernetes.histories import PODS, Fault, Script, lines, told
from tests.kubernetes.recorded import exchanges
from tests.kubernetes.scripted import (
    Clock,
    opened,
    status,
)
from tests.kubernetes.seeing import Seen, running, served

EVENTS = Resource("", "v1", "events", "Event")


def pod(number: int, version: int, **more: Any) -> Object:
    return {"metadata": {"uid": f"uid-{number}", "resourceVersion": str(version)}, **more}


class Says(Fault):
    """These events, and EOF."""

    def __init__(self, *events: Object) -> None:
        self.events = list(events)

    async def speak(self, script, request, stream, events) -> None:
        await told(stream, self.events)


async def test_it_lists_all_pages_and_fills_in_what_lists_leave_out(tmp_path: Path) -> None:
    script = Script(1, [], [])
    for _ in range(10):
        script.history.add()
    async with served(script, tmp_path) as (_, api):
        seen = Seen(api, keep=lambda item: {**item, "kept": True})
        async with running(seen):
            await seen.until(lambda: seen.marked)
    assert script.lists == 1
    assert len(seen.informer.objects) == 11
    for item in seen.informer.objects.values():
        assert (item["kind"], item["apiVersion"], item["kept"]) == ("Pod", "v1", True)
        assert "managedFields" not in item["metadata"]


async def test_an_empty_collection_whose_items_are_null_is_in_sync(tmp_path: Path) -> None:
    async with served(Script(1, [], []), tmp_path) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await asyncio.wait_for(seen.informer.synced(), 20)
            await seen.until(lambda: seen.marked)
    assert seen.health == [(True, None)]
    assert seen.informer.unhealthy_since is None


@pytest.mark.parametrize(("resource", "bookmarks"), [(PODS, True), (EVENTS, False)])
async def test_what_it_asks_for(resource: Resource, bookmarks: bool, tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []
    script = Script(1, [], [])

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        return await script(request)

    async with served(answer, tmp_path) as (_, api):
        options = {"resource": resource, "bookmarks": bookmarks}
        seen = Seen(api, labels="a=b", fields="type=Warning", **options)
        async with running(seen):
            await seen.until(lambda: seen.marked)
    select = {"labelSelector": "a=b", "fieldSelector": "type=Warning"}
    assert asked[0] == {"limit": "500", **select}
    window = int(asked[1].pop("timeoutSeconds"))
    assert 300 <= window <= 600
    marks = {"allowWatchBookmarks": "true"} if bookmarks else {}
    assert asked[1] == {"watch": "1", "resourceVersion": "100", **marks, **select}


async def test_what_leaves_the_selector_is_gone_and_may_come_back(tmp_path: Path) -> None:
    watch = Says(
        {"type": "ADDED", "object": pod(1, 200)},
        {"type": "DELETED", "object": pod(1, 201)},
        {"type": "ADDED", "object": pod(1, 202)},
        {"type": "DELETED", "object": pod(1, 202)},  # its last version, as some servers say it
        {"type": "DELETED", "object": pod(7, 203)},  # never seen
    )
    async with served(Script(1, [watch], []), tmp_path, Clock()) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await seen.until(lambda: len(seen.changes) == 4)
    assert seen.changes == [("uid-1", False), ("uid-1", True)] * 2
    assert seen.informer.objects == {}


async def test_versions_that_are_no_numbers_are_only_told_apart(tmp_path: Path) -> None:
    def event(kind: str, version: str) -> Object:
        return {"type": kind, "object": {"metadata": {"uid": "u", "resourceVersion": version}}}

    watch = Says(*(event("MODIFIED", v) for v in ("z9", "z9", "a1")), event("DELETED", "a1"))
    async with served(Script(1, [watch], []), tmp_path, Clock()) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await seen.until(lambda: len(seen.changes) == 3)
    assert seen.changes == [("u", False), ("u", False), ("u", True)]


async def test_an_event_of_five_mebibytes_survives(tmp_path: Path) -> None:
    watch = Says({"type": "ADDED", "object": pod(1, 200, data="x" * (5 << 20))})
    async with served(Script(1, [watch], []), tmp_path) as (_, api):
        seen = Seen(api, keep=lambda item: {**item, "data": len(item.get("data", ""))})
        async with running(seen):
            await seen.until(lambda: "uid-1" in seen.informer.objects)
    assert seen.informer.objects["uid-1"]["data"] == 5 << 20


async def test_it_resumes_from_a_bookmark(tmp_path: Path) -> None:
    mark = {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": "900"}}}
    script = Script(1, [Says(mark)], [])
    clock = Clock()
    async with served(script, tmp_path, clock) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await clock.pass_until(lambda: len(script.resumed_from) >= 2)
    assert script.resumed_from == ["100", "900"]
    assert script.lists == 1


async def test_what_it_remembers_of_deletions_is_bounded(tmp_path: Path) -> None:
    events = [{"type": "DELETED", "object": pod(n, 200 + n)} for n in range(GRAVES + 100)]
    last = {"type": "ADDED", "object": pod(-1, 1_000_000)}
    async with served(Script(1, [Says(*events, last)], []), tmp_path) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await seen.until(lambda: "uid--1" in seen.informer.objects)
    assert len(seen.informer._graves) == GRAVES


async def test_withdrawn_rights_are_said_in_the_clusters_words_and_asked_for_slowly(
    tmp_path: Path,
) -> None:
    clock = Clock()
    words = 'pods is forbidden: User "bot" cannot list resource "pods" in the namespace "team-a"'

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(status(403, "Forbidden", words), status=403)

    async with served(answer, tmp_path, clock) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await clock.pass_until(lambda: len(clock.begun) == 6)
    assert seen.health == [(False, words)]
    assert seen.informer.unhealthy_since is not None
    gaps = [b - a for a, b in zip(clock.begun, clock.begun[1:], strict=False)]
    assert min(gaps) >= 60


def streams() -> list[Any]:
    found = []
    for name in ("list-watch", "bookmarks", "expired-and-restart"):
        for exchange in exchanges(name):
            events = exchange.get("response", {}).get("stream")
            if events is not None and "/log" not in exchange["request"]["path"]:
                label = f"{name}: {exchange.get('note', '')}"[:70]
                found.append(pytest.param(exchange["response"], id=label))
    return found


@pytest.mark.parametrize("response", streams())
async def test_it_survives_every_recorded_watch(response: Any, tmp_path: Path) -> None:
    """Whatever a real server sent, the copy is right again after it."""

    class Replays(Fault):
        async def serve(self, script, request, version) -> web.StreamResponse:
            events = [e["event"] for e in response["stream"] if "event" in e]
            if response["status"] != 200:
                return web.Response(status=response["status"], body=lines(events))
            stream = await opened(request)
            await told(stream, events)
            return stream

    script, clock = Script(1, [Replays()], []), Clock()
    script.history.version = script.history.oldest = 0
    async with served(script, tmp_path, clock) as (_, api):
        seen = Seen(api)
        async with running(seen):
            await clock.pass_until(lambda: len(script.resumed_from) >= 2)
    assert script.lists in {1, 2}


async def test_events_are_awaited_as_long_as_their_window(tmp_path: Path) -> None:
    """They have no bookmarks, so that silence is normal; a dead stream is noticed all the same."""
    asked: list[float | None] = []

    class Curious(Api):
        def stream(self, path: str, params: Any, *, silence: float | None) -> Any:
            asked.append(silence and silence - int(params["timeoutSeconds"]))
            return super().stream(path, params, silence=silence)

    script = Script(1, [], [])
    async with served(script, tmp_path) as (_, api):
        api.__class__ = Curious
        seen = Seen(api, resource=EVENTS, bookmarks=False)
        async with running(seen):
            await seen.until(lambda: seen.marked)
    assert asked == [Rhythm().cap]
