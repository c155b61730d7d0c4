"""What somebody may follow: asked at the start, and again whenever rights may have changed.

A change of rights concerns everybody who follows the project, so questions that come at the
same moment are answered by one reading of the database: a thousand followers cost one
transaction. It knows neither sockets nor frames.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

from msgspec import Struct

from submarine_ext.domain.access import Capability, Principal, Relation, Role, rights
from submarine_ext.domain.events import EventRow
from submarine_ext.errors import Forbidden, NotFound, SubmarineError
from submarine_ext.services import access
from submarine_ext.store import events, projects
from submarine_ext.store.store import Store, Transaction

#: What a follower of a project must be allowed to, for each kind of frame. Others: nobody.
_NEEDED = {
    "job": Capability.JOB_LIST,
    "deleted": Capability.JOB_LIST,
    "progress": Capability.JOB_LIST,
    "file": Capability.FILE_READ,
    "project": Capability.PROJECT_READ,
    "access": Capability.MEMBER_READ,
    "audit": Capability.AUDIT_READ,
}


class Sight(Struct, frozen=True):
    """What somebody is to a project (to the server: an empty relation), and the log's head."""

    relation: Relation
    rights: frozenset[Capability]
    head: int

    def shows(self, kind: str) -> bool:
        """Whether frames of this kind are for them; notices are for owners only."""
        if kind == "notice":
            return self.relation.role is Role.OWNER
        return _NEEDED.get(kind) in self.rights

    @property
    def specs(self) -> bool:
        """Whether they may see what a job runs."""
        return Capability.JOB_SPEC in self.rights

    @property
    def fleeting(self) -> bool:
        """Whether it ends by time: no row of the log tells when emergency access is over."""
        return self.relation.break_glass


class _Question(Struct, frozen=True):
    who: Principal
    project: str
    capability: Capability
    following: bool


class Streams:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[_Question, asyncio.Future[Sight | Exception]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    async def enter(self, who: Principal) -> None:
        """Raise Forbidden where the account may not follow anything (any more)."""
        await self.sight(who, "", Capability.STREAM_OPEN)

    async def sight(
        self, who: Principal, project: str, capability: Capability, *, following: bool = False
    ) -> Sight:
        """What ``who`` may see, read after this call. Empty ``project``: of the server.

        Raises NotFound, Forbidden. Whoever was ``following`` knew of the project: they are
        told Forbidden, unless it is gone.
        """
        question = _Question(who, project, capability, following)
        if not self._asked:
            task = asyncio.create_task(self._answer(), name="submarine sight")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        asked = self._asked.setdefault(question, asyncio.get_running_loop().create_future())
        answer = await asyncio.shield(asked)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def events_after(
        self, who: Principal, project: str, seq: int, limit: int, job: str | None = None
    ) -> Sequence[EventRow]:
        """What happened in the project (or to one job of it) after ``seq``, oldest first.

        Each row is shown only if its kind is (:meth:`Sight.shows`).
        """

        def query(tx: Transaction) -> Sequence[EventRow]:
            access.may(tx, who, project, Capability.PROJECT_READ)
            return events.after(tx, seq, limit, project, job)

        return await self._store.read(query)

    async def close(self) -> None:
        """Nobody asks any more."""
        for task in list(self._answering):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _answer(self) -> None:
        """All that was asked until now; what is asked from here on is for the next reading."""
        asked, self._asked = self._asked, {}
        answers: Sequence[Sight | Exception]
        try:
            answers = await self._store.read(lambda tx: _look_all(tx, asked))
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            answers = [error] * len(asked)
        for future, answer in zip(asked.values(), answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _look_all(tx: Transaction, asked: Iterable[_Question]) -> list[Sight | SubmarineError]:
    """One snapshot, so one head for all."""
    head = events.head(tx)
    return [_look(tx, each, head) for each in asked]


def _look(tx: Transaction, asked: _Question, head: int) -> Sight | SubmarineError:
    try:
        if not asked.project:
            access.signed_in(tx, asked.who, asked.capability)
            return Sight(Relation(), frozenset(), head)
        relation = access.may(tx, asked.who, asked.project, asked.capability)
    except NotFound as error:
        known = asked.following and projects.get(tx, asked.project) is not None
        return Forbidden("You have no access to this project any more.") if known else error
    except SubmarineError as error:
        return error
    return Sight(relation, rights(relation), head)
