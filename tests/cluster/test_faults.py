"""What the fake does on command: each fault as a client sees it, and the API being away."""

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
    Drop,
    EndAtOnce,
    Fault,
    RepeatEvents,
    StallStream,
    SwapEvents,
    verbs,
    watches,
)
from .parts import PARTS

PATH = "/api/v1/namespaces/team-a/configmaps"


@asynccontextmanager
async def cluster_with(*faults: Fault) -> AsyncIterator[tuple[Cluster, aiohttp.ClientSession]]:
    """Three ConfigMaps, and a client of the administrator."""
    async with Cluster(without=set(PARTS)) as cluster:
        for name in "abc":
            body = {"metadata": {"name": name}}
            await cluster.acall(cluster.inside.create, "configmaps", "team-a", body)
        for fault in faults:
            cluster.faults.add(fault)
        headers = {"Authorization": "Bearer admin-token"}
        async with aiohttp.ClientSession(cluster.url, headers=headers) as session:
            yield cluster, session


async def names(session: aiohttp.ClientSession, **query: str) -> list[str]:
    """Names in the events of a watch, until it ends."""
    found: list[str] = []
    asked = {"watch": "1", "timeoutSeconds": "0.3", **query}
    async with session.get(PATH, params=asked) as answer:
        async for line in answer.content:
            event = json.loads(line)
            found.append(event["object"].get("metadata", {}).get("name") or event["type"])
    return found


async def read_into(received: bytearray, session: aiohttp.ClientSession) -> None:
    async with session.get(PATH, params={"watch": "1"}) as answer:
        async for chunk in answer.content.iter_any():
            received += chunk


class TestAStream:
    async def test_that_is_cut_ends_in_the_middle_of_a_line(self) -> None:
        async with cluster_with(CutStream(when=watches(), lines=1)) as (_, session):
            received = bytearray()
            with pytest.raises(aiohttp.ClientPayloadError):
                await read_into(received, session)
            assert received.count(b"\n") == 1
            assert not received.endswith(b"\n")

    async def test_that_is_closed_ends_between_lines_without_an_error(self) -> None:
        async with cluster_with(CloseStream(when=watches("configmaps"), lines=2)) as (_, session):
            assert await names(session) == ["a", "b"]

    async def test_that_ends_at_once_answers_200_and_nothing(self) -> None:
        async with cluster_with(EndAtOnce(when=watches(), times=2)) as (_, session):
            assert [await names(session) for _ in range(3)] == [[], [], ["a", "b", "c"]]

    async def test_that_stalls_says_nothing_more_and_does_not_end(self) -> None:
        query = {"watch": "1", "timeoutSeconds": "0.1"}
        async with (
            cluster_with(StallStream(when=watches(), lines=1)) as (cluster, session),
            session.get(PATH, params=query) as answer,
        ):
            assert await answer.content.readline()
            rest = asyncio.ensure_future(answer.content.read())
            await asyncio.wait([rest], timeout=0.3)
            assert not rest.done()
            await cluster.acall(cluster.faults.released.set)
            assert await rest == b""

    async def test_may_repeat_or_swap_its_events(self) -> None:
        async with cluster_with(RepeatEvents(when=watches())) as (cluster, session):
            assert await names(session) == ["a", "a", "b", "b", "c", "c"]
            cluster.faults.add(SwapEvents(when=watches()))
            assert await names(session) == ["a", "c", "b"]


class TestARequest:
    async def test_may_be_told_to_come_again(self) -> None:
        async with cluster_with(Answer(status=503, retry_after=2)) as (_, session):
            async with session.get(PATH) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
                assert (await answer.json())["reason"] == "ServiceUnavailable"
            async with session.get(PATH) as answer:
                assert answer.status == 200

    async def test_may_be_done_although_its_answer_is_lost(self) -> None:
        async with cluster_with(Drop(when=verbs("create"), after=True)) as (_, session):
            body = {"metadata": {"name": "d"}}
            with pytest.raises(aiohttp.ClientError):
                await session.post(PATH, json=body)
            async with session.post(PATH, json=body) as answer:
                assert (answer.status, (await answer.json())["reason"]) == (409, "AlreadyExists")


class TestTheApi:
    async def test_refuses_connections_while_it_is_away_and_comes_back_as_it_was(self) -> None:
        async with cluster_with() as (cluster, session):
            async with session.get(PATH) as answer:
                version = (await answer.json())["metadata"]["resourceVersion"]
            await asyncio.to_thread(cluster.down)
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(PATH)
            await cluster.acall(cluster.inside.delete, "configmaps", "team-a", "a")
            await asyncio.to_thread(cluster.up)
            assert await names(session) == ["b", "c"]
            # Its watch cache begins anew: the version of before is too old.
            assert await names(session, resourceVersion=version) == ["ERROR"]

    async def test_keeps_what_its_cache_has_when_old_versions_are_compacted(self) -> None:
        async with cluster_with() as (cluster, session):
            async with session.get(PATH) as answer:
                version = (await answer.json())["metadata"]["resourceVersion"]
            await cluster.acall(cluster.inside.delete, "configmaps", "team-a", "a")
            await asyncio.to_thread(cluster.compact, caches=False)
            assert await names(session, resourceVersion=version) == ["a"]
            await asyncio.to_thread(cluster.compact)
            assert await names(session, resourceVersion=version) == ["ERROR"]
