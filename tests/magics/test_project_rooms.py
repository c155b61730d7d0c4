"""Several people type into a project's notebook: a real server, real sockets, a CRDT each."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from submarine_ext.client import Client
from tests.magics.conftest import PEOPLE, REPOSITORY, Running, jupyter_server
from tests.magics.desks import COLLABORATION, Desk, opened, presence, session

At = Callable[..., Desk]
REVOKED, EXPIRED, NO_MESSAGE = 4403, 1003, 1007


def notebook(*sources: str, **metadata: Any) -> dict[str, Any]:
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "secret"}],
            "execution_count": None,
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@contextlib.contextmanager
def collaborating(home: Path) -> Iterator[Running]:
    """A shared server with jupyter-collaboration."""
    config = {
        "ServerApp": {"identity_provider_class": "submarine_ext.testing.identity.PeopleByToken"},
        "PeopleByToken": {"people": {f"token-{name}": name for name in PEOPLE}},
        "SubmarineExtension": {"owner": "alice"},
    }
    with jupyter_server(
        home,
        token="token-alice",
        config=config,
        environ={"PYTHONPATH": f"{REPOSITORY}:{COLLABORATION}"},
        also=("jupyter_server_fileid", "jupyter_server_ydoc"),
    ) as running:
        for name in PEOPLE:
            with Client(running.url, f"token-{name}") as somebody:
                somebody.me()
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with collaborating(tmp_path_factory.mktemp("typing")) as running:
        yield running


_numbers = itertools.count()


@pytest.fixture
def project(server: Running) -> str:
    """Of alice, with bob as an editor and carol as a viewer."""
    name = f"vision-{next(_numbers)}"
    with Client(server.url, "token-alice") as alice:
        alice.projects.create(name)
        alice.files(name).save("a.ipynb", notebook("x = 1"))
        alice.projects.share(name, "bob", "editor")
        alice.projects.share(name, "carol", "viewer")
    return name


@pytest.fixture
def at(server: Running, project: str) -> Iterator[At]:
    """``at("bob")``: bob's lab, in which the notebook is open."""
    with contextlib.ExitStack() as stack:

        def sit(who: str, path: str = "a.ipynb", kind: str = "notebook") -> Desk:
            desk = Desk(server, who, f"submarine%3A{project}%2F{path}", kind)
            stack.callback(desk.close)
            return desk

        yield sit


@pytest.fixture
def person(server: Running) -> Iterator[Callable[[str], Client]]:
    with contextlib.ExitStack() as stack:
        yield lambda name: stack.enter_context(Client(server.url, f"token-{name}"))


@pytest.fixture
def news(server: Running, project: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Waits for the next word about the project: of a file, or of rights."""
    url = f"{server.url}submarine/api/events".replace("http", "ws", 1)
    header = ["Authorization: token token-alice"]
    with contextlib.closing(websocket.create_connection(url, header=header, timeout=60)) as socket:
        socket.send(json.dumps({"op": "subscribe", "topic": f"projects/{project}"}))

        def next_one(kind: str = "file") -> dict[str, Any]:
            while (frame := json.loads(socket.recv()))["type"] != kind:
                pass
            return frame["data"]

        assert json.loads(socket.recv())["type"] == "subscribed"
        yield next_one


def sources(person: Callable[[str], Client], project: str) -> list[str]:
    """What lies on the disk."""
    content = person("alice").files(project).read("a.ipynb").content
    return ["".join(cell["source"]) for cell in content["cells"]]


class TestTwoWhoMayWrite:
    def test_see_what_each_other_types(self, at):
        alice, bob = at("alice"), at("bob")
        alice.type(" + 1")
        bob.until(lambda: bob.source() == "x = 1 + 1")
        bob.type(" # why?")
        alice.until(lambda: alice.source() == "x = 1 + 1 # why?")

    def test_are_the_authors_of_what_is_saved(self, at, person, project):
        """Who typed last is the author. (Mutant: saved as who opened the room.)"""
        alice, bob = at("alice"), at("bob")
        alice.type(" + 1")
        bob.until(lambda: bob.source() == "x = 1 + 1")
        bob.type(" + 2")
        assert bob.save() == "success"
        assert sources(person, project) == ["x = 1 + 1 + 2"]
        last = person("alice").files(project).history("a.ipynb")[-1]
        assert (last.author, last.coauthors, last.kind) == ("bob", ["alice"], "saved")
        alice.type(" + 3")
        assert alice.save() == "success"
        last = person("alice").files(project).history("a.ipynb")[-1]
        assert (last.author, last.coauthors) == ("alice", [])

    def test_make_no_version_by_opening_it(self, at, person, project):
        """The lab writes into the document's state then, which is no part of the file."""
        alice = at("alice")
        alice.file.ystate["document_id"] = alice.room
        assert alice.save() == "success"
        assert len(person("alice").files(project).history("a.ipynb")) == 1

    def test_leave_their_work_saved(self, at, person, project, news):
        """Nobody has to press Save. (Mutant: an empty room is not settled.)"""
        alice = at("alice")
        alice.type(" + 1")
        assert alice.asked()  # the server has it
        alice.close()
        assert news()["author"] == "alice"
        assert sources(person, project) == ["x = 1 + 1"]

    def test_are_seen_by_the_names_that_the_server_knows(self, at):
        """Not by those that a client sends. (Mutant: states are passed on as they come.)"""
        alice, bob = at("alice"), at("bob")
        bob.send(presence(7, 1, {"user": {"username": "root-admin"}, "cursor": 3}))
        alice.until(lambda: any(each.get("cursor") == 3 for each in alice.seen))
        seen = next(each for each in alice.seen if each.get("cursor") == 3)
        assert seen["user"]["username"] == "bob"
        alice.send(presence(7, 2, {"user": {}, "cursor": 4}))  # that is bob's number
        alice.send(presence(8, 1, {"user": {}, "cursor": 5}))
        bob.until(lambda: any(each.get("cursor") == 5 for each in bob.seen))
        assert not any(each.get("cursor") == 4 for each in bob.seen)

    def test_share_a_text_file_too(self, at, person, project):
        person("alice").files(project).save("notes.txt", "one\n")
        alice, bob = at("alice", "notes.txt", "file"), at("bob", "notes.txt", "file")
        alice.file.source = "one\ntwo\n"
        bob.until(lambda: bob.file.source == "one\ntwo\n")
        assert bob.save() == "success"
        assert person("bob").files(project).read("notes.txt").content == "one\ntwo\n"
        assert person("bob").files(project).history("notes.txt")[-1].author == "alice"

    def test_trust_nothing_that_the_other_calls_trusted(self, at):
        """It would run bob's scripts in alice's browser. (Mutant: no ``_distrust``.)"""
        alice, bob = at("alice"), at("bob")
        shown = []
        alice.file.observe(
            lambda *_: shown.extend(c["metadata"].get("trusted") for c in alice.file.get()["cells"])
        )
        bob.file.ycells[0]["metadata"]["trusted"] = True
        bob.until(lambda: bob.file.ycells[0]["metadata"]["trusted"] is False)
        bob.file.ycells[0]["metadata"]["trusted"] = True  # now it is written without its name
        bob.type(" # done")
        alice.until(lambda: alice.source().endswith("# done"))
        bob.file.append_cell({"cell_type": "code", "id": "new", "source": "",
                              "metadata": {"trusted": True}, "outputs": []})  # fmt: skip
        alice.until(lambda: len(alice.file.ycells) == 2)
        assert shown
        assert not any(shown)


class TestOneWhoMayOnlyRead:
    def test_sees_what_others_type(self, at):
        carol, bob = at("carol"), at("bob")
        bob.type(" + 1")
        carol.until(lambda: carol.source() == "x = 1 + 1")

    def test_changes_nothing_whatever_their_client_sends(self, at, person, project):
        """(Mutant: ``seat.writes`` is not asked; the test must see it.)"""
        alice, carol = at("alice"), at("carol")
        carol.type("; import os")
        carol.send(bytes([0, 1]) + carol.as_answer())  # the same as an answer to a question
        assert carol.save() == "failed"
        alice.type(" + 1")
        carol.until(lambda: "+ 1" in carol.source())
        assert alice.source() == "x = 1 + 1"
        assert alice.save() == "success"
        assert sources(person, project) == ["x = 1 + 1"]
        assert {each.author for each in person("alice").files(project).history("a.ipynb")} == {
            "alice"
        }

    def test_is_heard_from_the_moment_they_may_write(self, at, person, project):
        alice, carol = at("alice"), at("carol")
        carol.type(" # carol")
        assert carol.save() == "failed"
        person("alice").projects.share(project, "carol", "editor")
        alice.until(lambda: carol.answers() and alice.source() == "x = 1 # carol")
        assert carol.save() == "success"
        assert person("alice").files(project).history("a.ipynb")[-1].author == "carol"

    def test_without_the_outputs_where_they_may_not_see_them(self, at, person, project):
        """Everybody who is signed in may read an internal project's sources. Live, too."""
        person("alice").projects.update(project, visibility="internal")
        alice, reader = at("alice"), at("root-admin")
        assert "secret" in str(alice.file.get())
        assert "secret" not in str(reader.file.get())
        alice.type(" + 1")
        assert alice.save() == "success"
        reader.until(lambda: reader.source() == "x = 1 + 1")
        assert "secret" not in str(reader.file.get())
        reader.type("; import os")
        assert reader.save() == "failed"


class TestOneWhoMayNotRead:
    def test_finds_no_room(self, server, project, at):
        at("alice")  # there is one
        path = f"submarine%3A{project}%2Fa.ipynb"
        assert session(server, path, "root-admin").status_code == 404
        assert session(server, path.replace("a.ipynb", "b.ipynb"), "alice").status_code == 404

    @pytest.mark.parametrize("verb", ["GET", "POST", "PATCH", "DELETE"])
    def test_nor_by_another_verb(self, server, project, verb):
        url = f"{server.url}api/collaboration/session/submarine%3A{project}%2Fa.ipynb"
        alice = {"Authorization": "token token-alice"}
        assert httpx.request(verb, url, headers=alice, timeout=60).status_code == 405
        assert httpx.request(verb, url, timeout=60).status_code == 403
        assert httpx.put(url, json={"type": "notebook"}, timeout=60).status_code == 403

    def test_cannot_use_the_key_of_another(self, server, at):
        """A room's name and a key are no rights."""
        alice = at("alice")
        with contextlib.closing(opened(server, alice.room, alice.key, "root-admin")) as socket:
            assert closing_code(socket) == EXPIRED

    def test_and_nobody_enters_without_a_key(self, server, at):
        """Browsers send cookies with a socket from any page. (Mutant: the key is not asked.)"""
        alice = at("alice")
        with contextlib.closing(opened(server, alice.room, "", "alice")) as socket:
            assert closing_code(socket) == EXPIRED

    def test_nor_with_no_credential(self, server, at):
        alice = at("alice")
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            opened(server, alice.room, alice.key, "nobody")
        assert refused.value.status_code == 403


class TestRightsThatEnd:
    def test_close_the_socket_and_nothing_comes_after(self, at, person, project):
        """(Mutant: the seat hears no alarm.)"""
        alice, bob = at("alice"), at("bob")
        person("alice").projects.unshare(project, "bob")
        assert bob.ended() == REVOKED
        alice.type(" # after")
        assert alice.save() == "success"
        assert bob.source() == "x = 1"

    def test_to_write_leave_a_reader(self, at, person, project, news):
        alice, bob = at("alice"), at("bob")
        person("alice").projects.share(project, "bob", "viewer")
        news("access")
        bob.type("; import os")
        assert bob.save() == "failed"
        alice.type(" + 1")
        bob.until(lambda: "+ 1" in bob.source())
        assert alice.source() == "x = 1 + 1"

    def test_before_a_save_leave_it_to_those_who_may(self, at, person, project):
        """Bob typed while he might: it is not lost, and his name is on it."""
        alice, bob = at("alice"), at("bob")
        bob.type(" + 1")
        alice.until(lambda: alice.source() == "x = 1 + 1")
        person("alice").projects.unshare(project, "bob")
        assert bob.ended() == REVOKED
        assert alice.save() == "success"
        last = person("alice").files(project).history("a.ipynb")[-1]
        assert (last.author, last.coauthors) == ("alice", ["bob"])


class TestSomethingElseWritesTheFile:
    def test_is_shown_to_everybody(self, at, person, project):
        alice, carol = at("alice"), at("carol")
        person("bob").files(project).save("a.ipynb", notebook("y = 2"))
        for desk in (alice, carol):
            desk.until(lambda desk=desk: desk.source() == "y = 2")

    def test_also_a_kernel_that_says_nothing(self, at, server, project):
        alice = at("alice")
        folder = next(Path(server.environment["JUPYTER_DATA_DIR"]).rglob(f"{project}/a.ipynb"))
        folder.write_text(json.dumps(notebook("z = 3")))
        alice.until(lambda: alice.source() == "z = 3")

    def test_loses_nothing_that_was_typed(self, at, person, project):
        """It is kept as any save that came too late. (Mutant: the room just reloads.)"""
        alice = at("alice")
        alice.type(" + 1")
        assert alice.asked()
        person("bob").files(project).save("a.ipynb", notebook("y = 2"))
        alice.until(lambda: alice.source() == "y = 2")
        versions = person("alice").files(project).history("a.ipynb")
        late = [each for each in versions if each.kind == "conflict"]
        assert [each.author for each in late] == ["alice"]
        kept = person("alice").files(project).read_bytes("a.ipynb", version=late[0].id)
        assert "x = 1 + 1" in kept.decode()

    def test_follows_a_rename(self, at, person, project, news):
        bob = at("bob")
        person("alice").files(project).rename("a.ipynb", "b.ipynb")
        assert news()["kind"] == "moved"
        bob.type(" + 1")
        assert bob.save() == "success"
        assert [e.author for e in person("bob").files(project).history("b.ipynb")][-1] == "bob"
        assert [each.name for each in person("bob").files(project).list()] == ["b.ipynb"]

    def test_saves_by_hand_what_somebody_put_into_the_trash(self, at, person, project):
        alice = at("alice")
        person("bob").files(project).delete("a.ipynb")
        alice.type(" + 1")
        assert alice.save() == "success"
        assert sources(person, project) == ["x = 1 + 1"]


def test_a_server_that_stops_saves_first(tmp_path):
    """(Mutant: a seat that the server ends is not settled.)"""
    with collaborating(tmp_path) as server:
        with Client(server.url, "token-alice") as alice:
            alice.projects.create("vision")
            alice.files("vision").save("a.ipynb", notebook("x = 1"))
        desk = Desk(server, "alice", "submarine%3Avision%2Fa.ipynb")
        desk.type(" + 1")
        assert desk.asked()
        file = next(Path(server.environment["JUPYTER_DATA_DIR"]).rglob("vision/a.ipynb"))
        assert "x = 1 + 1" not in file.read_text()
    assert "x = 1 + 1" in file.read_text()
    desk.close()


class TestAnOldOrBrokenClient:
    def test_is_told_to_open_the_file_again(self, server, at):
        """What it knows of belongs to a room that is no more."""
        alice = at("alice")
        with contextlib.closing(opened(server, alice.room[:-3] + "xyz", alice.key, "alice")) as old:
            assert closing_code(old) == EXPIRED

    @pytest.mark.parametrize("message", [b"\x09", b"\x00", b"\x00\x02\xff", b"\x01\x05", b"\x02"])
    def test_ends_alone(self, at, message):
        alice, bob = at("alice"), at("bob")
        bob.send(message)
        assert bob.ended() == NO_MESSAGE
        alice.type(" + 1")
        assert alice.save() == "success"


def closing_code(socket: websocket.WebSocket) -> int:
    _, data = socket.recv_data()
    socket.shutdown()
    return int.from_bytes(data[:2], "big")
