"""Which rooms stay while nobody is in them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from submarine_ext.api.rooms import lobby as lobby_module
from submarine_ext.api.rooms.lobby import Lobby


def room(**told: Any) -> Any:
    made = SimpleNamespace(seats=set(), is_unsaved=False, closed=False, **told)
    made.close = lambda: setattr(made, "closed", True)
    return made


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Three, of which two may be empty."""
    monkeypatch.setattr(lobby_module, "MOST_EMPTY", 2)
    return [room(), room(), room()]


async def left(rooms: list[Any]) -> list[bool]:
    lobby = Lobby()
    lobby._rooms.update({str(number): each for number, each in enumerate(rooms)})
    lobby.left(rooms[-1])
    return [each.closed for each in rooms]


async def test_the_oldest_of_too_many_goes(rooms: list[Any]) -> None:
    """(Mutant: no MOST_EMPTY.)"""
    assert await left(rooms) == [True, False, False]


async def test_one_that_somebody_is_in_stays(rooms: list[Any]) -> None:
    rooms[0].seats.add("alice")
    assert await left(rooms) == [False, False, False]


async def test_one_with_work_that_is_no_version_yet_stays(rooms: list[Any]) -> None:
    """Where the database was away when the last one left. (Mutant: ``is_unsaved`` is not asked.)"""
    rooms[0].is_unsaved = True
    assert await left(rooms) == [False, False, False]
