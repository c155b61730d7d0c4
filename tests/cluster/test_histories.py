"""Whatever happens between writes and watches, a client that obeys the protocol sees the list.

Random schedules: writes, watches that end anywhere, resumes, compactions, pages. The client
here is a reference in twenty lines; the engine's informer has tests of its own.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from .kinds import Kinds
from .listing import Listing, answer
from .selectors import matcher
from .status import Object, Refused
from .storage import Storage
from .watching import Watch, line, told, too_old

SCHEDULES = 300


class Client:
    """Lists, then applies what a watch tells; lists again on 410."""

    def __init__(self, storage: Storage, kinds: Kinds, labels: str, namespace: str) -> None:
        self._storage, self._resource = storage, kinds["configmaps"]
        self._matches, self._namespace = matcher(labels, "", self._resource), namespace
        self.version = -1
        self.objects: dict[tuple[str, str], Object] = {}

    def step(self, chance: random.Random) -> None:
        """List where there is nothing, else watch some changes and be cut off."""
        table = self._storage.tables["configmaps"]
        if self.version < 0 or too_old(self._storage, table, self._resource, self.version):
            self._list(chance)
        watch = Watch(self._resource, self._namespace, self._matches, self.version)
        changes = table.since(self.version)
        for change in changes[: chance.randint(0, len(changes))]:
            if text := told(watch, change):
                self._apply(decoded(text))
            self.version = change.revision

    def _list(self, chance: random.Random) -> None:
        listing = Listing(
            self._resource, self._namespace, self._matches, limit=chance.randint(1, 9)
        )
        self.objects = {}
        while True:
            page = decoded(answer(self._storage, listing))
            self.objects.update({key(item): item for item in page["items"]})
            self.version = int(page["metadata"]["resourceVersion"])
            listing.token = page["metadata"].get("continue", "")
            if not listing.token:
                return

    def _apply(self, event: Object) -> None:
        obj = {k: v for k, v in event["object"].items() if k not in {"kind", "apiVersion"}}
        if event["type"] == "DELETED":
            assert self.objects.pop(key(obj), None) is not None, "deleted, but never there"
        else:
            assert (event["type"] == "ADDED") == (key(obj) not in self.objects)
            self.objects[key(obj)] = obj


def key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def decoded(text: bytes) -> Any:
    return msgspec.json.decode(text)


def write(storage: Storage, chance: random.Random) -> None:
    """Make, change, relabel or delete one of a few objects."""
    place = chance.choice(["ns-a", "ns-b"]), f"n{chance.randint(0, 7)}"
    present = storage.get("configmaps", *place)
    if present and chance.random() < 0.35:
        storage.remove("configmaps", place)
        return
    metadata: Object = {"namespace": place[0], "name": place[1]}
    metadata["labels"] = {"team": chance.choice("ab")}
    storage.put("configmaps", {"metadata": metadata, "data": {"k": str(chance.random())}})


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_the_end_of_a_random_history_is_the_list(seed: int) -> None:
    """Mutants caught: an off-by-one in resume; DELETED left out when a label changes."""
    chance = random.Random(seed)
    storage, kinds = Storage(), Kinds()
    clients = [Client(storage, kinds, labels, namespace)
               for labels in ("", "team=a", "team!=a") for namespace in ("", "ns-a")]  # fmt: skip
    for _ in range(chance.randint(10, 120)):
        chance.choice([write, write, write, _forget, _watch(clients)])(storage, chance)
    for client in clients:
        while client.version < storage.revision:
            client.step(chance)
            if not storage.tables["configmaps"].since(client.version):
                break
        listed = Client(storage, kinds, "", "")
        listed._matches, listed._namespace = client._matches, client._namespace
        listed._list(chance)
        assert client.objects == listed.objects


def _forget(storage: Storage, chance: random.Random) -> None:
    if chance.random() < 0.3:
        storage.compact()
        storage.forget()


def _watch(clients: list[Client]) -> Any:
    return lambda _, chance: chance.choice(clients).step(chance)


def test_every_old_version_can_be_listed_until_it_is_compacted() -> None:
    chance, storage, kinds = random.Random(7), Storage(), Kinds()
    states: dict[int, bytes] = {}
    everything = matcher("", "", kinds["configmaps"])
    for _ in range(200):
        write(storage, chance)
        listing = Listing(kinds["configmaps"], "", everything)
        states[storage.revision] = answer(storage, listing)
    for version, state in states.items():
        exact = Listing(kinds["configmaps"], "", everything, version=str(version), match="Exact")
        assert answer(storage, exact) == state
    storage.compact()
    oldest = Listing(kinds["configmaps"], "", everything, version="5", match="Exact")
    with pytest.raises(Refused, match="410"):
        answer(storage, oldest)


def test_a_line_is_one_line_whatever_the_object_holds() -> None:
    text = line("ADDED", {"metadata": {"annotations": {"a": "two\nlines\u2028"}}})
    assert text.count(b"\n") == 1
