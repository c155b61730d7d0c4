"""One open WebSocket: its topics and its outbox. The handler only carries frames.

Requests are taken one after the other. A bad one is answered by an ``error`` frame; the
socket stays open, until the account may no longer have one. It knows the protocol but not
tornado's sockets.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import msgspec
from msgspec import Struct

from submarine_ext.api.base import Services
from submarine_ext.api.outbox import Outbox, Socket
from submarine_ext.api.parsing import invalid
from submarine_ext.api.problems import problem
from submarine_ext.api.subscriptions import REVOKED, Subscribe, Subscription
from submarine_ext.api.topics import (
    EventsSubscription,
    LogSubscription,
    MeSubscription,
    MetricsSubscription,
)
from submarine_ext.domain.access import Principal
from submarine_ext.domain.ids import is_job_id
from submarine_ext.domain.subjects import user
from submarine_ext.errors import Conflict, Forbidden, Invalid, NotFound, SubmarineError, Unavailable
from submarine_ext.services.feed import Frame, encode

MOST_TOPICS = 64
_TOPIC = re.compile(
    r"(projects)/([a-z0-9][a-z0-9-]{0,62})|(jobs)/([a-z0-9]{1,63})(/logs|/metrics)?|me"
)


class Unsubscribe(
    Struct, frozen=True, tag_field="op", tag="unsubscribe", forbid_unknown_fields=True
):
    """No more frames of this topic."""

    topic: str


_decoder: msgspec.json.Decoder[Subscribe | Unsubscribe] = msgspec.json.Decoder(
    Subscribe | Unsubscribe
)


class Connection:
    """What one person follows over one socket."""

    def __init__(self, services: Services, who: Principal, socket: Socket) -> None:
        self._services = services
        self._who = who
        self._outbox = Outbox(socket)
        self._topics: dict[str, Subscription] = {}
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._leave = services.feed.account(str(user(who.name)), self._account_changed)

    async def begin(self) -> None:
        """Look at the account once more: it may have changed during the handshake."""
        self._account_changed()
        if self._looking is not None:
            await asyncio.wait([self._looking])

    async def receive(self, message: str | bytes) -> None:
        """Do what a client's frame asks for."""
        if self._closed:
            return
        topic = ""
        try:
            request = _understood(message)
            topic = request.topic
            await self._drop(topic)
            if isinstance(request, Subscribe):
                await self._subscribe(request)
        except SubmarineError as error:
            self._refuse(topic, error)

    async def close(self) -> None:
        """The socket is gone: end all that was done for it."""
        self._closed = True
        self._leave()
        for topic in list(self._topics):
            await self._drop(topic)
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._outbox.close()

    def _account_changed(self) -> None:
        """Everything stands still until the account was looked at."""
        for subscription in self._topics.values():
            subscription.suspend()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="submarine account")

    async def _look(self) -> None:
        while not self._closed:
            try:
                await self._services.streams.enter(self._who)
            except Unavailable as error:
                await asyncio.sleep(error.retry_after)
            except Forbidden as error:
                self._closed = True
                self._outbox.end(REVOKED, error.detail)
            else:
                return

    async def _subscribe(self, wanted: Subscribe) -> None:
        if len(self._topics) >= MOST_TOPICS:
            raise Conflict(f"One socket follows at most {MOST_TOPICS} topics; leave one first.")
        given = (self._services, self._who, self._outbox, wanted, self._ended)
        subscription = _subscription(wanted, *given)
        self._topics[wanted.topic] = subscription
        try:
            await subscription.open()
        except SubmarineError:
            await self._drop(wanted.topic)
            raise
        if self._closed:  # while it was opened, so close() knew too little of it
            await subscription.close()

    async def _drop(self, topic: str) -> None:
        subscription = self._topics.pop(topic, None)
        if subscription is not None:
            await subscription.close()

    def _ended(self, subscription: Subscription) -> None:
        if self._topics.get(subscription.topic) is subscription:
            del self._topics[subscription.topic]

    def _refuse(self, topic: str, error: SubmarineError) -> None:
        self._outbox.post(topic, encode(Frame(topic, "error", problem(error))), force=True)


def _understood(message: str | bytes) -> Subscribe | Unsubscribe:
    try:
        return _decoder.decode(message)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("A frame must be one JSON object.") from None


def _subscription(wanted: Subscribe, *given: Any) -> Subscription:
    match = _TOPIC.fullmatch(wanted.topic)
    if match is None:
        raise Invalid(f"There is no topic {wanted.topic[:80]!r}.", field="topic")
    project, job, part = match[2], match[4], match[5]
    if part != "/logs":
        _refuse_log_fields(wanted)
    if wanted.topic == "me":
        return MeSubscription(*given)
    if project is not None:
        return EventsSubscription(*given, project=project, job=None)
    if not is_job_id(job):
        raise NotFound
    if part == "/logs":
        return LogSubscription(*given, job=job)
    if part == "/metrics":
        return MetricsSubscription(*given, job=job)
    return EventsSubscription(*given, project="", job=job)


def _refuse_log_fields(wanted: Subscribe) -> None:
    for field in ("rank", "attempt"):
        if getattr(wanted, field) is not None:
            raise Invalid(f"{field} belongs to log topics only.", field=field)
