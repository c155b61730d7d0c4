"""Which rooms there are: one for each file and for who sees all of it, or only its sources.

An empty room stays for :data:`IDLE_SECONDS`, so that who comes back (a laptop that slept)
finds what they know of and is merged with it. A room that begins anew has another name, and
whoever knows the old one is told to open the file again: two histories cannot be merged. Each
person has a key to a room, which other pages cannot read: a cookie alone opens none.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from submarine_ext.api.base import Services
from submarine_ext.api.drive import Drive
from submarine_ext.domain.access import Capability, Principal

if TYPE_CHECKING:
    # It needs pycrdt, which comes with jupyter-collaboration.
    from submarine_ext.api.rooms.room import Room

IDLE_SECONDS = 12 * 3600
MOST_EMPTY = 100


class Lobby:
    """One for each server."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._opening = asyncio.Lock()

    async def key(
        self, services: Services, who: Principal, place: tuple[str, str, str], **drive: Any
    ) -> tuple[str, str]:
        """A room's name and the person's key to it. Raises NotFound, Forbidden, Invalid."""
        project, _, _ = place
        sight = await services.streams.sight(who, project, Capability.FILE_READ)
        whole = Capability.OUTPUT_READ in sight.rights
        async with self._opening:
            name = self._name_of(place, whole=whole)
            if name is None:
                from submarine_ext.api.rooms.room import Room

                room = Room(
                    services,
                    lambda whose: Drive(services.documents, whose, **drive),
                    place,
                    whole=whole,
                )
                try:
                    await room.open(who)
                except BaseException:
                    room.close()
                    raise
                name = secrets.token_urlsafe(16)
                self._rooms[name] = room
                self.left(room)  # nobody has come yet, and perhaps nobody will
        return name, self._keys.setdefault((name, who.name), secrets.token_urlsafe(32))

    def room(self, name: str, who: Principal, key: str) -> Room | None:
        """The room, for who has the key; None where there is none (any more)."""
        known = self._keys.get((name, who.name), "")
        return self._rooms.get(name) if secrets.compare_digest(known, key) else None

    def left(self, room: Room) -> None:
        """Somebody left; a room that stays empty goes, the oldest of too many at once."""
        if room.seats:
            return
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._forget, room)
        empty = [each for each in self._rooms.values() if not each.seats and each is not room]
        for old in empty[: max(0, len(empty) + 1 - MOST_EMPTY)]:
            self._forget(old)

    def _forget(self, room: Room) -> None:
        if room.seats or room.is_unsaved:
            return
        room.close()
        for name in [name for name, each in self._rooms.items() if each is room]:
            del self._rooms[name]
            self._keys = {each: key for each, key in self._keys.items() if each[0] != name}

    def _name_of(self, place: tuple[str, str, str], *, whole: bool) -> str | None:
        for name, room in self._rooms.items():
            if (room.project, room.path, room.kind) == place and room.whole == whole:
                return name
        return None
