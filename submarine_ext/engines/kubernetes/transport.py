"""Raw JSON over one aiohttp session: one request, one stream, and whose name they bear.

No model, no library's watch: what the server says is handed on as it stands. Imported only
by an opened engine, because aiohttp is heavy. Must not know jobs.
"""

from __future__ import annotations

import asyncio
import copy
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from submarine_ext.engines.kubernetes.answers import ApiError, refusal, warnings
from submarine_ext.engines.kubernetes.credentials import Access, ClusterUnusable
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.pace import Pace
from submarine_ext.engines.kubernetes.refresh import Keeper
from submarine_ext.engines.kubernetes.settings import Settings

__all__ = ["Api", "ApiError", "ClusterUnusable"]

CONNECT = 10.0  # seconds to a connected socket
BEGIN = 60.0  # seconds to a stream's first header, the wait for its turn included
AT_ONCE = 32  # requests in flight; streams are bounded by who opens them
LARGEST = 64 << 20  # bytes of an answer, unpacked
GONE = {0, 502, 503, 504}  # answers of nobody, or of a proxy before nobody
JSON = "application/json"
MERGE = "application/merge-patch+json"
_LOGIN = re.compile(r"//[^/\s]*@")
_PATH = re.compile(r"(/[A-Za-z0-9._:-]+)+")


class Api:
    """A session with one cluster, under one identity."""

    on_warning: Callable[[str], None] | None = None

    def __init__(self, keeper: Keeper, pace: Pace | None = None) -> None:
        self._keeper = keeper
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "submarine-ext"},
        )
        self._room = asyncio.Semaphore(AT_ONCE)
        self._identity: list[tuple[str, str]] = []
        self.pace = pace or Pace()

    @classmethod
    async def open(cls, settings: Settings) -> Api:
        """Read the credentials, off the loop; the server itself may be away.

        :raises ClusterUnusable: no kubeconfig, or one that may not be used.
        """
        return cls(await Keeper.open(settings))

    @property
    def host(self) -> str:
        """The server's URL."""
        return self._keeper.access.host

    @property
    def namespace(self) -> str:
        """The default namespace: the context's, the pod's own, or ``default``."""
        return self._keeper.access.namespace

    @property
    def notes(self) -> tuple[str, ...]:
        """What an administrator should know of the credentials, in plain sentences."""
        return self._keeper.access.notes

    @property
    def source(self) -> str:
        """Where the credentials come from, in words."""
        return self._keeper.access.source

    def acting_as(self, user: str, groups: Sequence[str]) -> Api:
        """The same session in somebody else's name. Closing it closes both.

        :raises ClusterUnusable: a name that cannot be sent as it is, or the cluster's own.
        """
        if self._keeper.access.identity:
            text = "The kubeconfig says `as:` already; impersonation cannot be switched on too."
            raise ClusterUnusable(text)
        other = copy.copy(self)
        groups = [_name(group) for group in groups]
        identity = [("Impersonate-Group", group) for group in groups]
        other._identity = [("Impersonate-User", _name(user)), *identity]  # noqa: SLF001 (a copy)
        return other

    async def request(  # noqa: PLR0913 (all but two are by name)
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Object | None = None,
        patch: bool = False,
        timeout: float = 30.0,  # noqa: ASYNC109 (the wait for a turn counts too)
        accept: str = JSON,
        warned: Callable[[str], None] | None = None,
    ) -> Object:
        """One exchange of JSON; a body is a merge patch where ``patch``. ``warned`` is told
        the ``Warning:`` headers of a write (else ``on_warning``).

        :raises ApiError: the server refused, or did not answer within ``timeout`` seconds;
            a name that is none is a 400.
        """
        question = _Question(method, path, params or {}, {"Accept": accept})
        if body is not None:
            question.headers["Content-Type"] = MERGE if patch else JSON
            question.data = msgspec.json.encode(body)
        with self._network():
            async with asyncio.timeout(timeout), self._room, self._answer(question) as response:
                content = await _whole(response)
        tell = warned or self.on_warning
        if method != "GET" and tell is not None:
            for text in warnings(response.headers.getall("Warning", [])):
                tell(text)
        return _decoded(content)

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, silence: float | None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Bytes as they arrive, until the server ends. ``silence``: the longest wait between
        two pieces in seconds.

        :raises ApiError: also for an empty 204 (``NoContent``), and while it is read.
        """
        question = _Question("GET", path, params, {"Accept": "*/*"}, silence=silence)
        async with AsyncExitStack() as stack:
            with self._network():
                async with asyncio.timeout(BEGIN):
                    response = await stack.enter_async_context(self._answer(question))
            if response.status == 204:
                raise ApiError(204, "NoContent", "There is nothing to read yet.")
            _keep_alive(response)
            yield self._pieces(response)

    async def close(self) -> None:
        """End every request of every identity of the session."""
        await self._session.close()
        await self._keeper.close()

    async def _pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for piece in response.content.iter_any():
                yield piece
        except TimeoutError as error:
            self.pace.report(here=False)
            raise ApiError(0, "Silence", f"The cluster at {self.host} fell silent.") from error
        except (aiohttp.ClientError, OSError) as error:
            self.pace.report(here=False)  # a thousand streams may be cut at once
            raise ApiError(0, "Cut", f"The connection to {self.host} was cut.") from error

    @asynccontextmanager
    async def _answer(self, question: _Question) -> AsyncIterator[aiohttp.ClientResponse]:
        """A good answer; credentials that are refused are renewed, once."""
        access = await self._keeper.current()
        response = await self._send(question, access)
        if response.status == 401:
            response.close()
            access = await self._keeper.renewed(access)
            response = await self._send(question, access)
        async with response:
            if response.status >= 300:
                raise await self._refused(response)
            yield response

    async def _send(self, question: _Question, access: Access) -> aiohttp.ClientResponse:
        await self.pace.turn()
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=question.silence)
        try:
            response = await self._session.request(
                question.method,
                access.host + question.path,
                params=question.params,
                data=question.data,
                headers=[
                    *question.headers.items(),
                    *access.headers,
                    *access.identity,
                    *self._identity,
                ],
                ssl=access.tls or True,
                server_hostname=access.server_name,
                proxy=access.proxy,
                allow_redirects=False,
                timeout=limits,
            )
        except (aiohttp.ClientError, OSError):
            self.pace.report(here=False)
            raise
        self.pace.report(here=response.status not in GONE)
        return response

    async def _refused(self, response: aiohttp.ClientResponse) -> ApiError:
        error = refusal(response.status, response.headers, await _whole(response))
        if error.retry_after is not None and error.transient:
            self.pace.hold(error.retry_after)
        return error

    @contextmanager
    def _network(self) -> Iterator[None]:
        """What the network does, in one kind of error."""
        try:
            yield
        except TimeoutError as error:
            if self.pace.held:
                text = f"The cluster at {self.host} asked for fewer requests."
                raise ApiError(429, "TooManyRequests", text) from error
            self.pace.report(here=False)
            text = f"The cluster at {self.host} does not answer."
            raise ApiError(0, "Timeout", text) from error
        except (aiohttp.ClientError, OSError) as error:
            why = _LOGIN.sub("//", str(error))  # some name a proxy's URL, password and all
            text = f"The cluster at {self.host} is not reachable: {why}"
            raise ApiError(0, "Unreachable", text) from None


@dataclass
class _Question:
    method: str
    path: str
    params: Mapping[str, str]
    headers: dict[str, str]
    data: bytes | None = field(default=None, repr=False)
    silence: float | None = None

    def __post_init__(self) -> None:
        # Names come from objects and from people: none of them may lead elsewhere.
        if not _PATH.fullmatch(self.path) or {".", ".."} & set(self.path.split("/")):
            raise ApiError(400, "BadRequest", f"{self.path!r} is no place on a cluster.")


def can_act_as(name: str) -> bool:
    """Whether :meth:`Api.acting_as` takes the name."""
    try:
        return bool(_name(name))
    except ClusterUnusable:
        return False


def _name(name: str) -> str:
    """A name as a header may carry it. Kubernetes takes the bytes (UTF-8) as they are, cut
    of white space: a name that this would change is somebody else's name.
    """
    if not name or name != name.strip() or not name.isprintable():
        raise ClusterUnusable(f"{name!r} cannot be a name on the cluster.")
    if name.startswith("system:"):
        raise ClusterUnusable(f"{name!r} is the cluster's own name; nobody acts under it.")
    return name


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """An answer with an end; who sends one without, or a bomb, is not listened to."""
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise ApiError(0, "TooLong", "The cluster's answer is longer than 64 MiB.")
    return b"".join(pieces)


def _decoded(content: bytes) -> Object:
    if not content.strip():
        return {}
    try:
        told: Any = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ApiError(0, "Garbled", "The cluster's answer is not JSON.") from error
    if not isinstance(told, dict):
        raise ApiError(0, "Garbled", "The cluster's answer is no object.")
    return told


def _keep_alive(response: aiohttp.ClientResponse) -> None:
    """A dead peer is noticed after about a minute, where nothing else would tell."""
    transport = response.connection.transport if response.connection else None
    plug = transport.get_extra_info("socket") if transport else None
    if plug is None:  # all of the answer has come already
        return
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            plug.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
