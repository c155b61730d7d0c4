"""Streams: bytes as they come, and how each end is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.transport import ApiError
from tests.kubernetes.scripted import (
    cut,
    opened,
    session,
    silent,
)


async def test_a_stream_hands_on_bytes_until_the_server_ends(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        for piece in (b"\x1e\x00", b"\xff" * 300_000, b"end"):
            await stream.write(piece)
        return stream

    async with session(answer, tmp_path) as api, api.stream("/log", {}, silence=9) as pieces:
        got = b"".join([piece async for piece in pieces])
    assert got == b"\x1e\x00" + b"\xff" * 300_000 + b"end"


@pytest.mark.parametrize(("silence", "reason"), [(0.1, "Silence"), (None, "Cut")])
async def test_a_stream_that_stops_says_how(
    silence: float | None, reason: str, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        await stream.write(b"begun")
        await silent(request) if silence else cut(request)
        return stream

    async with session(answer, tmp_path) as api, api.stream("/log", {}, silence=silence) as pieces:
        assert await anext(pieces) == b"begun"
        with pytest.raises(ApiError) as failed:
            await anext(pieces)
    assert (failed.value.reason, failed.value.status) == (reason, 0)


async def test_a_stream_that_is_refused_or_empty_is_an_error(tmp_path: Path) -> None:
    answers = [web.Response(status=204), web.Response(status=400, text="is waiting to start")]

    async def answer(request: web.Request) -> web.Response:
        return answers.pop(0)

    async with session(answer, tmp_path) as api:
        for code in (204, 400):
            with pytest.raises(ApiError) as failed:
                async with api.stream("/log", {}, silence=None):
                    pass
            assert failed.value.status == code
            assert not failed.value.transient


async def test_a_dead_peer_of_a_stream_is_noticed_by_its_socket(tmp_path: Path) -> None:
    import socket

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        await silent(request)
        return stream

    async with session(answer, tmp_path) as api, api.stream("/log", {}, silence=None):
        (connection,) = [held for group in [api._session.connector._acquired] for held in group]
        plug = connection.transport.get_extra_info("socket")
        assert plug.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
