"""Credentials are renewed in time, once for all who wait."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.refresh import Keeper
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import Api, ApiError
from tests.kubernetes.kubeconfigs import answer, plugged, program
from tests.kubernetes.scripted import Server, hello, kubeconfig, session, status


async def test_a_refused_token_is_renewed_once_for_all_who_wait(tmp_path: Path) -> None:
    """The kubeconfig was written anew meanwhile: somebody logged in again."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        if asked[-1] == "Bearer new":
            return await hello(request)
        return web.json_response(status(401, "Unauthorized", "Unauthorized"), status=401)

    async with Server(answer) as server:
        path = kubeconfig(tmp_path / "kubeconfig", server.url, {"token": "old"})
        keeper = await Keeper.open(Settings(kubeconfig=str(path)))
        keeper._loaded -= 60
        api = Api(keeper)
        kubeconfig(path, server.url, {"token": "new"})
        answers = await asyncio.gather(*(api.request("GET", "/api") for _ in range(20)))
        await api.close()
    assert answers == [{"hello": True}] * 20
    assert asked.count("Bearer new") == 20


async def test_credentials_that_stay_refused_are_tried_twice_and_no_more(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(status(401, "Unauthorized", "Unauthorized"), status=401)

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError) as failed:
            await api.request("GET", "/api")
    assert (failed.value.status, failed.value.transient, len(asked)) == (401, True, 2)


async def test_many_requests_that_meet_an_expired_token_run_the_plugin_once(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    told = answer(token="t", expirationTimestamp=until.isoformat())
    settings, _ = plugged(home, f"echo x >> {home}/runs; {told}")
    keeper = await Keeper.open(settings)
    assert await keeper.current() is keeper.access
    expire(keeper, seconds=-1)
    found = await asyncio.gather(*(keeper.current() for _ in range(50)))
    assert len(set(map(id, found))) == 1
    assert (home / "runs").read_text() == "x\nx\n"


async def test_who_gives_up_waiting_does_not_make_the_plugin_run_twice(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    told = answer(token="t", expirationTimestamp=until.isoformat())
    gate, runs = home / "gate", home / "runs"
    wait = f"while [ -e {gate} ]; do sleep 0.02; done"
    settings, _ = plugged(home, f"echo x >> {runs}; {wait}; {told}")
    keeper = await Keeper.open(settings)
    old = keeper.access
    gate.touch()
    expire(keeper, seconds=-1)
    first = asyncio.create_task(keeper.current())
    while runs.read_text() != "x\nx\n":
        await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)  # it begins to wait
    gate.unlink()
    assert (await second).authorization == "Bearer t"
    assert keeper.access is not old
    assert runs.read_text() == "x\nx\n"


async def test_a_plugin_that_fails_is_overlooked_until_the_old_token_ends(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    settings, plugin = plugged(home, answer(token="t", expirationTimestamp=until.isoformat()))
    keeper = await Keeper.open(settings)
    program(plugin, "exit 3")
    expire(keeper, seconds=30)
    assert (await keeper.current()).authorization == "Bearer t"
    expire(keeper, seconds=-1)
    with pytest.raises(ApiError, match="ended with code 3") as failed:
        await keeper.current()
    assert (failed.value.status, failed.value.transient) == (401, True)


def expire(keeper: Keeper, *, seconds: float) -> None:
    """As if time had passed: it is due for renewal, and ends in so many seconds."""
    keeper._loaded -= 60
    values = {name: getattr(keeper.access, name) for name in keeper.access.__dataclass_fields__}
    ends = {"expires": time.time() + seconds, "renew_at": time.time() - 1}
    keeper.access = type(keeper.access)(**{**values, **ends})
