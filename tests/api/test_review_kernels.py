"""A project's kernel obeys only who may run code there now (security.md A rule 6, B 12).

The mutant (Jupyter as it is): a socket is asked once, when it is opened. It is kept alive
below.
"""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from submarine_ext.app.sockets import Watched

PATIENCE = 30.0


@pytest.fixture
def jp_argv():
    return ["--MappingKernelManager.kernel_info_timeout=60"]


@pytest.fixture
def opened(people, http_server_client, jp_base_url, jp_http_port, jp_asyncio_loop):
    """``await opened("bob")``: bob's socket to the kernel of alice's notebook."""
    sockets = []

    async def connect(name: str):
        alice = people("alice")
        await people(name)("GET", "/me")
        await alice("PUT", "/contents/alice/a.ipynb", {"type": "notebook"})
        await alice("PUT", f"/projects/alice/grants/user:{name}", {"role": "editor"})
        notebook = {"path": "submarine:alice/a.ipynb", "name": "a.ipynb", "type": "notebook"}
        answer = await http_server_client.fetch(
            f"{jp_base_url}api/sessions",
            method="POST",
            body=json.dumps(notebook),
            headers={"Authorization": "token token-alice", "Content-Type": "application/json"},
        )
        kernel = json.loads(answer.body)["kernel"]["id"]
        url = f"ws://127.0.0.1:{jp_http_port}{jp_base_url}api/kernels/{kernel}/channels"
        headers = {"Authorization": f"token token-{name}"}
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        sockets.append(socket)
        await replied(socket)
        return alice, socket

    yield connect
    for socket in sockets:
        socket.close()


async def replied(socket) -> None:
    """The kernel answers over the socket."""
    message = {
        "header": {"msg_id": uuid4().hex, "msg_type": "kernel_info_request", "session": "s"}
        | {"username": "", "date": "2026-11-22T00:00:00Z", "version": "5.3"},
        "parent_header": {},
        "metadata": {},
        "content": {},
        "channel": "shell",
    }
    await socket.write_message(json.dumps(message))
    while True:
        told = await socket.read_message()
        assert told is not None, "the server closed the socket"
        if isinstance(told, bytes) or json.loads(told)["msg_type"] == "kernel_info_reply":
            return


async def closed(socket) -> int | None:
    async with asyncio.timeout(PATIENCE):
        while await socket.read_message() is not None:
            pass
    return socket.close_code


@pytest.mark.modes("embedded", "connected")
class TestTheSocketOfAProjectsKernel:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("DELETE", "/projects/alice/grants/user:bob", None),
            ("PUT", "/projects/alice/grants/user:bob", {"role": "viewer"}),
            ("PATCH", "/projects/alice", {"state": "archived"}),
        ],
        ids=["removed", "demoted", "archived"],
    )
    async def test_closes_when_its_person_may_run_no_code_any_more(
        self, opened, method, path, body
    ):
        alice, socket = await opened("bob")
        assert (await alice(method, path, body)).status in (200, 204)
        assert await closed(socket) == 4403

    async def test_closes_with_the_account(self, opened, people):
        _, socket = await opened("bob")
        admin = people("root-admin")
        assert (await admin("PATCH", "/users/bob", {"disabled": True})).status == 200
        assert await closed(socket) == 4403

    async def test_stays_where_only_others_lose_rights(self, opened, people):
        alice, socket = await opened("bob")
        await alice("PUT", "/projects/alice/grants/user:carol", {"role": "editor"})
        await alice("DELETE", "/projects/alice/grants/user:carol")
        await replied(socket)

    async def test_would_stay_without_the_watch(self, opened, monkeypatch):
        """The mutant, alive."""
        monkeypatch.setattr(Watched, "__init__", lambda self, *given: None)
        alice, socket = await opened("bob")
        await alice("DELETE", "/projects/alice/grants/user:bob")
        await replied(socket)
