"""A cluster that lies, or whoever stands between: nobody grows, waits or ends for ever (B22)."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes import informer, transport
from submarine_ext.engines.kubernetes.answers import LONGEST_WAIT, from_status, refusal
from submarine_ext.engines.kubernetes.diagnosis.facts import moment
from submarine_ext.engines.kubernetes.transport import ApiError
from tests.kubernetes.scripted import Clock, opened, session, silent, status
from tests.kubernetes.seeing import Seen, running

SMALL = 100_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST", SMALL)


async def endless(request: web.Request) -> web.StreamResponse:
    """An answer without an end, of a length that nobody told."""
    stream = await opened(request)
    for _ in range(10_000):
        await stream.write(b" " * 10_000)
    return stream


async def bomb(request: web.Request) -> web.StreamResponse:
    """A few KiB that unpack to as many MiB."""
    return web.Response(
        body=gzip.compress(b" " * (SMALL * 20)), headers={"Content-Encoding": "gzip"}
    )


async def endless_refusal(request: web.Request) -> web.StreamResponse:
    return web.Response(status=403, body=b"x" * SMALL * 2)


@pytest.mark.parametrize("answer", [endless, bomb, endless_refusal])
@pytest.mark.usefixtures("small")
async def test_no_answer_is_read_beyond_what_one_may_be(answer: Any, tmp_path: Path) -> None:
    """Catches the mutant ``await response.read()``."""
    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError) as no:
            await api.request("GET", "/api/v1/namespaces/team-a/pods")
    assert (no.value.status, no.value.reason) == (0, "TooLong")


WRONG: list[Any] = [7, "text", [1], True, None, {"a": 1}, 1.5, -3]


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["code", "reason", "message", "details"])
def test_a_status_of_wrong_types_is_an_error_all_the_same(field: str, value: Any) -> None:
    """Catches the mutant that calls ``details.get`` whatever it is: its caller would end."""
    told = {**status(403, "Forbidden", "no"), field: value}
    assert isinstance(from_status(told), ApiError)


@pytest.mark.parametrize("asked", [10**18, 10**400, -5, "1", [1], True], ids=lambda a: str(a)[:20])
def test_nobody_is_made_to_wait_for_ever(asked: Any) -> None:
    """Catches the mutant that believes any ``retryAfterSeconds``: it would hold the session."""
    told = status(429, "TooManyRequests", "wait", details={"retryAfterSeconds": asked})
    error = from_status(told)
    assert error.retry_after is None or 0 <= error.retry_after <= LONGEST_WAIT
    assert (refusal(429, {"Retry-After": "9" * 400}, b"").retry_after or 0) <= LONGEST_WAIT


@pytest.mark.parametrize(
    "value",
    ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026", "", 5, None, ["x"], "\0"],
)
def test_a_time_that_is_none_is_no_time(value: Any) -> None:
    """Catches the mutant that lets a year 10000 through, of which no clock can tell."""
    assert moment(value) is None or 0 < moment(value) < 4e9  # type: ignore[operator]


def pod(name: str, **more: Any) -> dict[str, Any]:
    about = {"name": name, "uid": name, "resourceVersion": "5", "namespace": "team-a"}
    return {"metadata": about, **more}


LISTS: list[Any] = [
    {"items": ["no object"]},
    {"items": [{"metadata": [1]}]},
    {"items": 7},
    {"items": [{"metadata": {"uid": "x"}, "spec": 7}], "metadata": 3},
]


@pytest.mark.parametrize("nonsense", LISTS)
async def test_a_list_of_nonsense_ends_no_watch(nonsense: Any, tmp_path: Path) -> None:
    """Catches the mutant ``Informer.run`` that ends with what it did not foresee."""
    clock, asked = Clock(), 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        if "watch" in request.query:
            stream = await opened(request)
            await silent(request)
            return stream
        asked += 1
        good = {"items": [pod("a")], "metadata": {"resourceVersion": "5"}}
        return web.json_response(nonsense if asked < 3 else good)

    async with session(answer, tmp_path, clock) as api:
        seen = Seen(api)
        async with running(seen):
            await clock.pass_until(lambda: asked >= 3)
            await seen.until(lambda: list(seen.informer.objects) == ["a"])
            await seen.until(lambda: seen.health[-1] == (True, None))
    assert seen.health[0][0] is False  # and it was said meanwhile


async def test_one_persons_huge_objects_do_not_hide_everybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 of the largest objects are more than an answer may be: then fewer are asked for.

    Catches the mutant with a page of always 500: the namespace would never be seen again.
    """
    monkeypatch.setattr(transport, "LARGEST", SMALL)
    pages, clock = [], Clock()
    names = [f"p{number}" for number in range(40)]

    async def answer(request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            stream = await opened(request)
            await silent(request)
            return stream
        limit, begin = int(request.query["limit"]), int(request.query.get("continue", 0))
        pages.append(limit)
        items = [pod(name, status={"x": "x" * 10_000}) for name in names[begin : begin + limit]]
        more = {"continue": str(begin + limit)} if begin + limit < len(names) else {}
        return web.json_response({"items": items, "metadata": {"resourceVersion": "5", **more}})

    async with session(answer, tmp_path, clock) as api:
        seen = Seen(api)
        async with running(seen):
            await clock.pass_until(lambda: len(seen.informer.objects) == len(names))
    assert pages[0] == informer.PAGE
    assert min(pages) < 10


async def test_a_huge_event_is_not_gathered_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of a watch that does not end."""
    monkeypatch.setattr(informer, "LONGEST", SMALL)
    clock, lists = Clock(), 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal lists
        if "watch" in request.query:
            return await endless(request)
        lists += 1
        return web.json_response({"items": [], "metadata": {"resourceVersion": "5"}})

    async with session(answer, tmp_path, clock) as api:
        seen = Seen(api)
        async with running(seen), asyncio.timeout(60):
            await clock.pass_until(lambda: lists >= 3)
