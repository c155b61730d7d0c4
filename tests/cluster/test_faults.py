"""Each fault does what its name says, once, and the server goes on as before.

A client's resilience is tested with these faults, so they must be what they claim: bytes that
stop in the middle of a line, an answer lost after the work was done, a silent open socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from .cluster import Cluster
from .faults import (
    Answer,
    CloseStream,
    CutStream,
    Delay,
    Drop,
    EndAtOnce,
    Fault,
    RepeatEvents,
    StallStream,
    SwapEvents,
    verbs,
    watches,
    writes,
)
from .grants import token_in

PATH = "/api/v1/namespaces/team-b/configmaps"
LOST = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)
#: Nothing that acts by itself: what a watch shows is what the test did.
QUIET = ("janitors", "kubelet", "podlog", "disruptions")


class Lines:
    """What came of a stream."""

    def __init__(self) -> None:
        self.raw = b""
        self._more = asyncio.Event()

    def add(self, chunk: bytes) -> None:
        self.raw += chunk
        self._more.set()

    @property
    def names(self) -> list[str]:
        """The objects in whole lines."""
        lines = self.raw.split(b"\n")[:-1]
        return [json.loads(line)["object"]["metadata"]["name"] for line in lines]

    async def reach(self, count: int) -> None:
        while len(self.names) < count:
            await self._more.wait()
            self._more.clear()


class Client:
    """A few requests, and the lines of a watch as they come."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def make(self, name: str) -> int:
        async with self._session.post(PATH, json={"metadata": {"name": name}}) as answer:
            return answer.status

    async def names(self) -> list[str]:
        async with self._session.get(PATH) as answer:
            return [item["metadata"]["name"] for item in (await answer.json())["items"]]

    async def watch(self, got: Lines, **query: str) -> None:
        """Read until the stream ends; raises what breaks it."""
        async with self._session.get(PATH, params={"watch": "1", **query}) as answer:
            async for chunk in answer.content.iter_any():
                got.add(chunk)


@asynccontextmanager
async def quiet(*faults: Fault) -> AsyncIterator[tuple[Cluster, Client]]:
    """A namespace with the ConfigMaps a, b and c, and then the faults."""
    async with Cluster(without=QUIET) as cluster:
        headers = {"Authorization": f"Bearer {token_in(cluster.kubeconfig)}"}
        async with aiohttp.ClientSession(cluster.url, headers=headers) as session:
            client = Client(session)
            for name in "abc":
                assert await client.make(name) == 201
            for fault in faults:
                cluster.faults.add(fault)
            yield cluster, client


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_error_answers_instead_of_the_server_and_nothing_is_done(status: int) -> None:
    async with quiet(Answer(status=status, when=writes)) as (_, client):
        assert await client.make("d") == status
        assert await client.names() == ["a", "b", "c"]
        assert await client.make("d") == 201


async def test_a_fault_meets_only_the_calls_it_names() -> None:
    async with quiet(Answer(when=verbs("create", resource="secrets"))) as (cluster, client):
        assert await client.make("d") == 201
        assert len(cluster.faults.active) == 1


@pytest.mark.parametrize(("after", "made"), [(False, False), (True, True)])
async def test_a_connection_drops_before_or_after_the_work(after: bool, made: bool) -> None:
    async with quiet(Drop(after=after, when=writes)) as (_, client):
        with pytest.raises(LOST):
            await client.make("d")
        assert ("d" in await client.names()) is made


async def test_a_late_answer_is_the_answer() -> None:
    async with quiet(Delay(seconds=0.01)) as (cluster, client):
        assert await client.names() == ["a", "b", "c"]
        assert cluster.faults.active == []


async def test_a_stream_can_end_at_once() -> None:
    got = Lines()
    async with quiet(EndAtOnce(when=watches("configmaps"))) as (_, client):
        await client.watch(got)
    assert got.raw == b""


async def test_a_stream_can_be_cut_in_the_middle_of_a_line() -> None:
    got = Lines()
    async with quiet(CutStream(lines=2, when=watches())) as (_, client):
        with pytest.raises(LOST):
            await client.watch(got)
    assert got.names == ["a", "b"]
    assert not got.raw.endswith(b"\n")


async def test_a_stream_can_end_cleanly_after_some_lines() -> None:
    got = Lines()
    async with quiet(CloseStream(lines=2, when=watches())) as (_, client):
        await client.watch(got)
    assert got.names == ["a", "b"]
    assert got.raw.endswith(b"\n")


async def test_a_stream_can_fall_silent_and_stay_open() -> None:
    """The third object was there before the watch: only the fault keeps it back."""
    got = Lines()
    async with quiet(StallStream(lines=2, when=watches())) as (cluster, client):
        watching = asyncio.create_task(client.watch(got))
        await got.reach(2)
        assert await client.make("d") == 201
        assert not watching.done()
        await cluster.acall(cluster.faults.released.set)
        await watching
    assert got.names == ["a", "b"]


async def test_events_can_come_twice_and_out_of_order() -> None:
    async with quiet(RepeatEvents(), SwapEvents(), CloseStream(lines=6)) as (_, client):
        got = Lines()
        await client.watch(got)
    assert got.names == ["a", "a", "c", "c", "b", "b"]


async def test_an_api_that_was_away_has_its_objects_and_has_forgotten_versions() -> None:
    async with quiet() as (cluster, client):
        await asyncio.to_thread(cluster.down)
        with pytest.raises(LOST):
            await client.names()
        await asyncio.to_thread(cluster.up)
        assert await client.names() == ["a", "b", "c"]
        got = Lines()
        await client.watch(got, resourceVersion="1")
    assert json.loads(got.raw)["object"]["code"] == 410


async def test_every_open_connection_can_be_reset() -> None:
    got = Lines()
    async with quiet() as (cluster, client):
        watching = asyncio.create_task(client.watch(got))
        await got.reach(3)
        await asyncio.to_thread(cluster.cut_all)
        with pytest.raises(LOST):
            await watching
        assert await client.names() == ["a", "b", "c"]
