"""The team service, as a connected server sees it: one host, one session, no cookies.

It knows HTTP and nothing of visitors: whose token it sends is said with each request.
Redirects are answers like others, so no credential ever goes to another host, and what the
service did not write itself (a proxy's page, a login form) is not taken for its answer.
``aiohttp`` is imported on first use: only connected servers have it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from submarine_ext.api.problems import MEDIA_TYPE
from submarine_ext.api.routes import BASE
from submarine_ext.errors import Forbidden, Invalid, ServiceAway

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse

    Answer = ClientResponse

#: How a connected server names itself (RFC 9110, Via), so that none forwards to another.
VIA = "1.1 submarine-ext"
CONNECT_SECONDS = 10.0
#: Silence after which a service that has the whole request is away.
SILENT_SECONDS = 120.0
#: A silent WebSocket is asked for a sign of life so often.
BEAT_SECONDS = 30.0
#: The longest frame that is taken from the service.
LONGEST_FRAME = 64 * 1024 * 1024

GOING_AWAY, BAD_GATEWAY = 1001, 1014
#: They say how a connection ended and are never sent.
UNSENT = frozenset({0, 1005, 1006, 1015})
#: What a close frame has room for, in bytes.
LONGEST_REASON = 123

#: Jupyter's own parameters and our ticket: they may hold a credential of this server's.
KEPT = frozenset({"token", "ticket", "_xsrf", "no_track_activity"})

_DOTS = re.compile(r"(?i)(?:^|/|%2f|\\|%5c)(?:\.|%2e){1,2}(?:/|%2f|\\|%5c|$)")
_OUTSIDE_ASCII = re.compile(r"[^\x21-\x7e]")


class Ended(Struct, frozen=True):
    """How the service ended a WebSocket; no ``code``: it said none, or its connection broke."""

    code: int | None
    reason: str


class Channel:
    """One open WebSocket to the service."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, frame: str | bytes) -> None:
        """Ends once the service takes it. Where it is gone, :meth:`receive` says so."""
        with contextlib.suppress(ConnectionError):
            if isinstance(frame, str):
                await self._socket.send_str(frame)
            else:
                await self._socket.send_bytes(frame)

    async def receive(self) -> str | bytes | Ended:
        """The service's next frame, or its end."""
        from aiohttp import WSMsgType

        message = await self._socket.receive()
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            frame: str | bytes = message.data
            return frame
        if message.type is WSMsgType.CLOSE:
            return Ended(None if message.data in UNSENT else message.data, message.extra or "")
        return Ended(BAD_GATEWAY, "The team service went away.")

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Say goodbye as the visitor did."""
        sent = GOING_AWAY if code is None or code in UNSENT else code
        await self._socket.close(code=sent, message=(reason or "").encode()[:LONGEST_REASON])


class Upstream:
    """``url`` is the service's address: the part of its URLs before ``/submarine/api``."""

    def __init__(self, url: str) -> None:
        self.url = checked(url)
        self._session: ClientSession | None = None
        self._answers = True

    @property
    def answers(self) -> bool:
        """Whether the last request was answered; True before the first."""
        return self._answers

    @property
    def path(self) -> str:
        """The path under which the service's API lies, for what it tells in ``Location``."""
        return urlsplit(self.url).path + BASE

    async def request(
        self,
        method: str,
        target: str,
        *,
        token: str,
        headers: Mapping[str, str],
        body: AsyncIterator[bytes] | bytes | None = None,
    ) -> Answer:
        """The service's answer once its head is here; close it. Raises ServiceAway.

        ``target`` is a path below ``/submarine/api`` with its query, encoded already.
        """
        try:
            answer = await self._open().request(
                method,
                self._at(target),
                headers=_sent(headers, token),
                data=body,
                allow_redirects=False,
            )
        except broken() as error:
            raise self._away() from error
        if not _is_the_services(answer):
            answer.close()
            raise self._away()
        self._answers = True
        return answer

    async def socket(self, target: str, *, token: str) -> Channel:
        """An open WebSocket to the service. Raises Forbidden where it refuses, ServiceAway."""
        import aiohttp

        try:
            socket = await self._open().ws_connect(
                self._at(target),
                headers=_sent({}, token),
                heartbeat=BEAT_SECONDS,
                max_msg_size=LONGEST_FRAME,
            )
        except aiohttp.WSServerHandshakeError as refused:
            if refused.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise Forbidden(
                    "The team service refuses the connection: it does not take the credential "
                    "that this server sends for you, or your account is disabled."
                ) from None
            raise self._away() from None
        except broken() as error:
            raise self._away() from error
        self._answers = True
        return Channel(socket)

    async def close(self) -> None:
        """End all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            await asyncio.sleep(0)  # aiohttp closes its transports in the loop's next turn

    def _open(self) -> ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # streams hold theirs for hours
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS
                ),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding", "Content-Type", "User-Agent"),
            )
        return self._session

    def _at(self, target: str) -> Any:
        from yarl import URL

        encoded = _OUTSIDE_ASCII.sub(lambda m: f"%{ord(m[0]):02X}", target)
        return URL(self.url + BASE + encoded, encoded=True)

    def _away(self) -> ServiceAway:
        self._answers = False
        return ServiceAway(
            f"The team service at {self.url} does not answer. Jobs go on; try again in a moment."
        )


def broken() -> tuple[type[BaseException], ...]:
    """What reading an answer raises that does not come to its end."""
    import aiohttp

    return (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError)


def checked(url: str) -> str:
    """The URL without a closing slash. Raises Invalid for one that names no web server."""
    parts = urlsplit(url)
    plain = parts.scheme in ("http", "https") and parts.hostname
    if not plain or parts.query or parts.fragment or parts.username is not None:
        raise Invalid(
            "The team service's URL is http(s)://HOST[:PORT][/PATH], such as "
            f"http://hub:8000/services/submarine; {url[:200]!r} is not."
        )
    return url.rstrip("/")


def target_of(path: str, query: str) -> str:
    """What the service is asked for: the path below :data:`BASE`, and the query without what
    is this server's. Raises Invalid for a path that a server in between could resolve.
    """
    if _DOTS.search(path):
        raise Invalid("A path must not have parts that are '.' or '..'.")
    parts = [part for part in query.split("&") if unquote(part.partition("=")[0]) not in KEPT]
    kept = "&".join(parts)
    return path.removeprefix(BASE) + (f"?{kept}" if kept else "")


def refuse_rings(headers: Mapping[str, str]) -> None:
    """Raise ServiceAway for what a connected server has sent: it would go round for ever."""
    if VIA in headers.get("Via", ""):
        raise ServiceAway(
            "SubmarineExtension.service_url names a server that is connected itself; "
            "an administrator has to name the team service there.",
            retry_after=60,
        )


def _sent(headers: Mapping[str, str], token: str) -> dict[str, str]:
    return {**headers, "Authorization": f"Bearer {token}", "Via": VIA}


def _is_the_services(answer: Answer) -> bool:
    """The service writes its errors as problems and sends nobody elsewhere; who else stands at
    its address (a proxy, a Hub that does not know it) does not.
    """
    is_problem = answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    return answer.status < 300 or answer.status == 304 or is_problem
