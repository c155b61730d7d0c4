"""A real server, and short words for talking to it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest
from msgspec import Struct
from tornado.httputil import HTTPHeaders

from submarine_ext.api.base import SETTING
from submarine_ext.app.site import Site
from tests.databases import KINDS, fresh

JSON = {"Content-Type": "application/json"}
BASE = "submarine/api"

#: Who has the token ``token-NAME`` in tests with the fixture ``people``.
PEOPLE = ("alice", "bob", "carol", "dave", "eve", "root-admin")


class Answer(Struct):
    """A response, with its JSON if it is some."""

    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Call = Callable[..., Awaitable[Answer]]


#: What the store's own suites do not ask of PostgreSQL is asked by these.
ON_BOTH = ("test_audit", "test_handover", "test_history", "test_queue", "test_teams")


def pytest_generate_tests(metafunc):
    if metafunc.module.__name__.rpartition(".")[2] in ON_BOTH:
        metafunc.parametrize("database", KINDS, indirect=True)


@pytest.fixture
def database(request, tmp_path):
    """The URL of the server's database; empty: SQLite. The environment may choose for all."""
    kind = getattr(request, "param", os.environ.get("SUBMARINE_TEST_DATABASE", "sqlite"))
    if kind == "sqlite":
        yield ""
        return
    with fresh(kind, tmp_path) as where:
        yield where


@pytest.fixture(autouse=True)
def jp_server_cleanup(database, jp_server_cleanup):
    """The server stops before its database goes."""


@pytest.fixture
def jp_server_config(request, database, jp_server_config):
    """A test that asks for ``people`` has a server that knows them."""
    settings = jp_server_config.setdefault("SubmarineExtension", {})
    if database:
        settings["database_url"] = database
    if "people" in request.fixturenames:
        provider = "submarine_ext.testing.identity.PeopleByToken"
        jp_server_config["ServerApp"]["identity_provider_class"] = provider
        jp_server_config["PeopleByToken"] = {"people": {f"token-{n}": n for n in PEOPLE}}
        settings["admins"] = {"root-admin"}
    return jp_server_config


@pytest.fixture
def people(call: Call) -> Callable[[str], Call]:
    """``alice = people("alice"); await alice("GET", "/me")``: everybody of :data:`PEOPLE`."""

    def person(name: str) -> Call:
        assert name in PEOPLE
        return partial(_as, call, name)

    return person


async def _as(call: Call, name: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
    headers = {"Authorization": f"token token-{name}", **(more.pop("headers", None) or {})}
    return await call(method, path, body, signed=False, headers=headers, **more)


@pytest.fixture
def tidied(people, site, jp_asyncio_loop):
    """Afterwards every job has ended."""
    yield

    async def tidy() -> None:
        admin, services = people("root-admin"), await site.services()
        changed = asyncio.Event()
        for project in (await admin("GET", "/projects")).json["items"]:
            for job in (await admin("GET", f"/projects/{project['name']}/jobs")).json["items"]:
                path = f"/jobs/{job['id']}"
                leave = services.feed.watch(job["id"], changed.set)
                await admin("POST", f"{path}/stop", {"grace_seconds": 0})
                while not (await admin("GET", path)).json["finished"]:
                    await changed.wait()
                    changed.clear()
                leave()

    jp_asyncio_loop.run_until_complete(tidy())


@pytest.fixture
def call(jp_serverapp, http_server_client, jp_base_url, jp_auth_header) -> Call:
    """``await call("POST", "/bundles", {...})``: the path goes out byte for byte.

    ``headers`` replace the credential where they name one; ``signed=False`` sends none.
    """

    async def send(
        method: str, path: str, body: Any = None, *, signed: bool = True, headers: Any = None
    ) -> Answer:
        sent = {**(jp_auth_header if signed else {}), **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {**JSON, **sent}
        response = await http_server_client.fetch(
            f"{jp_base_url}{BASE}{path}",
            method=method,
            body=body,
            headers=sent,
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
        )
        return Answer(response.code, response.headers, response.body)

    return send


@pytest.fixture
def site(served) -> Site:
    """What the handlers get from the application that holds the services."""
    return served.web_app.settings[SETTING]


@pytest.fixture
def submitted(call: Call, follow) -> Callable[..., Awaitable[dict[str, Any]]]:
    """``await submitted("echo", "hi")``: a job that has ended, as ``GET`` shows it."""

    async def submit(*command: str, **more: Any) -> dict[str, Any]:
        answer = await call("POST", "/projects/default/jobs", {"command": list(command), **more})
        assert answer.status == 201, answer.body
        job = answer.json["id"]
        socket = await follow({"op": "subscribe", "topic": f"jobs/{job}", "since": 0})
        await socket.until(lambda f: f["type"] == "job" and f["data"].get("finished"))
        return (await call("GET", f"/jobs/{job}")).json

    return submit


@pytest.fixture
def finished(site) -> Callable[[Call, str], Awaitable[dict[str, Any]]]:
    """``await finished(alice, job)``: the job once it has ended, as alice sees it."""

    async def wait(person: Call, job: str) -> dict[str, Any]:
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        store = (await site.services())._store
        store.on_commit(lambda: loop.call_soon_threadsafe(changed.set))
        while True:
            changed.clear()
            seen = (await person("GET", f"/jobs/{job}")).json
            if seen["finished"]:
                return seen
            await changed.wait()

    return wait


class Reader:
    """The client's end of a WebSocket."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.closed = False

    async def say(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        await self.connection.write_message(text)

    async def next(self) -> dict[str, Any]:
        message = await self.connection.read_message()
        self.closed = message is None
        assert message is not None, "the server closed the socket"
        return json.loads(message)

    async def end(self) -> None:
        """Read until the socket is closed, from whichever side."""
        while not self.closed:
            self.closed = await self.connection.read_message() is None

    async def until(self, wanted: Callable[[dict[str, Any]], Any]) -> list[dict[str, Any]]:
        """All frames up to the first wanted one, which is the last."""
        frames = [await self.next()]
        while not wanted(frames[-1]):
            frames.append(await self.next())
        return frames

    async def ask(self, message: Any) -> dict[str, Any]:
        await self.say(message)
        return await self.next()


@pytest.fixture
def reading(jp_asyncio_loop) -> Iterator[Callable[[Any], Reader]]:
    """``reader = reading(connection)``: a socket that is closed after the test."""
    opened: list[Reader] = []

    def keep(connection: Any) -> Reader:
        opened.append(Reader(connection))
        return opened[-1]

    yield keep

    async def close() -> None:
        for reader in opened:
            reader.connection.close()
            await reader.end()

    jp_asyncio_loop.run_until_complete(close())


@pytest.fixture
def follow(jp_ws_fetch, reading):
    """``await follow(*messages)``: an open socket that has sent the messages."""

    async def connect(*messages: Any, **more: Any) -> Reader:
        reader = reading(await jp_ws_fetch(*BASE.split("/"), "events", **more))
        for message in messages:
            await reader.say(message)
        return reader

    return connect


def ended(frame: dict[str, Any]) -> bool:
    return frame["type"] == "complete"
