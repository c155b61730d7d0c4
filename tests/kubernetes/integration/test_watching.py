"""The live copy of a kind on this cluster: across watches that end, it is the server's list."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.informer import Informer, Rhythm
from submarine_ext.engines.kubernetes.kinds.base import Object, Resource
from submarine_ext.engines.kubernetes.transport import Api
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import CONFIGMAPS

LABEL = "submarine-ext/test-watch"
QUICK = Rhythm(first=0.05, cap=1.0, window=(1, 2))  # a watch of a second or two


class Seen:
    """A running informer of the objects with a mark, and what it told."""

    def __init__(self, api: Api, place: Place, mark: str, resource: Resource = CONFIGMAPS) -> None:
        self.gone: list[str] = []
        self.health: list[bool] = []
        self._news = asyncio.Event()
        self.informer = Informer(
            api, resource, place.namespace, labels=f"{LABEL}={mark}", keep=lambda item: item,
            changed=self._changed, health=self._healthy, rhythm=QUICK,
        )  # fmt: skip

    def values(self) -> dict[str, str]:
        return {o["metadata"]["name"]: o["data"]["x"] for o in self.informer.objects.values()}

    async def until(self, values: dict[str, str], patience: float) -> None:
        async with asyncio.timeout(patience):
            while self.values() != values:
                await self._news.wait()
                self._news.clear()

    def _changed(self, item: Object, deleted: bool) -> None:
        if deleted:
            self.gone.append(item["metadata"]["name"])
        self._news.set()

    def _healthy(self, healthy: bool, _: str | None) -> None:
        self.health.append(healthy)


@asynccontextmanager
async def watching(place: Place, mark: str) -> AsyncIterator[Seen]:
    api = await Api.open(place.target.settings())
    seen = Seen(api, place, mark)
    running = asyncio.create_task(seen.informer.run())
    try:
        await seen.informer.synced()
        yield seen
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await api.close()


class Shelf:
    """ConfigMaps with a mark."""

    def __init__(self, place: Place) -> None:
        self.mark = uuid.uuid4().hex[:8]
        self._place = place

    def name(self, number: int) -> str:
        return f"watch-{self.mark}-{number}"

    async def put(self, number: int, value: str) -> None:
        about = {"name": self.name(number), "labels": {LABEL: self.mark}}
        await self._place.make(CONFIGMAPS, {"metadata": about, "data": {"x": value}})

    async def change(self, number: int, body: Object) -> None:
        path = CONFIGMAPS.path(self._place.namespace, self.name(number))
        await self._place.admin.ask("PATCH", path, body=body, patch=True)

    async def take(self, number: int) -> None:
        await self._place.delete(CONFIGMAPS, self.name(number))


async def test_the_copy_follows_what_is_made_changed_and_deleted(place: Place) -> None:
    shelf, patience = Shelf(place), place.target.patience
    await shelf.put(0, "old")
    async with watching(place, shelf.mark) as seen:
        await seen.until({shelf.name(0): "old"}, patience)
        await shelf.put(1, "new")
        await shelf.change(0, {"data": {"x": "other"}})
        await seen.until({shelf.name(0): "other", shelf.name(1): "new"}, patience)
        await shelf.take(0)
        await seen.until({shelf.name(1): "new"}, patience)
        assert seen.gone == [shelf.name(0)]
        await shelf.take(1)
        await seen.until({}, patience)


async def test_what_loses_its_label_leaves_the_copy(place: Place) -> None:
    shelf, patience = Shelf(place), place.target.patience
    async with watching(place, shelf.mark) as seen:
        await shelf.put(0, "x")
        await seen.until({shelf.name(0): "x"}, patience)
        await shelf.change(0, {"metadata": {"labels": {LABEL: None}}})
        await seen.until({}, patience)
    await shelf.take(0)


async def test_nothing_is_missed_across_watches_that_end(place: Place) -> None:
    """The server ends each after a second or two, with a bookmark before; changes go on for
    several of them. Mutant: a resume from the list's version sees gone things again.
    """
    shelf, patience = Shelf(place), place.target.patience
    async with watching(place, shelf.mark) as seen:
        wanted = {}
        for number in range(12):
            await shelf.put(number, str(number))
            if number >= 2:
                await shelf.take(number - 2)
            await asyncio.sleep(0.3)  # so that they spread over watches, whatever the server
        wanted = {shelf.name(number): str(number) for number in (10, 11)}
        await seen.until(wanted, patience)
        assert sorted(seen.gone) == sorted(shelf.name(number) for number in range(10))
        assert False not in seen.health, "an ended watch is no failure"
    for number in (10, 11):
        await shelf.take(number)


async def test_a_watch_from_a_version_that_never_was_is_survived(place: Place) -> None:
    """Refused, answered with 410 or accepted: the copy is a new list either way."""
    shelf, patience = Shelf(place), place.target.patience
    await shelf.put(0, "x")
    async with watching(place, shelf.mark) as seen:
        await seen.until({shelf.name(0): "x"}, patience)
        seen.informer._version = "1"
        await shelf.change(0, {"data": {"x": "y"}})
        await seen.until({shelf.name(0): "y"}, patience)
    await shelf.take(0)


async def test_a_kind_that_the_cluster_does_not_have_is_a_refusal_in_words(place: Place) -> None:
    nothing = Resource("nothing.submarine-ext.test", "v1", "things", "Thing")
    with pytest.raises(ApiError) as raised:
        await place.admin.ask("GET", nothing.path(place.namespace))
    assert (raised.value.status, raised.value.transient) == (404, False)
