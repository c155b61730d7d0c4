"""One file that several people type into: its seats, its content, and how it is saved.

What is typed is saved :data:`SAVE_SECONDS` later, at once when somebody saves by hand or the
last one leaves: as who typed last, with the others as co-authors, over the version that the
room has seen. A save that is late is kept by the services as a conflict, and the room shows
what the file holds now; so it does when something else wrote the file.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from submarine_ext.api.base import Services
from submarine_ext.api.drive import Drive
from submarine_ext.api.rooms import presence
from submarine_ext.api.rooms.content import NOTEBOOK, SharedContent
from submarine_ext.api.rooms.seat import Seat
from submarine_ext.domain.access import Principal
from submarine_ext.errors import Invalid, NotFound, Stale, SubmarineError, Unavailable
from submarine_ext.services.feed import News

_log = logging.getLogger("submarine_ext")

#: From the first change that is not saved to its save. Each save is a version.
SAVE_SECONDS = 20.0
#: How often the file is looked at, since kernels write without a word.
LOOK_SECONDS = 2.0

#: A page has one number; a page that is loaded again, another one, and another socket.
MOST_CLIENTS = 16

SYNC, QUESTION = 0, 0


class Room:
    """See the module's comment. ``whole``: with outputs; else nobody writes here."""

    def __init__(
        self,
        services: Services,
        drive: Callable[[Principal], Drive],
        place: tuple[str, str, str],
        *,
        whole: bool,
    ) -> None:
        self.project, self.path, self.kind = place
        self.whole = whole
        self.seats: set[Seat] = set()
        self._drive = drive
        self._content = SharedContent(self.kind, self._tell_all)
        self._etag: str | None = None
        self._authors: dict[str, Principal] = {}
        self._presences: dict[int, presence.State] = {}
        #: Whose each client's number is, also after they have gone: echoes come late.
        self._clients: dict[int, str] = {}
        self._turn = asyncio.Lock()
        self._due: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._leave_feed = services.feed.follow(f"projects/{self.project}", self._hear)

    async def open(self, who: Principal) -> None:
        """Show what the file holds. Raises NotFound, Invalid, TooLarge."""
        async with self._turn:
            if self._etag is None:
                self._show_file(await self._model(who, content=True))

    def enter(self, seat: Seat) -> None:
        """Begin to tell the seat what happens, and who is here."""
        self.seats.add(seat)
        self.ask(seat)
        if self._presences:
            seat.tell(presence.message(list(self._presences.values())))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_now_and_then(), name="submarine room")

    def ask(self, seat: Seat) -> None:
        """Have the seat's client tell what only it knows."""
        seat.tell(self._content.question())

    def leave(self, seat: Seat) -> None:
        """The seat is empty, and who sat there is seen no more."""
        self.seats.discard(seat)
        gone = [presence.State(each, clock + 1, None) for each, clock in seat.clients.items()]
        self._show(gone)
        if not self.seats and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def receive(self, seat: Seat, message: bytes) -> None:
        """What comes from a seat. What its person may not do is not done."""
        kind = message[:1]
        if kind == bytes([presence.AWARENESS]):
            self._show(self._own(seat, presence.understood(message)), seat)
        elif kind == bytes([SYNC]):
            self._sync(seat, message)
        elif kind == bytes([presence.RAW]):
            await self._save_for(seat, message)
        else:
            raise Invalid("There is no such kind of message here.")

    async def settle(self) -> None:
        """Save what is not saved yet."""
        try:
            await self.save()
        except SubmarineError as error:
            _log.warning("%s is not saved: %s", self._full, error.detail)

    def close(self) -> None:
        """Nobody comes here any more."""
        self._leave_feed()
        if self._due is not None:
            self._due.cancel()

    @property
    def is_unsaved(self) -> bool:
        """Whether somebody typed what is no version yet."""
        return bool(self._authors)

    async def save(self, by: Principal | None = None) -> None:
        """Save what was typed; who saves by hand gets a file that is gone back by it."""
        async with self._turn:
            if self._due is not None:
                self._due.cancel()
                self._due = None
            gone = by is not None and not await self._drive(by).exists(self._full)
            authors, self._authors = self._authors, {}
            if gone and by is not None:
                authors.setdefault(by.name, by)
            if not authors:
                return
            try:
                if not await self._put(list(authors.values()), create_only=gone):
                    await self._reload()
            except SubmarineError as error:
                self._authors = authors | self._authors
                if not isinstance(error, NotFound):  # who saves by hand brings back what is gone
                    self._plan()
                raise

    async def look(self) -> None:
        """Show what something else wrote, if anything did; what was typed is a version then."""
        try:
            async with self._turn:
                if self.seats and self._etag != await self._etag_now():
                    await self._reload()
        except SubmarineError as error:
            # It is in the trash, or its reader has just lost it: their lab says so.
            _log.debug("%s cannot be looked at: %s", self._full, error.detail)

    def _sync(self, seat: Seat, message: bytes) -> None:
        if message[1:2] == bytes([QUESTION]):
            answer = self._content.answer(message)
            if answer is not None:
                seat.tell(answer)
        elif seat.writes and self._content.take(message):
            self._authors.pop(seat.who.name, None)
            self._authors[seat.who.name] = seat.who  # the last is the last
            self._plan()

    async def _save_for(self, seat: Seat, message: bytes) -> None:
        """The lab's *Save*, which has a number that the answer repeats."""
        number = presence.save_number(message)
        done = seat.writes
        if done:
            try:
                await self.save(seat.who)
            except SubmarineError as error:
                _log.info("%s is not saved: %s", self._full, error.detail)
                done = False
        told = {"type": "save", "responseTo": number, "status": "success" if done else "failed"}
        seat.tell(presence.raw(msgspec.json.encode(told)))

    async def _put(self, authors: list[Principal], *, create_only: bool = False) -> bool:
        """As who typed last; where they may not save any more, as another who may.

        False: something else is there now, or nobody may save. What was late is kept.
        """
        body = {"type": self.kind, "format": self._format, "content": self._content.get()}
        over: dict[str, Any] = {"create_only": True} if create_only else {"if_match": self._etag}
        writers = [seat.who for seat in self.seats if seat.writes]
        for who in [*reversed(authors), *writers]:
            others = tuple(each.name for each in authors if each != who)
            try:
                saved = await self._drive(who).put(body, self._full, coauthors=others, **over)
            except Stale:
                return False
            except (Unavailable, Invalid):
                raise
            except SubmarineError:
                continue
            self._etag = saved["hash"]
            self._content.saved()
            return True
        _log.warning("Nobody who typed in %s may save it any more", self._full)
        return False

    async def _reload(self) -> None:
        """Show what the file holds, once all that was typed is a version."""
        while True:
            model = await self._model(content=True)
            authors, self._authors = self._authors, {}
            if not authors:
                break
            await self._put(list(authors.values()))
        self._show_file(model)

    def _show_file(self, model: dict[str, Any]) -> None:
        content = model["content"]
        self._content.set(content if self.kind == NOTEBOOK else content.replace("\r\n", "\n"))
        self._content.saved()
        self._etag = model["hash"]

    async def _model(self, who: Principal | None = None, *, content: bool) -> dict[str, Any]:
        """What lies on the disk, as somebody who is here may see it."""
        reader = who or next((seat.who for seat in self.seats), None)
        if reader is None:
            raise NotFound
        wanted = {"format": self._format} if content else {"require_hash": True}
        drive = self._drive(reader)
        return await drive.get(self._full, content=content, type=self.kind, **wanted)

    async def _etag_now(self) -> str:
        etag: str = (await self._model(content=False))["hash"]
        return etag

    @property
    def _full(self) -> str:
        return f"{self.project}/{self.path}"

    @property
    def _format(self) -> str | None:
        return None if self.kind == NOTEBOOK else "text"

    def _own(self, seat: Seat, states: list[presence.State]) -> list[presence.State]:
        """Those of the seat's own client: nobody says anything in the place of somebody else."""
        others = {client for other in self.seats - {seat} for client in other.clients}
        found = []
        for state in states:
            owner = self._clients.get(state.client, seat.who.name)
            foreign = state.client in others or owner != seat.who.name
            known = state.client in seat.clients
            if foreign or (not known and (state.told is None or len(seat.clients) >= MOST_CLIENTS)):
                continue
            self._clients[state.client] = owner
            seat.clients[state.client] = state.clock
            told = None if state.told is None else {**state.told, "user": seat.person}
            found.append(presence.State(state.client, state.clock, told))
        return found

    def _show(self, states: list[presence.State], seat: Seat | None = None) -> None:
        """Tell everybody who is there, and newcomers later; the seat itself also of nothing."""
        for each in states:
            if each.told is None:
                self._presences.pop(each.client, None)
            else:
                self._presences[each.client] = each
        if states:
            self._tell_all(presence.message(states))
        elif seat is not None:
            seat.tell(presence.ALIVE)

    def _tell_all(self, message: bytes) -> None:
        for seat in list(self.seats):
            seat.tell(message)

    def _plan(self) -> None:
        if self._due is None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(SAVE_SECONDS, lambda: self._begin(self._settle_later()))

    async def _settle_later(self) -> None:
        self._due = None
        await self.settle()

    def _hear(self, news: News) -> None:
        """The project's file frames: renamed with the file, and looked at when it changed."""
        if news.kind != "file":
            return
        path, was = news.data["path"], news.data.get("was")
        if was is not None and (self.path == was or self.path.startswith(f"{was}/")):
            self.path = path + self.path[len(was) :]
        elif path == self.path and news.data.get("etag") != self._etag:
            self._begin(self.look())

    async def _look_now_and_then(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
