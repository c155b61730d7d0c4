"""``submarine project …`` and its kin: what they do, and what they say, for several people."""

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from submarine_ext.cli.main import main
from submarine_ext.errors import NotFound

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def submarine(shared_server, capsys, monkeypatch, tmp_path) -> Run:
    """Run a command line as somebody: its exit status, output and complaints."""
    monkeypatch.setenv("SUBMARINE_URL", shared_server.url)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)

    def run(*tokens: str, who: str = "alice") -> tuple[int, str, str]:
        monkeypatch.setenv("SUBMARINE_TOKEN", f"token-{who}")
        status = main(tokens)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def done(answer: tuple[int, str, str]) -> str:
    status, out, err = answer
    assert (status, err) == (0, "")
    return out


def refused(answer: tuple[int, str, str]) -> str:
    status, out, err = answer
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    return err


class TestProjects:
    def test_are_made_shown_changed_and_listed(self, submarine, request):
        name = f"made-{os.getpid()}"
        assert "you are its owner" in done(submarine("project", "create", name, "--title", "Made"))
        assert "'Seen'" in done(submarine("project", "rename", name, "Seen"))
        done(submarine("project", "visibility", name, "internal"))
        shown = done(submarine("project", "settings", name, "--viewer-logs", "on"))
        assert "internal" in shown
        assert "viewers see logs       on" in shown
        row = next(line for line in done(submarine("project")).splitlines() if name in line)
        assert row.split() == [name, "Seen", "owner", "internal", "active", "alice"]
        (one,) = [p for p in json.loads(done(submarine("project", "list", "--json")))
                  if p["name"] == name]  # fmt: skip
        assert one["title"] == "Seen"

    def test_are_archived_and_activated_thrown_away_and_restored(self, submarine, vision, person):
        get = person("alice").projects.get
        done(submarine("project", "archive", vision))
        assert get(vision).state == "archived"
        done(submarine("project", "activate", vision))
        assert f"project restore {vision}" in done(submarine("project", "delete", vision))
        assert get(vision).state == "trashed"
        done(submarine("project", "restore", vision))
        assert get(vision).state == "active"

    def test_go_for_good_only_if_somebody_says_yes(self, submarine, vision, person):
        done(submarine("project", "delete", vision))
        assert "Add --yes" in refused(submarine("project", "delete", vision, "--purge"))
        assert person("alice").projects.get(vision)
        done(submarine("project", "delete", vision, "--purge", "--yes"))
        with pytest.raises(NotFound):
            person("alice").projects.get(vision)

    def test_ask_at_a_terminal(self, shared_server, vision, person):
        person("alice").projects.delete(vision)
        assert at_terminal(shared_server, b"n\n", "project", "delete", vision, "--purge") == 1
        assert person("alice").projects.get(vision)
        assert at_terminal(shared_server, b"y\n", "project", "delete", vision, "--purge") == 0

    def test_are_handed_over(self, submarine, vision, person):
        done(submarine("project", "offer", vision, "bob"))
        assert f"project accept {vision}" in done(submarine("project", "show", vision, who="bob"))
        done(submarine("project", "decline", vision, who="bob"))
        done(submarine("project", "offer", vision, "bob"))
        assert "yours now" in done(submarine("project", "accept", vision, who="bob"))
        assert person("alice").projects.get(vision).role == "editor"

    def test_that_are_not_there_are_named_with_what_was_meant(self, submarine, vision):
        sentence = refused(submarine("project", "show", vision[:-1]))
        assert f"did you mean {vision}?" in sentence
        assert "There is no project 'nothing-like-it'" in refused(
            submarine("jobs", "--project", "nothing-like-it")
        )


def at_terminal(server, typed: bytes, *tokens: str) -> int:
    ours, theirs = pty.openpty()
    environment = server.environment | {"SUBMARINE_URL": server.url, "TERM": "dumb",
                                        "SUBMARINE_TOKEN": "token-alice"}  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "submarine_ext.cli.main", *tokens],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
    )  # fmt: skip
    os.close(theirs)
    asked = b""
    while not asked.rstrip().endswith((b":", b"]")):  # what is typed before that is thrown away
        asked += os.read(ours, 1024)
    os.write(ours, typed)
    status = process.wait(60)
    os.close(ours)
    return status


class TestTheProjectThatIsMeant:
    def test_is_chosen_for_all_commands_until_another_is(self, submarine, vision):
        assert done(submarine("project", "use", vision)).startswith(f"{vision} is the project now")
        assert f"project {vision} (Vision): you are its owner" in done(submarine())
        done(submarine("project", "use"))
        assert "project default" in done(submarine())

    def test_must_be_there(self, submarine, vision):
        refused(submarine("project", "use", "nothing-like-it"))
        assert "project default" in done(submarine())

    def test_is_the_environments_in_a_projects_kernels_and_jobs(
        self, submarine, vision, monkeypatch
    ):
        monkeypatch.setenv("SUBMARINE_PROJECT", vision)
        assert f"project {vision}" in done(submarine())
        assert f"SUBMARINE_PROJECT goes first, which is {vision}" in done(
            submarine("project", "use", "default")
        )
        assert f"project {vision}" in done(submarine())

    def test_that_is_gone_is_said_with_what_to_do(self, submarine, vision, person):
        done(submarine("project", "use", vision))
        person("alice").projects.delete(vision)
        person("alice").projects.purge(vision)
        assert "`submarine project use NAME` chooses another" in refused(submarine("jobs"))

    def test_can_be_chosen_as_it_is_made(self, submarine):
        name = f"chosen-{os.getpid()}"
        assert f"{name} is the project now" in done(submarine("project", "create", name, "--use"))


class TestMembers:
    def test_come_and_go(self, submarine, vision):
        share = ("share", "bob", "--role", "editor", "--project", vision)
        assert done(submarine(*share)) == f"bob is editor of {vision} now.\n"
        row = next(line for line in done(submarine("members", "--project", vision)).splitlines()
                   if "bob" in line)  # fmt: skip
        assert "editor" in row
        done(submarine("unshare", "bob", "--project", vision))
        assert "bob" not in done(submarine("members", "--project", vision))

    def test_may_be_written_after_the_project_too(self, submarine, vision, person):
        done(submarine("project", "share", vision, "bob", "--role", "editor"))
        assert person("bob").projects.get(vision).role == "editor"
        assert "bob" in done(submarine("project", "members", vision))
        done(submarine("project", "unshare", vision, "bob"))

    def test_who_have_not_been_here_are_mentioned(self, submarine, vision):
        out = done(submarine("project", "share", vision, "bbo"))
        assert "Note: nobody called bbo has been here yet." in out
        assert "has not been here yet" in done(submarine("project", "members", vision))

    def test_leave_by_themselves(self, submarine, vision, person):
        done(submarine("project", "share", vision, "bob"))
        assert "Add --yes" in refused(submarine("project", "leave", vision, who="bob"))
        done(submarine("project", "leave", vision, "--yes", who="bob"))
        with pytest.raises(NotFound):
            person("bob").projects.get(vision)

    def test_of_a_project_are_told_why_an_admin_looked_in(self, submarine, vision):
        reason = "alice is away and the run is stuck"
        out = done(
            submarine("project", "break-glass", vision, "--reason", reason, who="root-admin")
        )
        assert "its owners are told" in out
        assert reason in " ".join(done(submarine("project", "members", vision)).split())
        done(submarine("project", "break-glass", vision, "--end", who="root-admin"))

    def test_see_whose_each_job_is_where_there_are_several(self, submarine, vision, person):
        alice, bob = person("alice"), person("bob")
        alice.run(command=["true"], folder=None, project=vision).wait(60)
        assert "owner" not in done(submarine("jobs", "--project", vision))
        alice.projects.share(vision, "bob", "editor")
        bob.run(command=["true"], folder=None, project=vision).wait(60)
        out = done(submarine("jobs", "--project", vision))
        assert ("owner" in out, "bob" in out) == (True, True)
        assert "bob" not in done(submarine("jobs", "--project", vision, "--owner", "alice"))

    def test_who_view_watch_a_job_to_its_end(self, submarine, vision, person):
        person("alice").projects.share(vision, "bob", "viewer")
        person("alice").projects.update(vision, settings={"viewer_logs": True})
        job = person("alice").run(command=["true"], folder=None, project=vision)
        assert "succeeded" in done(submarine("watch", job.id, who="bob"))
        assert job.id in done(submarine("jobs", "--project", vision, who="bob"))
        (seen,) = json.loads(done(submarine("jobs", "--project", vision, "--json", who="bob")))
        assert seen["spec"] == {}

    def test_who_may_not_read_the_log_watch_the_job_without_it(self, submarine, vision, person):
        person("alice").projects.share(vision, "bob", "viewer")
        job = person("alice").run(command=["echo", "private"], folder=None, project=vision)
        out = done(submarine("watch", job.id, who="bob"))
        assert "succeeded" in out
        assert "you may not read the logs of jobs" in out
        assert "private" not in out
        assert "read the logs of jobs" in refused(submarine("logs", "-f", job.id, who="bob"))

    def test_who_only_read_are_told_where_they_are(self, submarine, vision):
        done(submarine("project", "visibility", vision, "internal"))
        done(submarine("project", "use", vision, who="bob"))
        assert f"project {vision} (Vision): you may read it" in done(submarine(who="bob"))


def test_teams_are_filled_shared_with_and_deleted(submarine, vision):
    name = f"team-{os.getpid()}"
    done(submarine("teams", "create", name, "--title", "Seeing", who="root-admin"))
    done(submarine("teams", "add", name, "bob", "--manager", who="root-admin"))
    done(submarine("teams", "add", name, "carol", who="bob"))
    done(submarine("teams", "rename", name, "Hearing", who="bob"))
    shown = done(submarine("teams", "show", name, who="carol"))
    assert all(word in shown for word in ("Hearing", "bob", "carol", "you are its member"))
    assert name in done(submarine("teams", who="alice"))
    done(submarine("share", f"team:{name}", "--project", vision))
    assert f"team:{name}" in done(submarine("members", "--project", vision))
    done(submarine("teams", "remove", name, "carol", who="bob"))
    quota = ("teams", "quota", name, "--gpu", "4", "--gpu-hours", "100", "--memory", "64Gi")
    assert "4 GPUs" in done(submarine(*quota, who="root-admin"))
    assert "Add --yes" in refused(submarine("teams", "delete", name, who="root-admin"))
    done(submarine("teams", "delete", name, "--yes", who="root-admin"))
    assert f"There is no team '{name}'" in refused(submarine("teams", "show", name))


class TestPeople:
    def test_are_found(self, submarine, person):
        person("bob").me()
        assert "bob" in done(submarine("users", "search", "bo"))
        assert "bob" in done(submarine("users"))

    def test_have_a_quota_of_which_what_is_not_named_stays(self, submarine, person):
        person("bob").me()
        say = done(
            submarine("users", "quota", "bob", "--jobs", "3", "--cpu", "8", who="root-admin")
        )
        assert say == "bob: at most 3 jobs, 8 CPUs.\n"
        say = done(submarine("users", "quota", "bob", "--jobs", "none", who="root-admin"))
        assert say == "bob: at most 8 CPUs.\n"
        assert "0 of 8 CPUs" in done(submarine(who="bob"))
        say = done(submarine("users", "quota", "bob", "--cpu", "none", who="root-admin"))
        assert say == "bob: no limits.\n"

    def test_become_admins_and_no_more(self, submarine, person):
        person("carol").me()
        done(submarine("users", "admin", "carol", who="root-admin"))
        assert person("carol").me().admin
        done(submarine("users", "unadmin", "carol", who="root-admin"))
        assert not person("carol").me().admin

    def test_are_shut_out_and_let_in_again(self, submarine, person):
        person("carol").me()
        assert "Add --yes" in refused(submarine("users", "disable", "carol", who="root-admin"))
        done(submarine("users", "disable", "carol", "--yes", who="root-admin"))
        assert "closed" in done(submarine("users", "search", "carol", who="root-admin"))
        assert refused(submarine("jobs", who="carol"))
        done(submarine("users", "enable", "carol", who="root-admin"))
        done(submarine("jobs", who="carol"))

    def test_who_are_not_here_are_named(self, submarine):
        answer = submarine("users", "admin", "nobody-here", who="root-admin")
        assert "'nobody-here'" in refused(answer)


class TestFiles:
    def test_have_a_history_that_is_shown_compared_named_and_restored(
        self, submarine, vision, person
    ):
        files = person("alice").files(vision)
        files.save("a.txt", "one\nsame\n")
        files.save("a.txt", "two\nsame\n")
        first, second = (version.id for version in files.history("a.txt"))
        about = ("history", "a.txt", "--project", vision)
        lines = done(submarine(*about)).splitlines()
        assert lines[1].split()[:2] == ["*", second]
        assert {"-one", "+two", " same"} <= set(
            done(submarine(*about, "--diff", first)).splitlines()
        )
        back = done(submarine(*about, "--diff", second, first)).splitlines()
        assert {"+one", "-two"} <= set(back)
        done(submarine(*about, "--name", first, "as submitted"))
        assert "saved: as submitted" in done(submarine(*about))
        done(submarine(*about, "--name", first, ""))
        assert "as submitted" not in done(submarine(*about))
        done(submarine(*about, "--restore", first))
        assert files.read("a.txt").content == "one\nsame\n"

    def test_are_listed_and_come_back_from_the_trash(self, submarine, vision, person):
        files = person("alice").files(vision)
        files.save("a.txt", "one")
        files.make_folder("sub")
        listed = done(submarine("files", "--project", vision))
        assert ("a.txt" in listed, "sub/" in listed) == (True, True)
        files.delete("a.txt")
        assert "alice" in done(submarine("files", "--trash", "--project", vision))
        version = files.trash()[0].version
        done(submarine("history", "a.txt", "--restore", version, "--project", vision))
        assert files.read("a.txt").content == "one"

    def test_that_are_not_there_are_named(self, submarine, vision):
        answer = submarine("history", "nothing.ipynb", "--project", vision)
        assert refused(answer) == f"There is no 'nothing.ipynb' in {vision}.\n"

    def test_come_from_zeppelin_and_go_there(self, submarine, vision):
        note = {"name": "Note", "paragraphs": [{"text": "%python\nprint(1)"}]}
        Path("old.zpln").write_text(json.dumps(note))
        assert "old.ipynb is there" in done(submarine("import", "old.zpln", "--project", vision))
        done(submarine("export", "old.ipynb", "new.zpln", "--project", vision))
        assert "print(1)" in Path("new.zpln").read_text()
        answer = submarine("export", "old.ipynb", "new.zpln", "--project", vision)
        assert "name another file" in refused(answer)
        Path("broken.zpln").write_text("{")
        assert "is no Zeppelin note" in refused(
            submarine("import", "broken.zpln", "--project", vision)
        )


class TestSecrets:
    def test_come_from_standard_input_and_are_never_shown(
        self, submarine, vision, person, monkeypatch
    ):
        monkeypatch.setattr(sys, "stdin", io.StringIO("s3cr3t-value\n"))
        out = done(submarine("secrets", "set", "API_KEY", "--stdin", "--project", vision))
        assert "run --secret API_KEY" in out
        assert "API_KEY" in done(submarine("secrets", "--project", vision))
        told = done(submarine("run", "--no-bundle", "--wait", "--secret", "API_KEY", "--project",
                              vision, "--", "sh", "-c", 'echo "key $API_KEY"'))  # fmt: skip
        assert "key ***\n" in told
        audit = done(submarine("audit", "--project", vision, "--json"))
        assert "s3cr3t-value" not in audit
        assert "Add --yes" in refused(
            submarine("secrets", "delete", "API_KEY", "--project", vision)
        )
        done(submarine("secrets", "delete", "API_KEY", "--yes", "--project", vision))
        assert "no secrets yet" in done(submarine("secrets", "--project", vision))

    def test_are_asked_for_where_somebody_can_be(self, submarine, vision, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        assert "add --stdin" in refused(submarine("secrets", "set", "KEY", "--project", vision))

    def test_are_typed_at_a_terminal(self, shared_server, vision, person):
        tokens = ("secrets", "set", "TYPED", "--project", vision)
        assert at_terminal(shared_server, b"typed-value\n", *tokens) == 0
        assert [secret.name for secret in person("alice").secrets(vision).list()] == ["TYPED"]


def test_the_audit_log_says_who_did_what(submarine, vision):
    done(submarine("share", "bob", "--project", vision))
    done(submarine("share", "bob", "--role", "editor", "--project", vision))
    about = ("audit", "--project", vision, "--action", "grant.put")
    row = done(submarine(*about, "--limit", "1")).splitlines()[-1]
    assert "user:bob" in row
    assert "role viewer → editor" in row
    assert len(json.loads(done(submarine(*about, "--json")))) >= 2
    assert refused(submarine("audit", "--all"))
    assert vision in done(submarine("audit", "--all", "--limit", "100", who="root-admin"))
