"""A connected server, and in the service's place one that does what a test says.

The real service behind a connected server is ``tests/modes.py``'s; here are answers that a
real one gives only when something is broken, and a record of all that it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec import Struct
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, stream_request_body

from tests.api.conftest import (  # noqa: F401 - fixtures
    Answer,
    Call,
    Reader,
    call,
    finished,
    follow,
    people,
    reading,
    site,
    submitted,
)

#: Who has the token ``token-NAME`` at the connected server; alice is whose server it is.
PEOPLE = ("alice", "bob")
OWNERS_TOKEN = "what-the-administrator-gave-for-alice"


class Asked(Struct):
    """A request as it came to the service."""

    method: str
    uri: str
    headers: HTTPHeaders
    body: bytearray


Script = Callable[[RequestHandler, Asked], Awaitable[None]]


async def say_ok(handler: RequestHandler, _: Asked) -> None:
    handler.set_header("Content-Type", "application/json")
    await handler.finish(b'{"items": [], "next": null}')


class Stage:
    """In the service's place: ``answer`` is called once a request's body is over, ``begin``
    before it comes, ``chunk`` for each piece of it.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Script = say_ok
        self.begin: Script | None = None
        self.chunk: Callable[[bytes], Awaitable[None]] | None = None
        self.left = asyncio.Event()
        (socket,) = bind_sockets(0, "127.0.0.1")
        self.port = socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/team"
        self._listen([socket])

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def stop(self) -> None:
        self._server.stop()
        await self._server.close_all_connections()

    def start(self) -> None:
        """Answer again, at the same place."""
        self._listen(bind_sockets(self.port, "127.0.0.1"))

    def _listen(self, sockets: Any) -> None:
        self._server = HTTPServer(Application([(".*", _handler(self))]), max_body_size=1 << 40)
        self._server.add_sockets(sockets)


def _handler(stage: Stage) -> type[RequestHandler]:
    @stream_request_body
    class OnStage(RequestHandler):
        async def prepare(self) -> None:
            request = self.request
            self.asked = Asked(request.method, request.uri, request.headers, bytearray())
            stage.asked.append(self.asked)
            if stage.begin is not None:
                await stage.begin(self, self.asked)

        async def data_received(self, chunk: bytes) -> None:
            if stage.chunk is not None:
                await stage.chunk(chunk)
            else:
                self.asked.body += chunk

        async def get(self) -> None:
            await stage.answer(self, self.asked)

        head = post = put = patch = delete = get

        def on_connection_close(self) -> None:
            stage.left.set()

    return OnStage


@pytest.fixture
def stage(jp_asyncio_loop: Any) -> Any:
    """What stands in the service's place."""

    async def made() -> Stage:
        return Stage()

    stage = jp_asyncio_loop.run_until_complete(made())
    yield stage
    jp_asyncio_loop.run_until_complete(stage.stop())


@pytest.fixture
def jp_server_config(request: Any, jp_server_config: Any) -> Any:
    """Connected to the stage where a test asks for one, and of alice; else of :mod:`tests.modes`,
    with everybody that its service knows.
    """
    if "people" in request.fixturenames:
        provider = "submarine_ext.testing.identity.PeopleByToken"
        jp_server_config["ServerApp"]["identity_provider_class"] = provider
        everybody = (*PEOPLE, "carol", "dave", "root-admin")
        jp_server_config["PeopleByToken"] = {"people": {f"token-{n}": n for n in everybody}}
        jp_server_config["SubmarineExtension"] = {"admins": {"root-admin"}}
    if "stage" in request.fixturenames:
        stage = request.getfixturevalue("stage")
        file = request.getfixturevalue("tmp_path") / "token"
        file.write_text(OWNERS_TOKEN)
        provider = "submarine_ext.testing.identity.PeopleByToken"
        jp_server_config["ServerApp"]["identity_provider_class"] = provider
        jp_server_config["PeopleByToken"] = {"people": {f"token-{n}": n for n in PEOPLE}}
        jp_server_config["SubmarineExtension"] = {
            "service_url": stage.url,
            "service_token_file": str(file),
            "owner": "alice",
        }
    return jp_server_config


@pytest.fixture
def follow_as(follow: Any) -> Any:  # noqa: F811
    """``await follow_as("bob", *messages)``: somebody's open socket that has said this."""

    def connect(name: str, *messages: Any) -> Awaitable[Reader]:
        return follow(*messages, headers={"Authorization": f"token token-{name}"})

    return connect


@pytest.fixture
def cookies(call: Call, jp_asyncio_loop: Any) -> Callable[[str], dict[str, str]]:  # noqa: F811
    """``cookies("bob")``: headers of a page of this server that bob has signed in to."""

    def of(name: str) -> dict[str, str]:
        token = {"Authorization": f"token token-{name}"}
        answer = jp_asyncio_loop.run_until_complete(call("GET", "/me", signed=False, headers=token))
        pairs = [each.partition(";")[0] for each in answer.headers.get_list("Set-Cookie")]
        return {"Cookie": "; ".join([*pairs, "_xsrf=abcd"]), "X-XSRFToken": "abcd"}

    return of
