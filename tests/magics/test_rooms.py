"""jupyter-collaboration's own rooms: they share plain files, and no project's.

Its version here is one that we do not know, so that there are none of ours either (those are in
test_project_rooms.py).
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websocket

from submarine_ext.client import Client
from tests.magics.conftest import PEOPLE, REPOSITORY, Running, jupyter_server
from tests.magics.desks import COLLABORATION, presence, states_in

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A shared server whose data lies below its root, in a hidden folder."""
    home = tmp_path_factory.mktemp("rooms")
    config = {
        "ServerApp": {"identity_provider_class": "submarine_ext.testing.identity.PeopleByToken"},
        "PeopleByToken": {"people": {f"token-{name}": name for name in PEOPLE}},
        "SubmarineExtension": {"owner": "alice", "data_dir": str(home / "root" / ".data")},
    }
    newer = home / "newer" / "pycrdt-99.0.0.dist-info"
    newer.mkdir(parents=True)
    (newer / "METADATA").write_text("Metadata-Version: 2.1\nName: pycrdt\nVersion: 99.0.0\n")
    with jupyter_server(
        home,
        token="token-alice",
        config=config,
        environ={"PYTHONPATH": f"{newer.parent}:{REPOSITORY}:{COLLABORATION}"},
        also=("jupyter_server_fileid", "jupyter_server_ydoc"),
    ) as running:
        (running.root / "plain.ipynb").write_text(NOTEBOOK)
        with Client(running.url, "token-alice") as alice:
            alice.projects.create("vision")
            alice.files("vision").save("a.ipynb", NOTEBOOK)
            for name in PEOPLE:
                with Client(running.url, f"token-{name}") as somebody:
                    somebody.me()
            alice.projects.share("vision", "bob", "editor")
        yield running


def session(server: Running, path: str, who: str = "alice") -> httpx.Response:
    return httpx.put(
        f"{server.url}api/collaboration/session/{path}",
        headers={"Authorization": f"token token-{who}"},
        json={"format": "json", "type": "notebook"},
        timeout=60,
    )


def room(server: Running, number: str, session_id: str = "", who: str = "alice") -> bytes | int:
    """The first message of a room's socket; the status where it does not open."""
    url = f"{server.url}api/collaboration/room/json:notebook:{number}?sessionId={session_id}"
    try:
        with contextlib.closing(
            websocket.create_connection(
                url.replace("http", "ws", 1),
                header=[f"Authorization: token token-{who}"],
                timeout=60,
            )
        ) as opened:
            return opened.recv()
    except websocket.WebSocketBadStatusException as error:
        return error.status_code


def number_of(server: Running, path: str) -> str:
    """An id for a path, as an earlier server may have given one."""
    database = Path(server.environment["JUPYTER_DATA_DIR"], "file_id_manager.db")
    number = f"id-of-{len(path)}"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        row = (number, f"{server.root}/{path}")
        connection.execute("INSERT OR REPLACE INTO Files (id, path) VALUES (?, ?)", row)
    return number


OF_PROJECTS = (
    "submarine:vision/a.ipynb",
    "/submarine:vision/a.ipynb",
    "submarine%3Avision%2Fa.ipynb",
    ".data/projects/vision/a.ipynb",
    "./.data/../.data/projects/vision/a.ipynb",
)


def test_a_plain_notebook_has_a_room_for_everybody(server):
    """Else nothing below would mean anything."""
    answer = session(server, "plain.ipynb", "bob")
    assert answer.status_code in (200, 201)
    known = answer.json()
    assert isinstance(room(server, known["fileId"], known["sessionId"], "bob"), bytes)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("path", OF_PROJECTS)
def test_a_projects_notebook_gets_none_by_any_name(server, path, who):
    """Not even its owner: a room would save it as nobody's version. (Mutant: no ``Rooms``.)"""
    assert session(server, path, who).status_code == 403


@pytest.mark.parametrize("path", [OF_PROJECTS[0], OF_PROJECTS[3]])
def test_nor_by_an_id_that_it_has_from_before(server, path):
    number = number_of(server, path)
    for who in PEOPLE:
        assert room(server, number, who=who) == 403
    headers = {"Authorization": "token token-carol"}
    for route in (f"path?id={number}", f"id?path={path}"):
        answer = httpx.get(f"{server.url}api/fileid/{route}", headers=headers, timeout=60)
        assert answer.status_code == 403
    timeline = f"{server.url}api/collaboration/timeline/{path}?format=json&type=notebook"
    assert httpx.get(timeline, headers=headers, timeout=60).status_code == 403


def test_the_log_says_why_projects_have_no_rooms(server):
    log = (server.root.parent / "server.log").read_text()
    assert "projects have no live editing with pycrdt 99.0.0" in log


def test_what_people_have_open_of_projects_is_not_told_to_everybody(server):
    """(Mutant: no ``keep_to_plain_files``.)"""
    url = f"{server.url}api/collaboration/room/JupyterLab:globalAwareness".replace("http", "ws", 1)
    with contextlib.ExitStack() as stack:
        alice, carol = (
            stack.enter_context(
                contextlib.closing(
                    websocket.create_connection(
                        url, header=[f"Authorization: token token-{who}"], timeout=60
                    )
                )
            )
            for who in ("alice", "carol")
        )
        carol.recv()  # the server's question: she is in
        state = {
            "documents": ["submarine:vision/a.ipynb", "plain.ipynb"],
            "current": "notebook:submarine:vision/a.ipynb",
        }
        alice.send_binary(presence(7, 1, state))
        while not (seen := states_in(carol.recv())):
            pass
    assert seen == [{"documents": ["plain.ipynb"], "current": None}]


def test_saves_of_projects_are_versions_with_their_authors_as_ever(server):
    with Client(server.url, "token-bob") as bob:
        files = bob.files("vision")
        before = files.read("a.ipynb")
        files.save("a.ipynb", {**before.content, "metadata": {"x": 1}}, if_match=before.etag)
        assert [each.author for each in files.history("a.ipynb")] == ["alice", "bob"]
