"""The client and what a project keeps: files and their history, secrets, quotas, the audit log."""

import json
from typing import ClassVar

import httpx
import pytest

from submarine_ext.client import Client
from submarine_ext.client.answers import received
from submarine_ext.client.problems import from_problem
from submarine_ext.domain.jobs import WITHHELD, Job
from submarine_ext.domain.quotas import Quota
from submarine_ext.errors import Conflict, Forbidden, Invalid, NotFound, QuotaExceeded, Stale


def notebook(*sources: str) -> dict[str, object]:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [],
         "execution_count": None, "source": source}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def files(person, vision):
    return person("alice").files(vision)


class TestFiles:
    def test_are_saved_and_read_as_what_they_are(self, files):
        files.save("a.ipynb", notebook("x = 1"))
        files.save("b.txt", "grüße\n")
        files.save("c.bin", b"\x00\xff")
        assert files.read("a.ipynb").content["cells"][0]["source"] == "x = 1"
        assert files.read("b.txt").content == "grüße\n"
        assert files.read_bytes("c.bin") == b"\x00\xff"
        assert {file.name: file.type for file in files.list()} == {
            "a.ipynb": "notebook", "b.txt": "file", "c.bin": "file",
        }  # fmt: skip

    def test_have_an_etag_that_saves_over_what_was_read_only(self, files):
        first = files.save("a.txt", "one")
        second = files.save("a.txt", "two", if_match=first.etag)
        assert files.read("a.txt").etag == second.etag

    def test_lie_in_folders_and_move_with_their_history(self, files):
        files.make_folder("sub")
        files.save("a.txt", "one")
        files.save("a.txt", "two")
        assert files.rename("a.txt", "sub/b.txt").path.endswith("sub/b.txt")
        assert len(files.history("sub/b.txt")) == 2
        assert [file.name for file in files.list("sub")] == ["b.txt"]

    def test_are_saved_here_by_name_or_by_version(self, files, tmp_path):
        files.save("a.txt", "one")
        files.save("a.txt", "two")
        first = files.history("a.txt")[0].id
        assert files.download("a.txt", tmp_path).read_text() == "two"
        old = files.download("a.txt", tmp_path / "old.txt", version=first)
        assert old.read_text() == "one"

    def test_go_to_the_trash_come_back_and_go_for_good(self, files):
        files.save("a.txt", "one")
        files.delete("a.txt")
        (gone,) = files.trash()
        assert (gone.path, gone.by) == ("a.txt", "alice")
        files.restore("a.txt", gone.version)
        assert files.read("a.txt").content == "one"
        files.delete("a.txt")
        files.purge("a.txt")
        assert files.trash() == []

    def test_are_read_only_for_viewers(self, person, vision, files):
        files.save("a.txt", "one")
        person("alice").projects.share(vision, "bob", "viewer")
        bobs = person("bob").files(vision)
        assert bobs.read("a.txt").writable is False
        with pytest.raises(Forbidden):
            bobs.save("a.txt", "two")


class TestASaveThatComesTooLate:
    def test_loses_nothing_and_says_where_both_bodies_are(self, person, vision, files):
        person("alice").projects.share(vision, "bob", "editor")
        base = files.save("a.ipynb", notebook("x = 1", "y = 1")).etag
        theirs = files.save("a.ipynb", notebook("x = 2", "y = 1"), if_match=base).etag
        bobs = person("bob").files(vision)
        with pytest.raises(Stale) as caught:
            bobs.save("a.ipynb", notebook("x = 1", "y = 3"), if_match=base)
        error = caught.value
        assert error.etag == theirs
        assert json.loads(bobs.read_bytes("a.ipynb", version=error.current))["cells"]
        kept = json.loads(bobs.read_bytes("a.ipynb", version=error.kept))
        assert "".join(kept["cells"][1]["source"]) == "y = 3"
        merge = bobs.merge("a.ipynb", base, error.kept)
        assert (merge.conflicts, merge.etag) == (0, theirs)
        assert [cell.merged["source"] for cell in merge.cells] == ["x = 2", "y = 3"]

    def test_is_also_one_for_a_file_that_should_not_have_been_there(self, files):
        files.save("a.txt", "one", create=True)
        with pytest.raises(Stale):
            files.save("a.txt", "two", create=True)

    def test_is_none_where_only_its_first_answer_was_lost(self, shared_server, shared_relay, files):
        base = files.save("a.txt", "one").etag
        url = str(httpx.URL(shared_server.url).copy_with(port=shared_relay.port))
        with Client(url, "token-alice") as client:
            mine = client.files(files.project)
            mine.read("a.txt")
            shared_relay.drop_answers = 1
            saved = mine.save("a.txt", "two", if_match=base)
        assert saved.etag == files.read("a.txt").etag
        assert [version.kind for version in files.history("a.txt")] == ["saved", "saved"]


class TestHistory:
    def test_names_compares_and_restores(self, files):
        files.save("a.ipynb", notebook("x = 1"))
        files.save("a.ipynb", notebook("x = 2", "y"))
        first, second = files.history("a.ipynb")
        assert (first.author, first.current, second.current) == ("alice", False, True)
        assert files.name("a.ipynb", "as submitted", version=first.id).message == "as submitted"
        assert files.name("a.ipynb", "now").id == second.id
        diff = files.diff("a.ipynb", first.id)
        assert [cell.change for cell in diff.cells] == ["changed", "added"]
        assert "+x = 2" in diff.cells[0].lines
        files.restore("a.ipynb", first.id)
        assert files.read("a.ipynb").content["cells"][0]["source"] == "x = 1"
        assert files.history("a.ipynb")[-1].kind == "restored"

    def test_forgets_a_version_but_not_the_current_one(self, files):
        files.save("a.txt", "one")
        files.save("a.txt", "two")
        first, second = files.history("a.txt")
        files.purge_version("a.txt", first.id)
        with pytest.raises(Conflict):
            files.purge_version("a.txt", second.id)
        assert [version.id for version in files.history("a.txt")] == [second.id]

    def test_of_what_is_not_there_is_not_there(self, files):
        with pytest.raises(NotFound):
            files.history("nothing.ipynb")


ZEPPELIN = {
    "name": "Note",
    "paragraphs": [{"text": "%md\n# Title"}, {"text": "%python\nprint(1)"}],
}


def test_a_zeppelin_note_comes_in_and_goes_out(files):
    assert files.import_zeppelin("note.ipynb", ZEPPELIN).kind == "imported"
    assert "print(1)" in str(files.read("note.ipynb").content)
    note = json.loads(files.export_zeppelin("note.ipynb"))
    assert ["# Title" in p["text"] or "print(1)" in p["text"] for p in note["paragraphs"]]
    with pytest.raises(Invalid):
        files.import_zeppelin("other.ipynb", {"nothing": 1})


def test_secrets_are_written_listed_by_name_and_forgotten(person, vision):
    secrets = person("alice").secrets(vision)
    assert secrets.write("API_KEY", "s3cr3t-value").author == "alice"
    assert [secret.name for secret in secrets.list()] == ["API_KEY"]
    secrets.delete("API_KEY")
    assert secrets.list() == []
    with pytest.raises(NotFound):
        secrets.delete("API_KEY")


class TestTheAuditLog:
    def test_tells_owners_who_did_what(self, person, vision):
        alice = person("alice")
        alice.projects.share(vision, "bob", "viewer")
        entry = next(alice.audit(vision, action="grant.put", object="user:bob"))
        assert (entry.actor, entry.project) == ("alice", vision)
        assert "viewer" in str(entry.after)
        assert len(list(alice.audit(vision, limit=1))) >= 2

    def test_of_the_whole_server_is_for_admins(self, person, vision):
        with pytest.raises(Forbidden):
            next(person("alice").audit())
        entries = person("root-admin").audit(limit=500)
        assert vision in [entry.project for entry, _ in zip(entries, range(500), strict=False)]


class TestQuotas:
    @pytest.fixture
    def one_job(self, person):
        person("bob").me()
        person("root-admin").users.change("bob", quota=Quota(jobs=1))
        yield
        person("root-admin").users.change("bob", quota=Quota())

    def test_refuse_with_which_how_much_and_by_whom(self, person, one_job, tmp_path):
        bob = person("bob")
        gate = tmp_path / "gate"
        script = f"until test -e {gate}; do sleep 0.05; done"
        job = bob.run(command=["sh", "-c", script], folder=None, name="mine")
        assert bob.me().use.jobs == 1
        with pytest.raises(QuotaExceeded) as caught:
            bob.run(command=["true"], folder=None)
        error = caught.value
        gate.touch()
        assert (error.quota, error.used, error.limit) == ("user:bob/jobs", 1, 1)
        assert error.holders == ["mine"]
        job.wait(60)
        assert bob.run(command=["true"], folder=None).wait(60).state == "succeeded"


class TestJobsOfOthers:
    def test_are_seen_by_viewers_without_their_spec(self, person, vision):
        alice, bob = person("alice"), person("bob")
        alice.projects.share(vision, "bob", "viewer")
        job = alice.run(command=["true"], folder=None, project=vision)
        seen = bob.jobs.get(job.id)
        assert (seen.wait(60).state, seen.job.spec) == ("succeeded", WITHHELD)
        assert [j.spec for j in bob.jobs.list(project=vision)] == [WITHHELD]
        with pytest.raises(Forbidden):
            seen.logs()
        with pytest.raises(Forbidden):
            seen.retry()

    def test_can_be_waited_for_until_the_right_to_see_them_goes(self, person, vision, tmp_path):
        alice, bob = person("alice"), person("bob")
        alice.projects.share(vision, "bob", "editor")
        gate = tmp_path / "gate"
        script = f"until test -e {gate}; do sleep 0.05; done"
        job = alice.run(command=["sh", "-c", script], folder=None, project=vision)
        watched = bob.jobs.get(job.id).watch()
        while next(watched).state != "running":
            pass
        alice.projects.unshare(vision, "bob")
        with pytest.raises(Forbidden):
            next(watched)
        gate.touch()
        job.wait(60)


class AnswerOfANewerServer:
    """A job with fields, also inside its spec and remedy, that this client has never heard of."""

    spec: ClassVar = {"command": ["true"], "resources": {"cpu": 2, "tpu": 1}, "sandbox": {"x": 3}}
    job: ClassVar = {
        "id": "j1", "project": "p", "owner": "o", "name": "n", "state": "running",
        "target": "run", "engine": "local", "created": "2026-01-01T00:00:00Z",
        "spec": spec, "remedy": spec, "mood": "good",
    }  # fmt: skip


def test_what_a_newer_server_adds_is_left_out():
    """Mutant: ``msgspec.convert(answer, Job)`` alone raises for the fields of the spec."""
    job = received(AnswerOfANewerServer.job, Job)
    assert (job.spec.command, job.spec.resources.cpu) == (["true"], 2)
    assert job.remedy == job.spec


def test_problems_bring_what_a_program_needs():
    stale = from_problem({"code": "stale", "detail": "x", "kept": "4", "current": "3", "etag": "e"})
    assert isinstance(stale, Stale)
    assert (stale.kept, stale.current, stale.etag) == ("4", "3", "e")
    full = from_problem({"code": "quota_exceeded", "quota": "gpu", "used": 4, "limit": 4,
                         "holders": ["alice"], "detail": "x"})  # fmt: skip
    assert isinstance(full, QuotaExceeded)
    assert (full.quota, full.used, full.limit, full.holders) == ("gpu", 4, 4, ["alice"])
