"""What passes through a connected server is never held: not on the way out, not on the way in.

Both ends are in this process, so the memory that is traced is what servers and test hold
together. The mutants gather a body before it goes on.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from http import HTTPStatus

import pytest

from submarine_ext.app import proxy

PIECE = bytes(256 * 1024)
PIECES = 256  # 64 MiB
#: What a few buffers on the way may hold, in bytes; a body that is held is four times that.
MOST = 16 * 1024 * 1024
DIGEST = "0" * 64
HEADERS = "Authorization: token token-bob\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def wire(call, stage, jp_http_port, jp_asyncio_loop):
    """``reader, writer = await wire(head)``: a connection whose bytes the test counts itself."""
    writers = []

    async def connect(head: str):
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port, limit=1 << 16)
        writers.append(writer)
        writer.write(f"{head}\r\n".encode())
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()


def getting(path: str) -> str:
    return f"GET /a%40b/submarine/api{path} HTTP/1.1\r\n{HEADERS}"


def putting(length: int) -> str:
    path = f"/a%40b/submarine/api/bundles/{DIGEST}"
    kind = "Content-Type: application/gzip\r\n"
    return f"PUT {path} HTTP/1.1\r\n{HEADERS}{kind}Content-Length: {length}\r\n"


class Traced:
    """The most memory that was in use at once, over what was in use before."""

    def __enter__(self):
        tracemalloc.start()
        tracemalloc.reset_peak()
        self._before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *_):
        self.peak = tracemalloc.get_traced_memory()[1] - self._before
        tracemalloc.stop()


async def much(handler, _):
    """64 MiB, as fast as they are taken."""
    for _ in range(PIECES):
        handler.write(PIECE)
        await handler.flush()
    await handler.finish()


async def read_all(reader) -> int:
    """How much came; each read lets both servers run ahead if they can."""
    size = 0
    while len(chunk := await reader.read(1 << 16)):
        size += len(chunk)
        await asyncio.sleep(0)
    return size


class TestADownload:
    async def test_begins_before_it_has_ended(self, wire, stage):
        begun = asyncio.Event()

        async def in_two(handler, _):
            handler.write(b"the beginning")
            await handler.flush()
            await begun.wait()
            await handler.finish(b", the end")

        stage.answer = in_two
        reader, _ = await wire(getting("/jobs/j00000000000/artifacts/model.bin"))
        await reader.readuntil(b"the beginning")
        begun.set()
        await reader.readuntil(b", the end")

    async def download(self, wire, stage) -> int:
        stage.answer = much
        head = getting("/jobs/j00000000000/artifacts/model.bin") + "Connection: close\r\n"
        with Traced() as traced:
            reader, _ = await wire(head)
            assert await read_all(reader) > PIECES * len(PIECE)
        return traced.peak

    async def test_is_never_held(self, wire, stage):
        assert await self.download(wire, stage) < MOST

    async def test_that_is_held_would_be_found(self, wire, stage, monkeypatch):
        """The mutant: the whole answer is read, then sent."""

        async def gathered(self, answer, begin=b""):
            _ = self.finish(await answer.read())

        monkeypatch.setattr(proxy.Forward, "pass_on", gathered)
        assert await self.download(wire, stage) > MOST

    async def test_ends_at_the_service_when_the_visitor_leaves(self, wire, stage):
        stage.answer = much
        reader, writer = await wire(getting("/jobs/j00000000000/artifacts/model.bin"))
        await reader.read(1000)
        writer.close()
        await stage.left.wait()

    async def test_that_breaks_at_the_service_does_not_look_whole(self, wire, stage):
        read = asyncio.Event()

        async def breaks(handler, _):
            handler.write(b"half of it")
            await handler.flush()
            await read.wait()
            handler.request.connection.detach().close()

        stage.answer = breaks
        reader, _ = await wire(getting("/files/p/data.csv"))
        await reader.readuntil(b"half of it")
        read.set()
        told = await reader.read()  # ends, because the connection does
        assert not told.endswith(b"0\r\n\r\n")

    async def test_of_a_known_length_keeps_it(self, wire, stage):
        async def known(handler, _):
            handler.set_header("Content-Length", "5")
            handler.write(b"12345")
            await handler.finish()

        stage.answer = known
        reader, _ = await wire(getting("/files/p/data.csv") + "Connection: close\r\n")
        assert b"Content-Length: 5\r\n" in await reader.read()

    async def test_that_is_only_asked_about_keeps_its_length(self, call, stage):
        async def known(handler, _):
            handler.set_header("Content-Length", "12345")
            await handler.finish()

        stage.answer = known
        answer = await call("HEAD", f"/bundles/{DIGEST}", headers=BOB)
        assert (answer.status, answer.headers["Content-Length"]) == (200, "12345")


BOB = {"Authorization": "token token-bob"}


class TestAnUpload:
    async def test_arrives_before_it_was_sent(self, wire, stage):
        arrived = asyncio.Event()

        async def note(_):
            arrived.set()

        stage.chunk = note
        reader, writer = await wire(putting(2))
        writer.write(b"a")
        await arrived.wait()
        writer.write(b"b")
        assert b"200 OK" in await reader.readline()

    async def upload(self, wire, stage) -> int:
        size = 0

        async def slowly(chunk):
            nonlocal size
            size += len(chunk)
            for _ in range(3):  # whoever sends could run ahead meanwhile
                await asyncio.sleep(0)

        stage.chunk = slowly
        with Traced() as traced:
            reader, writer = await wire(putting(PIECES * len(PIECE)))
            for _ in range(PIECES):
                writer.write(PIECE)
                await writer.drain()
            assert b"200 OK" in await reader.readline()
        assert size == PIECES * len(PIECE)
        return traced.peak

    async def test_is_never_held(self, wire, stage):
        assert await self.upload(wire, stage) < MOST

    async def test_that_is_held_would_be_found(self, wire, stage, monkeypatch):
        """The mutant: a queue without an end between the two connections."""
        monkeypatch.setattr(proxy, "Body", Endless)
        assert await self.upload(wire, stage) > MOST

    async def test_of_a_visitor_who_leaves_ends_at_the_service(self, wire, stage):
        arrived = asyncio.Event()

        async def note(_):
            arrived.set()

        stage.chunk = note
        _, writer = await wire(putting(1000))
        writer.write(b"a")
        await arrived.wait()
        writer.close()
        await stage.left.wait()

    async def test_that_is_refused_before_its_end_hears_why(self, wire, stage):
        """What still comes is dropped, and the answer is not."""

        async def full(handler, _):
            handler.set_status(HTTPStatus.INSUFFICIENT_STORAGE)
            handler.set_header("Content-Type", "application/problem+json")
            await handler.finish(b'{"code": "storage_full"}')

        stage.begin = full
        reader, writer = await wire(putting(8))
        writer.write(b"1234")
        await asyncio.sleep(0)
        writer.write(b"5678")
        assert b"507" in await reader.readline()


class Endless(proxy.Body):
    """Takes everything at once and gives it on only when it was all."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[bytes] = []

    async def put(self, chunk):
        if chunk is not None:
            self._held.append(chunk)
            return
        await self._chunks.put(b"")

    async def __aiter__(self):
        await self._chunks.get()
        for chunk in self._held:
            yield chunk
