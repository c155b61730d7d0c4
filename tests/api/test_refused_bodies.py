"""Whoever is refused while they still send hears why: they read nothing before they have sent.

A connection that is closed under a sender takes the answer along (TCP resets it). The senders
here are plain sockets that do not read until everything is written.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from submarine_ext.api import base

MIB = 1024 * 1024
LIMIT = 64 * 1024
#: More than the buffers between the two ends hold.
MUCH = 24 * MIB
GZIP = "Content-Type: application/gzip\r\n"
JSON = "Content-Type: application/json\r\n"
BUNDLE = f"PUT /bundles/{'0' * 64}"
PIECE = b"%x\r\n%b\r\n" % (MIB, bytes(MIB))


@pytest.fixture
def jp_server_config(jp_server_config):
    provider = "submarine_ext.testing.identity.PeopleByToken"
    jp_server_config["ServerApp"]["identity_provider_class"] = provider
    jp_server_config["PeopleByToken"] = {"people": {"token-alice": "alice"}}
    jp_server_config["SubmarineExtension"] = {"max_bundle_bytes": LIMIT}
    return jp_server_config


class Sender:
    """A connection that is written to first and read afterwards."""

    def __init__(self, reader, writer) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, what: str, *headers: str, token: str = "token-alice") -> None:
        verb, path = what.split(" ")
        head = f"{verb} /a%40b/submarine/api{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        credential = f"Authorization: token {token}\r\n"
        self._writer.write(f"{head}{credential}{''.join(headers)}\r\n".encode())

    async def body(self, size: int, piece: bytes = bytes(MIB), end: bytes = b"") -> None:
        for _ in range(size // MIB):
            self._writer.write(piece)
            await self._writer.drain()
        self._writer.write(end)

    async def all_there_is(self) -> None:
        """Never ends by itself."""
        while True:
            await self.body(MIB, PIECE)

    async def heard(self) -> tuple[int, dict]:
        """The status, and what the answer says."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
        body = await self._reader.readexactly(int(lines["Content-Length"]))
        return int(head.split(" ")[1]), json.loads(body)

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def connect(call, jp_http_port, jp_asyncio_loop):
    opened = []

    async def connect() -> Sender:
        opened.append(Sender(*await asyncio.open_connection("127.0.0.1", jp_http_port)))
        return opened[-1]

    yield connect
    for sender in opened:
        sender.close()


@pytest.mark.modes("embedded", "service", "connected")
class TestWhoeverIsRefused:
    @pytest.mark.parametrize(
        ("what", "kind", "token", "status", "code"),
        [
            (BUNDLE, GZIP, "token-alice", 413, "too_large"),
            (BUNDLE, JSON, "token-alice", 415, "unsupported_media_type"),
            (BUNDLE, GZIP, "made-up", 403, "unauthenticated"),
            ("PUT /files/vision/a.bin", GZIP, "token-alice", 404, "not_found"),
            ("POST /projects", JSON, "token-alice", 413, "too_large"),
            ("POST /bundles", JSON, "token-alice", 413, "too_large"),
            ("PUT /projects", JSON, "token-alice", 405, "method_not_allowed"),
            ("POST /nowhere", JSON, "token-alice", 404, "not_found"),
        ],
        ids=["length", "type", "stranger", "project", "json", "packing", "verb", "route"],
    )
    async def test_hears_why_after_all_is_sent(self, connect, what, kind, token, status, code):
        sender = await connect()
        await sender.send(what, kind, f"Content-Length: {MUCH}\r\n", token=token)
        await sender.body(MUCH)
        heard, told = await sender.heard()
        assert (heard, told["code"]) == (status, code)
        await sender.send("GET /me")  # the connection is as good as before
        assert (await sender.heard())[0] == 200

    async def test_hears_why_when_it_shows_only_on_the_way(self, connect):
        """Nothing says how much comes."""
        sender = await connect()
        await sender.send(BUNDLE, GZIP, "Transfer-Encoding: chunked\r\n")
        await sender.body(MUCH, PIECE, end=b"0\r\n\r\n")
        assert (await sender.heard())[0] == 413

    async def test_need_not_send_what_they_ask_about_first(self, connect):
        sender = await connect()
        expects = "Expect: 100-continue\r\n"
        await sender.send(BUNDLE, JSON, expects, f"Content-Length: {MUCH}\r\n", token="made-up")
        assert (await sender.heard())[0] == 403

    async def test_is_cut_off_in_the_end(self, connect, monkeypatch):
        """The mutant reads on for as long as somebody sends."""
        monkeypatch.setattr(base, "THROWN_AWAY", MIB)
        sender = await connect()
        await sender.send(BUNDLE, GZIP, "Transfer-Encoding: chunked\r\n", token="made-up")
        with pytest.raises(ConnectionError):
            await sender.all_there_is()


@pytest.mark.modes("embedded", "service")
async def test_whoever_listens_hears_it_while_they_send(connect):
    sender = await connect()
    await sender.send(BUNDLE, GZIP, "Transfer-Encoding: chunked\r\n")
    await sender.body(MIB, PIECE)
    assert (await sender.heard())[0] == 413
