"""How often one session asks, all of its users together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.pace import AWAY, BURST, RATE
from submarine_ext.engines.kubernetes.transport import AT_ONCE, ApiError
from tests.kubernetes.scripted import (
    Clock,
    hello,
    session,
    too_many,
)


async def test_only_so_many_requests_are_under_way_at_once(tmp_path: Path) -> None:
    now, most, full = 0, 0, asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == AT_ONCE:
            full.set()
        await full.wait()
        now -= 1
        return await hello(request)

    async with session(answer, tmp_path, Clock()) as api:
        await asyncio.gather(*(api.request("GET", "/api") for _ in range(3 * AT_ONCE)))
    assert most == AT_ONCE


async def test_requests_are_paced_in_the_long_run() -> None:
    clock = Clock()
    count = int(BURST) + 500

    async def one() -> None:
        await clock.turn()
        clock.report(here=True)

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    await clock.pass_until(lambda: all(task.done() for task in tasks))
    assert clock.now == pytest.approx(500 / RATE, abs=1.5 / RATE)


async def test_nobody_asks_before_the_server_said(tmp_path: Path) -> None:
    """A 429 holds the whole session, for as long as the server asked."""
    answers = [too_many(), web.json_response({})]
    clock = Clock()

    async def answer(request: web.Request) -> web.Response:
        return answers.pop(0)

    async with session(answer, tmp_path, clock) as api:
        with pytest.raises(ApiError) as failed:
            await api.request("GET", "/api")
        assert failed.value.retry_after == 1
        later = asyncio.create_task(api.acting_as("alice", []).request("GET", "/api"))
        await clock.pass_until(later.done)
    assert clock.begun == [0, 1]


async def test_who_rests_while_the_server_is_away_is_woken_when_it_is_back() -> None:
    clock = Clock()
    clock.report(here=False)
    resting = asyncio.create_task(clock.rest(30))
    await asyncio.sleep(0)  # it begins to rest
    await clock.turn()
    clock.report(here=True)
    await resting
    assert clock.now < AWAY


async def test_who_cannot_wait_as_long_as_the_server_asked_is_told_so(tmp_path: Path) -> None:
    """It is there, so nobody may say that it is away."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "60"})

    async with session(answer, tmp_path) as api:
        for limit in (30, 0.05):
            with pytest.raises(ApiError) as failed:
                await api.request("GET", "/api", timeout=limit)
            assert failed.value.status == 429
        assert "asked for fewer requests" in failed.value.message
        assert not api.pace.away
