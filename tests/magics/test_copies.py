"""Working copies: checkout and push for several people, and what they never do."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from submarine_ext import failpoints
from submarine_ext.cli.main import main
from submarine_ext.client.copies import Copy
from submarine_ext.client.copies.notes import Notes
from submarine_ext.client.files import File, Files
from submarine_ext.domain.copies import Step
from submarine_ext.errors import Conflict, Invalid

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def copy(person, vision, tmp_path):
    """``copy("bob")``: bob's working copy, who may edit; a second one by another name."""
    person("alice").projects.share(vision, "bob", "editor")
    created = person("alice").projects.get(vision).created

    def made(name: str, folder: str = "") -> Copy:
        files = person(name).files(vision)
        return Copy.begin(tmp_path / "copies" / (folder or name), files, created)

    return made


@pytest.fixture
def files(person, vision):
    """The project's files, as alice has them."""
    return person("alice").files(vision)


@pytest.fixture
def on_disk(shared_server, vision):
    data = shared_server.environment["JUPYTER_DATA_DIR"]
    folder = Path(data, "submarine", "projects", vision)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def shown(root: Path) -> dict[str, str]:
    """What somebody sees in a folder."""
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".submarine" not in path.parts
    }


def theirs_of(copy: Copy) -> Path:
    (beside,) = copy.root.rglob("*.theirs-*")
    return beside


class TestACheckout:
    def test_brings_all_files_byte_for_byte(self, copy, files):
        files.save("model.py", "x = 1\n")
        files.save("sub/data.bin", b"\x00\xff\r\n")
        files.make_folder("empty")
        mine = copy("alice")
        report = mine.checkout()
        assert {each.path: each.step for each in report.done} == {
            "model.py": Step.FETCH, "sub/data.bin": Step.FETCH,
        }  # fmt: skip
        assert (mine.root / "sub/data.bin").read_bytes() == b"\x00\xff\r\n"
        assert mine.status().done == []

    def test_again_brings_what_changed_and_removes_what_is_gone(self, copy, files):
        for name in ("a.txt", "b.txt", "sub/c.txt"):
            files.save(name, "one")
        mine = copy("alice")
        mine.checkout()
        files.save("a.txt", "two")
        files.delete("sub/c.txt")
        steps = {each.path: each.step for each in mine.checkout().done}
        assert steps == {"a.txt": Step.FETCH, "sub/c.txt": Step.DROP}
        assert shown(mine.root) == {"a.txt": "two", "b.txt": "one"}
        assert not (mine.root / "sub").exists()

    def test_keeps_what_was_changed_here(self, copy, files):
        files.save("a.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").write_text("mine")
        (mine.root / "new.txt").write_text("new")
        assert mine.checkout().done == []
        assert shown(mine.root) == {"a.txt": "mine", "new.txt": "new"}

    def test_puts_theirs_beside_mine_where_both_changed(self, copy, files, person, vision):
        """The mutant takes theirs."""
        files.save("a.py", "base\n")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.py").write_text("mine\n")
        person("bob").files(vision).save("a.py", "bob's\n")
        sentence = mine.checkout().refused["a.py"]
        beside = theirs_of(mine)
        assert sentence.startswith("bob saved a.py, which you changed too.")
        assert "merge it into a.py, delete it, then push" in sentence
        assert beside.suffix == ".py"
        assert (beside.read_text(), (mine.root / "a.py").read_text()) == ("bob's\n", "mine\n")
        assert "merge it" in mine.push().refused["a.py"]  # not before that is done
        assert files.read("a.py").content == "bob's\n"
        (mine.root / "a.py").write_text("both\n")
        beside.unlink()
        assert [each.path for each in mine.push().done] == ["a.py"]
        assert files.read("a.py").content == "both\n"

    def test_merges_where_both_did_not_change_the_same(self, copy, files, person, vision):
        notebook = {
            "cells": [
                {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [],
                 "execution_count": None, "source": f"x = {n}"}
                for n in range(2)
            ],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
        }  # fmt: skip
        files.save("a.ipynb", notebook)
        files.save("a.py", "".join(f"{n}\n" for n in range(9)))
        files.save("same.py", "base\n")
        mine = copy("alice")
        mine.checkout()
        bobs = copy("bob")
        bobs.checkout()
        for each, old, new in ((mine, "0", "10"), (bobs, "1", "11")):
            text = (each.root / "a.ipynb").read_text()
            (each.root / "a.ipynb").write_text(text.replace(f"x = {old}", f"x = {new}"))
            (each.root / "same.py").write_text(new)
        (mine.root / "a.py").write_text("mine\n" + (mine.root / "a.py").read_text())
        (bobs.root / "a.py").write_text((bobs.root / "a.py").read_text() + "bob's\n")
        had = (mine.root / "a.ipynb").read_bytes()
        bobs.push()
        report = mine.checkout(merge=True)
        assert {each.path: each.step for each in report.done} == {
            "a.ipynb": Step.MERGE, "a.py": Step.MERGE,
        }  # fmt: skip
        assert "merge it" in report.refused["same.py"]
        assert had in [files.read_bytes("a.ipynb", version=each.id)
                       for each in files.history("a.ipynb")]  # fmt: skip
        assert sorted(each.path for each in mine.push().done) == ["a.ipynb", "a.py"]
        sources = [cell["source"] for cell in files.read("a.ipynb").content["cells"]]
        assert sources == ["x = 10", "x = 11"]
        text = files.read("a.py").content
        assert text.startswith("mine\n0\n")
        assert text.endswith("8\nbob's\n")

    def test_takes_what_is_newer_than_what_lies_beside(self, copy, files):
        files.save("a.txt", "base")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").write_text("mine")
        for text in ("theirs 1", "theirs 2"):
            files.save("a.txt", text)
            mine.checkout()
        assert sorted(shown(mine.root).values()) == ["mine", "theirs 2"]
        assert mine.push().done == []

    def test_keeps_what_was_changed_here_and_deleted_there(self, copy, files):
        files.save("a.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").write_text("mine")
        files.delete("a.txt")
        assert "a push makes it anew" in mine.push().refused["a.txt"]
        mine.checkout()
        assert [each.step for each in mine.push().done] == [Step.SEND]
        assert files.read("a.txt").content == "mine"

    def test_brings_back_what_was_deleted_here_and_changed_there(self, copy, files):
        files.save("a.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").unlink()
        files.save("a.txt", "theirs")
        assert "a checkout brings it back" in mine.push().refused["a.txt"]
        assert [each.step for each in mine.checkout().done] == [Step.BRING]
        assert shown(mine.root) == {"a.txt": "theirs"}

    def test_takes_no_folder_of_other_things(self, copy, files, tmp_path, person, vision):
        (tmp_path / "copies/alice").mkdir(parents=True)
        (tmp_path / "copies/alice/thesis.tex").write_text("mine")
        with pytest.raises(Invalid, match="holds other files"):
            copy("alice")
        copy("alice", "fresh")
        other = person("alice").projects.create(f"{vision}-other")
        with pytest.raises(Invalid, match=f"is a working copy of {vision}"):
            Copy.begin(tmp_path / "copies/fresh", person("alice").files(other.name), "")
        with pytest.raises(Invalid, match="another server"):
            Copy.begin(tmp_path / "copies/fresh", files, "2020-01-01T00:00:00Z")

    def test_puts_no_copy_into_a_projects_own_folder(self, files, on_disk):
        """There, on one server, its kernels work: the copy would be files of the project."""
        files.save("a.txt", "one")
        with pytest.raises(Invalid, match="its files are here already"):
            Copy.begin(on_disk / "copy", files, "")
        assert [file.name for file in files.list()] == ["a.txt"]

    def test_leaves_out_what_the_ignore_files_name(self, copy, files, tmp_path):
        files.save("big/data.csv", "1")
        files.save("a.py", "1")
        (tmp_path / "copies/alice").mkdir(parents=True)
        (tmp_path / "copies/alice/.submarineignore").write_text("big/\n")
        mine = copy("alice")
        assert [each.path for each in mine.checkout().done] == ["a.py"]
        assert mine.push().done == []
        assert files.read("big/data.csv").content == "1"


class TestAPush:
    def test_sends_only_what_changed(self, copy, files):
        files.save("a.txt", "one")
        files.save("b.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").write_text("two")
        (mine.root / "sub").mkdir()
        (mine.root / "sub/new.txt").write_text("new")
        steps = {each.path: each.step for each in mine.push().done}
        assert steps == {"a.txt": Step.SEND, "sub/new.txt": Step.SEND}
        assert files.read("sub/new.txt").content == "new"
        assert len(files.history("b.txt")) == 1
        assert mine.push().done == []

    def test_deletes_only_what_is_as_it_was(self, copy, files):
        files.save("a.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").unlink()
        assert [each.step for each in mine.push().done] == [Step.DELETE]
        assert [each.path for each in files.trash()] == ["a.txt"]

    def test_refuses_what_somebody_saved_meanwhile_and_does_the_rest(
        self, copy, files, person, vision
    ):
        files.save("a.txt", "one")
        files.save("b.txt", "one")
        mine = copy("alice")
        mine.checkout()
        for name in ("a.txt", "b.txt"):
            (mine.root / name).write_text("mine")
        person("bob").files(vision).save("a.txt", "bob's")
        report = mine.push()
        assert "bob saved a.txt, which you changed too" in report.refused["a.txt"]
        assert [each.path for each in report.done] == ["b.txt"]
        assert files.read("a.txt").content == "bob's"

    def test_loses_a_race_without_losing_anything(self, copy, files, person, vision):
        """Somebody saves between the look and the save (mutant: ``if_match`` left out)."""
        files.save("a.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "a.txt").write_text("mine")
        bob = person("bob").files(vision)

        class Raced(Files):
            def send(self, *args: Any, **options: Any) -> Any:
                bob.save("a.txt", "bob's")
                return super().send(*args, **options)

        mine._there.files = Raced(files._transport, vision)
        sentence = mine.push().refused["a.txt"]
        kept = next(each for each in files.history("a.txt") if each.kind == "conflict")
        assert "bob saved a.txt just now" in sentence
        assert f"kept as version {kept.id}" in sentence
        assert files.read_bytes("a.txt", version=kept.id) == b"mine"
        assert files.read("a.txt").content == "bob's"

    def test_only_says_what_it_would_do(self, copy, files):
        mine = copy("alice")
        (mine.root / "a.txt").write_text("mine")
        assert [each.step for each in mine.push(dry=True).done] == [Step.SEND]
        assert files.list() == []
        files.save("b.txt", "theirs")
        assert [each.path for each in mine.checkout(dry=True).done] == ["b.txt"]
        assert shown(mine.root) == {"a.txt": "mine"}

    def test_sends_no_hidden_and_no_ignored_file_and_forgets_none_for_it(self, copy, files):
        """The mutant takes what stays at home for deleted."""
        files.save("data.csv", "1")
        mine = copy("alice")
        mine.checkout()
        (mine.root / ".env").write_text("SECRET=1")
        (mine.root / "__pycache__").mkdir()
        (mine.root / "__pycache__/a.pyc").write_text("")
        (mine.root / ".gitignore").write_text("data.csv\n")
        assert mine.push().done == []
        assert [file.name for file in files.list()] == ["data.csv"]

    def test_deletes_nothing_that_only_stays_at_home_now(self, copy, files):
        """A folder became a virtual environment. (The mutant takes its files for deleted.)"""
        files.save("env/a.txt", "one")
        mine = copy("alice")
        mine.checkout()
        (mine.root / "env/pyvenv.cfg").write_text("home = /usr/bin")
        assert mine.push().done == []
        assert files.read("env/a.txt").content == "one"

    def test_is_one_at_a_time(self, copy):
        mine = copy("alice")
        with Notes(mine.root).locked(), pytest.raises(Conflict, match="is at work"):
            mine.push()


class TestAProjectThatMeansHarm:
    """It holds whatever a kernel of it, or a server that is not ours, puts there."""

    def test_brings_no_hidden_names_and_none_that_lead_out(self, copy, on_disk, tmp_path):
        (on_disk / ".git/hooks").mkdir(parents=True)
        (on_disk / ".git/hooks/post-checkout").write_text("rm -rf ~")
        (on_disk / "a\\evil.py").write_text("evil")
        (on_disk / "fine.py").write_text("fine")
        mine = copy("alice")
        assert "evil.py" in " ".join(mine.checkout().refused)
        assert shown(mine.root) == {"fine.py": "fine"}

    @pytest.mark.parametrize(
        "name", ["../evil", "..", "/tmp/evil", ".submarine/state.json", "a\x00b", "x/../../evil"]
    )
    def test_is_not_believed_what_its_files_are_called(self, copy, files, name, tmp_path):
        """The mutant joins the names to the folder."""

        class Hostile(Files):
            def list(self, folder: str = "") -> list[File]:
                return [File(name=name, path=name, type="file", writable=True, size=1)]

        mine = copy("alice")
        before = {*tmp_path.rglob("*")}
        mine._there.files = Hostile(files._transport, files.project)
        report = mine.checkout()
        assert (report.done, list(report.refused)) == ([], [name.lstrip("/")]) or name[0] == "/"
        assert {*tmp_path.rglob("*")} == before

    def test_does_not_write_through_a_link_that_lies_here(self, copy, files, tmp_path):
        files.save("sub/a.txt", "theirs")
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "a.txt").write_text("precious")
        mine = copy("alice")
        (mine.root / "sub").symlink_to(outside)
        with pytest.raises(Invalid, match="a link out of the folder"):
            mine.checkout()
        (mine.root / ".submarineignore").write_text("/sub\n")
        mine.checkout()
        assert (outside / "a.txt").read_text() == "precious"

    def test_sends_nothing_that_a_link_leads_to(self, copy, files, tmp_path):
        (tmp_path / "secret").write_text("secret")
        mine = copy("alice")
        (mine.root / "a.txt").symlink_to(tmp_path / "secret")
        with pytest.raises(Invalid, match="a link out of the folder"):
            mine.push()
        (mine.root / "a.txt").unlink()
        (mine.root / "b.txt").write_text("b")
        (mine.root / "a.txt").symlink_to("b.txt")
        with pytest.raises(Invalid, match="behind a link"):
            mine.push()
        assert files.list() == []

    def test_cannot_lie_in_notes_that_are_a_link(self, copy, tmp_path):
        mine = copy("alice")
        (mine.root / ".submarine").rename(tmp_path / "elsewhere")
        (mine.root / ".submarine").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(Invalid, match="is a link"):
            copy("alice")


class KilledInTheMiddle:
    """What a user sees of it: the command again, and all is right."""

    def run(self, server, point: str, folder: Path, *tokens: str) -> int:
        environment = server.environment | {
            "SUBMARINE_URL": server.url, "SUBMARINE_TOKEN": "token-alice",
            "SUBMARINE_FAILPOINT": point, "HOME": str(folder),
        }  # fmt: skip
        command = [sys.executable, "-m", "submarine_ext.cli.main", *tokens]
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


class TestACheckoutThatIsKilled(KilledInTheMiddle):
    @pytest.mark.parametrize("point", failpoints.COPIES[:2])
    def test_goes_on_where_it_was(self, copy, files, shared_server, vision, tmp_path, point):
        for name in ("a.txt", "b.txt", "c.txt"):
            files.save(name, name)
        killed = self.run(shared_server, f"{point}:2", tmp_path, "checkout", vision)
        assert killed == -signal.SIGKILL
        files.save("b.txt", "newer")  # also what somebody saves meanwhile is no conflict
        assert self.run(shared_server, "", tmp_path, "checkout", vision) == 0
        root = tmp_path / vision
        assert shown(root) == {"a.txt": "a.txt", "b.txt": "newer", "c.txt": "c.txt"}
        assert [each.name for each in (root / ".submarine").iterdir()] == ["state.json"]


class TestAPushThatIsKilled(KilledInTheMiddle):
    def test_goes_on_where_it_was(self, copy, files, shared_server, tmp_path):
        mine = copy("alice")
        for name in ("a.txt", "b.txt", "c.txt"):
            (mine.root / name).write_text(name)
        assert self.run(shared_server, "copy-sent:2", mine.root, "push") == -signal.SIGKILL
        assert self.run(shared_server, "", mine.root, "push") == 0
        assert sorted(file.name for file in files.list()) == ["a.txt", "b.txt", "c.txt"]
        assert [len(files.history(name)) for name in ("a.txt", "b.txt", "c.txt")] == [1, 1, 1]


NAMES = ("a.txt", "sub/b.txt")
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["write", "checkout", "push", "merge", "lab"]),
        st.sampled_from(["alice", "bob"]),
        st.sampled_from(NAMES),
    ),
    min_size=4,
    max_size=14,
)


class Story:
    """Two people with a copy each, and somebody in the lab. Everybody only ever adds lines."""

    def __init__(self, copies: dict[str, Copy], files: Files) -> None:
        self.copies, self.files = copies, files
        self.written: dict[str, set[str]] = {name: set() for name in NAMES}

    def play(self, moves: list[tuple[str, str, str]]) -> None:
        for verb, who, name in moves:
            getattr(self, verb)(who, name)
        for who in ("alice", "bob", "alice"):  # in the end everybody merges
            self.checkout(who, "")
            self.merge(who, "")
            self.push(who, "")
        self.checkout("bob", "")

    def line(self, name: str) -> str:
        line = f"{name} {len(self.written[name])}\n"
        self.written[name].add(line)
        return line

    def write(self, who: str, name: str) -> None:
        path = self.copies[who].root / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(self.line(name))

    def lab(self, _: str, name: str) -> None:
        known = {file.path.partition("/")[2]: None for file in self._all()}
        before = self.files.read(name) if name in known else None
        text = before.content if before else ""
        tag = before.etag if before else None
        self.files.save(name, text + self.line(name), if_match=tag, create=tag is None)

    def _all(self) -> list[File]:
        top = self.files.list()
        inner = [self.files.list("sub") for each in top if each.name == "sub"]
        return [*top, *(inner[0] if inner else [])]

    def checkout(self, who: str, _: str) -> None:
        self.copies[who].checkout()

    def push(self, who: str, _: str) -> None:
        self.copies[who].push()

    def merge(self, who: str, _: str) -> None:
        for beside in [*self.copies[who].root.rglob("*.theirs-*")]:
            mine = beside.with_name(beside.name.partition(".theirs-")[0] + ".txt")
            lines = {*mine.read_text().splitlines(True), *beside.read_text().splitlines(True)}
            mine.write_text("".join(sorted(lines)))
            beside.unlink()

    def assert_nothing_is_lost(self) -> None:
        for copy in self.copies.values():
            found = shown(copy.root)
            for name, lines in self.written.items():
                assert {*found.get(name, "").splitlines(True)} == lines
            assert {*found} <= {*NAMES}


@pytest.mark.timeout(300)
class TestWhateverPeopleDo:
    @pytest.fixture
    def story(self, person, shared_server, tmp_path_factory, vision):
        """A project of its own for each call."""
        count = iter(range(1000))

        def made(kind: type[Files] = Files) -> Story:
            alice = person("alice")
            project = alice.projects.create(f"{vision}-{next(count)}")
            alice.projects.share(project.name, "bob", "editor")
            home = tmp_path_factory.mktemp("story")
            copies = {
                name: Copy.begin(
                    home / name,
                    kind(person(name)._transport, project.name),
                    project.created,
                )
                for name in ("alice", "bob")
            }
            return Story(copies, alice.files(project.name))

        return made

    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(moves=MOVES)
    def test_every_line_is_there_in_the_end(self, story, moves):
        told = story()
        told.play(moves)
        told.assert_nothing_is_lost()

    def test_and_a_push_that_does_not_compare_would_lose_some(self, story):
        """The mutant of it all: what is sent replaces whatever is there."""

        class Careless(Files):
            def send(self, path: str, file: Path, **_: Any) -> Any:
                return super().send(path, file)

            def current(self, path: str) -> Any:
                return None

        told = story(Careless)
        told.write("alice", "a.txt")
        told.push("alice", "")
        told.checkout("bob", "")
        told.write("bob", "a.txt")
        told.write("alice", "a.txt")
        real = type(told.copies["bob"]._there).marks
        seen = real(told.copies["bob"]._there, [])
        told.push("alice", "")
        told.copies["bob"]._there.marks = lambda strange: seen  # he looked a moment before
        told.push("bob", "")
        told.copies["bob"]._there.marks = lambda strange: real(told.copies["bob"]._there, strange)
        told.play([])
        with pytest.raises(AssertionError):
            told.assert_nothing_is_lost()


@pytest.fixture
def submarine(shared_server, capsys, monkeypatch, tmp_path) -> Run:
    monkeypatch.setenv("SUBMARINE_URL", shared_server.url)
    monkeypatch.setenv("SUBMARINE_TOKEN", "token-alice")
    monkeypatch.chdir(tmp_path)

    def run(*tokens: str) -> tuple[int, str, str]:
        status = main(tokens)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


class TestTheCommands:
    def test_say_what_they_did(self, submarine, files, vision, tmp_path):
        files.save("a.txt", "one")
        assert submarine("checkout", vision) == (0, "got: a.txt\n", "")
        root = tmp_path / vision
        (root / "a.txt").write_text("mine")
        assert submarine("status") == (0, "changed here: a.txt\n", "")
        assert submarine("push", "--dry-run") == (0, "changed here: a.txt\n", "")
        assert submarine("push", vision) == (0, "saved: a.txt\n", "")
        assert "Nothing in" in submarine("push")[1]
        assert "has all that is in" in submarine("checkout")[1]
        assert "are the same" in submarine("status")[1]

    def test_end_as_an_error_where_somebody_must_merge(self, submarine, files, vision, tmp_path):
        files.save("a.txt", "one")
        submarine("checkout", vision)
        (tmp_path / vision / "a.txt").write_text("mine")
        files.save("a.txt", "theirs")
        status, out, err = submarine("push")
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert "alice saved a.txt, which you changed too" in err
        assert submarine("status")[0] == 0

    def test_fill_the_folder_that_a_connected_servers_kernel_works_in(
        self, submarine, files, vision, tmp_path, monkeypatch
    ):
        files.save("sub/a.txt", "one")
        (tmp_path / "submarine" / vision / "sub").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "submarine" / vision / "sub")
        assert submarine("checkout", vision)[0] == 0
        assert shown(tmp_path / "submarine" / vision) == {"sub/a.txt": "one"}

    def test_say_where_there_is_no_copy(self, submarine, tmp_path):
        status, _, err = submarine("push")
        assert status == 1
        assert "submarine checkout PROJECT" in err
        assert "is no working copy" in submarine("status", str(tmp_path))[2]
        assert "There is no project" in submarine("checkout", "no-such-thing")[2]


def test_a_kernel_imports_the_modules_of_a_copy(kernel, server):
    source = (
        "from submarine_ext.client import Client\n"
        "client = Client()\n"
        "_ = client.files().save('squid_module.py', 'arms = 10')\n"
        "import tempfile, os; os.chdir(tempfile.mkdtemp())\n"
        "%load_ext submarine_ext\n"
        "get_ipython().run_line_magic('submarine', f'checkout {client.project}')\n"
        "import squid_module; print(squid_module.arms)\n"
    )
    text = "".join(each.get("text", str(each)) for each in kernel.run(source))
    assert "got: squid_module.py" in text
    assert "imports its modules" in text
    assert text.endswith("10\n")


def test_the_table_of_steps_is_what_three_etags_can_mean():
    from submarine_ext.domain.copies import step

    table = {
        ("x", "x", "x"): Step.NOTHING, ("x", None, None): Step.NOTHING,
        ("x", "y", "y"): Step.NOTHING, (None, "x", None): Step.SEND,
        ("x", "y", "x"): Step.SEND, ("x", None, "x"): Step.DELETE,
        (None, None, "x"): Step.FETCH, ("x", "x", "y"): Step.FETCH,
        ("x", "x", None): Step.DROP, ("x", "y", None): Step.KEEP,
        ("x", None, "y"): Step.BRING, ("x", "y", "z"): Step.REFUSE,
        (None, "y", "z"): Step.REFUSE,
    }  # fmt: skip
    assert {etags: step(*etags) for etags in table} == table
