"""What a session sends, and how it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.transport import ApiError
from tests.kubernetes.scripted import (
    Server,
    connect,
    cut,
    hello,
    opened,
    session,
    silent,
)


def test_a_server_without_the_engine_imports_none_of_its_heavy_packages() -> None:
    code = (
        "import sys, submarine_ext.engines.kubernetes.settings\n"
        "import submarine_ext.engines.kubernetes.kinds.base\n"
        "print({'aiohttp', 'kubernetes', 'yaml', 'fsspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


async def test_a_request_bears_the_token_and_json(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path, dict(request.query), await request.text()))
        seen.append(dict(request.headers))
        return web.json_response({"done": True}, status=201)

    async with session(answer, tmp_path) as api:
        told = await api.request("POST", "/api/v1/pods", params={"dryRun": "All"}, body={"a": 1})
        assert told == {"done": True}
        await api.request("PATCH", "/api/v1/pods", body={"a": 2}, patch=True)
    assert seen[0] == ("POST", "/api/v1/pods", {"dryRun": "All"}, '{"a":1}')
    assert seen[1]["Authorization"] == "Bearer a-token"
    assert seen[1]["Content-Type"] == "application/json"
    assert seen[3]["Content-Type"] == "application/merge-patch+json"


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError, match="redirects elsewhere"):
            await api.request("GET", "/api")
    assert asked == ["/api"]


@pytest.mark.parametrize(
    "path", ["/api/v1/../secrets", "/a/./b", "/a?x=1", "/a#b", "/a/%2e%2e/b", "/a b", "a", "//h/x"]
)
async def test_a_name_cannot_lead_a_request_elsewhere(path: str, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await hello(request)

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError, match="no place on a cluster"):
            await api.request("GET", path)
    assert asked == []


async def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    async with Server(hello) as server:
        api = await connect(tmp_path, server.url)
        await server.down()
        with pytest.raises(ApiError, match="is not reachable") as failed:
            await api.request("GET", "/api")
        with pytest.raises(ApiError, match="is not reachable"):
            async with api.stream("/api", {}, silence=None):
                pass
        await api.close()
    assert (failed.value.status, failed.value.reason) == (0, "Unreachable")
    assert failed.value.transient


async def test_a_server_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await silent(request)
        return web.Response()

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError, match="does not answer") as failed:
            await api.request("GET", "/api", timeout=0.1)
        assert api.pace.away
    assert (failed.value.reason, failed.value.transient) == ("Timeout", True)


async def test_an_answer_cut_short_is_transient(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        await stream.write(b'{"half":')
        cut(request)
        return stream

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError) as failed:
            await api.request("GET", "/api")
    assert failed.value.transient
