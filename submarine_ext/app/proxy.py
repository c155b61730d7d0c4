"""The routes of a connected server: guarded here, answered by the team service.

The guard in front is the same as everywhere (:mod:`submarine_ext.api.base`): who is asking,
from a page of this server, with its XSRF token where the credential is a cookie. Then the
request goes on with the visitor's own credential and with the headers in :data:`SENT`, the
answer comes back with those in :data:`TOLD`; cookies stay on their side. Bodies are never
held: whoever sends waits for whoever reads, and what breaks on one side ends on the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server._tz import utcnow
from tornado.iostream import StreamClosedError
from tornado.web import authenticated

from submarine_ext.api.base import NO_LIMIT, Guard, Nowhere, Streamed, too_long
from submarine_ext.api.bundles import FolderToPack
from submarine_ext.api.events import Ticket
from submarine_ext.api.operations import encode
from submarine_ext.api.problems import Problem
from submarine_ext.api.routes import BASE, registered
from submarine_ext.app.bridge import ForwardEvents
from submarine_ext.app.connected import ConnectedSite
from submarine_ext.app.upstream import VIA, broken, refuse_rings, target_of
from submarine_ext.errors import NoCredential

if TYPE_CHECKING:
    from submarine_ext.app.upstream import Answer
    from submarine_ext.files.packing import Bundle

SENT = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Content-Length",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
)
TOLD = (
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Retry-After",
    "Submarine-Attempt",
    "Submarine-Complete",
    "Submarine-Next-Offset",
    "Submarine-Size",
)
#: A problem is short; more than this is none.
LONGEST_PROBLEM = 64 * 1024
CHUNK = 256 * 1024


class Body:
    """A request's body on its way: one chunk at a time, and the sender waits for it."""

    def __init__(self) -> None:
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(1)

    async def put(self, chunk: bytes | None) -> None:
        """Hand over a chunk; None: that was all."""
        await self._chunks.put(chunk)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._chunks.get()) is not None:
            yield chunk


class Forward(Streamed):
    """One route: its verbs are those of the route's own handler."""

    site: ConnectedSite
    _body: Body | None = None
    _answering: asyncio.Task[Answer] | None = None

    def initialize(self, route: type[Guard]) -> None:
        """Called by tornado with the handler that answers in the service."""
        self.operations = route.operations  # type: ignore[misc]

    async def admit(self) -> None:
        """Guard, then begin to ask the service; the body follows as it comes."""
        await super().admit()
        self._token = self.site.credentials.of(self, self.principal)
        self._target = target_of(self.request.path[len(self.base_url) - 1 :], self.request.query)
        refuse_rings(self.request.headers)
        declared = self.operations[self.request.method or ""]
        if declared.upload is None:
            self.check_body_headers(declared)
        else:
            self.request.connection.set_max_body_size(NO_LIMIT)  # type: ignore[union-attr]
        self.begin()

    def begin(self) -> None:
        """Ask the service now."""
        headers = self.request.headers
        if headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers:
            self._body = Body()
        self.ask(self.request.method or "", self._target, self.sent(), self._body)

    def sent(self) -> dict[str, str]:
        """The headers that go on."""
        return {name: self.request.headers[name] for name in SENT if name in self.request.headers}

    def ask(self, method: str, target: str, headers: dict[str, str], body: Any) -> None:
        """Send a request with the visitor's credential."""
        asked = self.site.upstream.request(
            method, target, token=self._token, headers=headers, body=body
        )
        self._answering = asyncio.create_task(asked, name="submarine forward")

    async def receive(self, chunk: bytes) -> None:
        """Pass it on; the connection waits meanwhile, so memory stays flat."""
        await self._hand_over(chunk)

    async def _hand_over(self, chunk: bytes | None) -> None:
        """What comes after the service's answer is of no use to it any more."""
        if self._body is None or self._answering is None or self._answering.done():
            return
        putting = asyncio.ensure_future(self._body.put(chunk))
        await asyncio.wait({putting, self._answering}, return_when=asyncio.FIRST_COMPLETED)
        putting.cancel()

    @authenticated
    async def get(self, **_: str) -> None:
        """Called by tornado when the body is over, for every verb."""
        await self._hand_over(None)
        await self._forwarded()

    async def _forwarded(self) -> None:
        answer = await self.answered()
        try:
            await self.pass_on(answer, await self._refusal(answer))
        finally:
            answer.close()

    head = post = put = patch = delete = get

    async def answered(self) -> Answer:
        """The head of the service's answer. Raises ServiceAway."""
        assert self._answering is not None, "prepare began it"
        return await asyncio.shield(self._answering)

    async def _refusal(self, answer: Answer) -> bytes:
        """What a refusal says; of other answers nothing is read. Raises NoCredential where the
        service knows nobody by this credential: signing in *here* would not help.
        """
        length = answer.content_length or 0
        is_short = answer.method != "HEAD" and length <= LONGEST_PROBLEM
        if answer.status != HTTPStatus.FORBIDDEN or not is_short:
            return b""
        try:
            body = await answer.content.readexactly(length)
        except broken():
            return b""  # whoever reads on finds the same
        if _code(body) == "unauthenticated":
            raise NoCredential(
                f"The team service at {self.site.upstream.url} does not take the credential that "
                "this server sends for you. Sign in anew; if that does not help, ask an "
                "administrator."
            )
        return body

    async def pass_on(self, answer: Answer, begin: bytes = b"") -> None:
        """Head and body as they come, ``begin`` first; a broken answer stays a broken one."""
        self.pass_on_head(answer)
        try:
            if begin:
                self.write(begin)
            async for chunk in answer.content.iter_any():
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            return  # the visitor went away
        except broken():
            self.request.connection.detach().close()  # type: ignore[union-attr]
            return
        _ = self.finish()

    def pass_on_head(self, answer: Answer) -> None:
        """Status and headers."""
        self.set_status(answer.status)
        self.clear_header("Content-Type")
        for name in TOLD:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        place = answer.headers.get("Location", "")
        theirs = self.site.upstream.path + "/"
        if place.startswith(theirs):
            self.set_header("Location", f"{self.base_url}{BASE[1:]}/{place[len(theirs) :]}")
        self.set_header("Via", VIA)

    def on_connection_close(self) -> None:
        """The visitor went away: so does our request."""
        super().on_connection_close()
        self._let_go()

    def on_finish(self) -> None:
        """Who is served is at work: idle cullers look at this."""
        if hasattr(self, "principal"):
            self.settings["api_last_activity"] = utcnow()
        self._let_go()

    def _let_go(self) -> None:
        answering, self._answering = self._answering, None
        if answering is not None:
            answering.cancel()
            answering.add_done_callback(_close)


class ForwardTickets(Forward):
    """``/tickets``: the service says who may have one; it opens a socket of this server."""

    async def pass_on(self, answer: Answer, begin: bytes = b"") -> None:
        """In place of the service's ticket, which a visitor's token makes needless, our own."""
        if answer.status != HTTPStatus.CREATED:
            await super().pass_on(answer, begin)
            return
        await answer.read()
        self.set_status(HTTPStatus.CREATED)
        self.set_header("Content-Type", "application/json")
        _ = self.finish(encode(Ticket(self.site.tickets.give(self.principal))))


class ForwardBundles(Forward):
    """``/bundles``: folders of this server are packed here; those of projects are not here."""

    def begin(self) -> None:
        """Nothing is asked before it is known whose folder it is."""
        self._said = bytearray()
        self._longest = self.operations["POST"].longest

    async def receive(self, chunk: bytes) -> None:
        """Collect the JSON body, up to its limit."""
        if len(self._said) + len(chunk) > self._longest:
            await self.refuse(too_long(self._longest))
        else:
            self._said += chunk

    @authenticated
    async def get(self, **_: str) -> None:
        """Pack and send, or let the service do it, which also says what is wrong with a body."""
        wanted = _folder_here(self._said, self.request.headers.get("Content-Type", ""))
        if wanted is None:
            self.ask("POST", self._target, self.sent(), bytes(self._said))
            await self._forwarded()
        else:
            await self._pack(wanted)

    post = get

    async def _pack(self, folder: str) -> None:
        from submarine_ext.files.folder import below  # they import pathspec, which takes time
        from submarine_ext.files.packing import packed

        place = below(self.site.folder_root, folder)
        with ExitStack() as held:
            bundle = await asyncio.to_thread(held.enter_context, packed(place))
            answer = await self._send(bundle)
            try:
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    await self.pass_on(answer, await self._refusal(answer))
                    return
            finally:
                answer.close()
            self.set_status(HTTPStatus.CREATED)
            self.set_header("Content-Type", "application/json")
            _ = self.finish(encode(bundle.described()))

    async def _send(self, bundle: Bundle) -> Answer:
        """Send a bundle unless the service has it; its answer, a refusal as well."""
        target = f"/bundles/{bundle.sha256}"
        self.ask("HEAD", target, {}, None)
        answer = await self.answered()
        answer.close()
        if answer.status == HTTPStatus.OK:
            return answer
        headers = {"Content-Type": "application/gzip", "Content-Length": str(bundle.size)}
        self.ask("PUT", target, headers, _content(bundle.file))
        return await self.answered()


def handlers() -> list[tuple[str, type[Guard], dict[str, Any]]]:
    """Every route, forwarded; what strangers may ask is about this server, which answers."""
    special = {"/tickets": ForwardTickets, "/bundles": ForwardBundles}

    def answered_by(path: str, route: type[Guard]) -> tuple[type[Guard], dict[str, Any]]:
        if all(operation.public for operation in route.operations.values()):
            return route, {}
        if path == "/events":
            return ForwardEvents, {}
        if path == "/machines/{user}":
            return Nowhere, {}  # servers offer machines to the service itself
        return special.get(path, Forward), {"route": route}

    return registered(answered_by)


def _folder_here(body: bytes | bytearray, kind: str) -> str | None:
    """The folder of this server that is to be packed; None: that is not what was asked."""
    if kind.partition(";")[0].strip().lower() != "application/json":
        return None
    try:
        wanted = msgspec.json.decode(body, type=FolderToPack)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return wanted.folder if wanted.project is None else None


async def _content(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as content:
        while chunk := await asyncio.to_thread(content.read, CHUNK):
            yield chunk


def _code(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=Problem).code
    except msgspec.DecodeError:
        return ""


def _close(answering: asyncio.Task[Answer]) -> None:
    if not answering.cancelled() and answering.exception() is None:
        answering.result().close()
