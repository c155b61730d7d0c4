"""``submarine://PROJECT/PATH``: a project's files through fsspec, with the user's own rights."""

import contextlib
import csv
import hashlib
import io
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.tests import abstract

from submarine_ext.client.filesystem import ProjectFileSystem, StaleFile

MB = 1024 * 1024


@pytest.fixture
def mount(shared_server):
    """``mount("bob")``: the filesystem as bob has it, new each time."""
    with contextlib.ExitStack() as stack:

        def made(name: str) -> ProjectFileSystem:
            token = f"token-{name}"
            fs = ProjectFileSystem(shared_server.url, token, skip_instance_cache=True)
            stack.callback(fs.close)
            return fs

        yield made


@pytest.fixture
def fs(mount):
    return mount("alice")


@pytest.fixture
def storage(shared_server):
    """What ``storage_options`` are elsewhere."""
    yield (options := {"url": shared_server.url, "token": "token-alice"})
    ProjectFileSystem(**options).close()


@pytest.fixture
def files(person, vision):
    return person("alice").files(vision)


@pytest.fixture
def on_disk(shared_server, vision):
    """Where kernels and jobs see the project."""
    data = shared_server.environment["JUPYTER_DATA_DIR"]
    return Path(data, "submarine", "projects", vision)


class Fixtures(abstract.AbstractFixtures):
    """What fsspec's own contract suite needs to know of a filesystem."""

    @pytest.fixture
    def fs(self, mount):
        return mount("alice")

    @pytest.fixture
    def fs_join(self):
        return lambda *parts: "/".join(parts)

    @pytest.fixture
    def fs_path(self, vision):
        return vision

    @pytest.fixture
    def local_path(self, tmp_path):
        (tmp_path / "local").mkdir()
        return str(tmp_path / "local")


class TestCopyAsFsspecHasIt(abstract.AbstractCopyTests, Fixtures):
    pass


class TestGetAsFsspecHasIt(abstract.AbstractGetTests, Fixtures):
    test_get_glob_edge_cases = None  # the same 28 patterns in the same place as for copies


class TestPutAsFsspecHasIt(abstract.AbstractPutTests, Fixtures):
    test_put_glob_edge_cases = None  # the patterns are for the local filesystem there


class TestOpenAsFsspecHasIt(abstract.AbstractOpenTests, Fixtures):
    pass


class TestPipeAsFsspecHasIt(abstract.AbstractPipeTests, Fixtures):
    pass


class TestAnAddress:
    def test_is_all_that_a_reader_of_tables_needs(self, storage, vision, files):
        """Found by fsspec itself, as pandas and others find it."""
        files.save("data.csv", "name,size\nsquid,3\n")
        with fsspec.open(f"submarine://{vision}/data.csv", "r", newline="", **storage) as file:
            assert list(csv.DictReader(file)) == [{"name": "squid", "size": "3"}]

    def test_needs_no_more_in_a_kernel_than_the_server_that_started_it(self, kernel, server):
        source = (
            "import fsspec\n"
            "from submarine_ext.client import Client\n"
            "path = f'submarine://{Client().project}/from-a-kernel.txt'\n"
            "with fsspec.open(path, 'w') as file:\n"
            "    _ = file.write('hello')\n"
            "print(fsspec.open(path, 'r').open().read())"
        )
        (printed,) = kernel.run(source)
        assert printed["text"] == "hello\n"

    def test_without_a_project_lists_those_that_one_may_read(self, mount, vision, person):
        assert vision in mount("alice").ls("submarine://", detail=False)
        assert vision not in mount("bob").ls("", detail=False)

    def test_cannot_lead_out_of_its_project(self, fs, vision, person):
        person("alice").projects.create(f"{vision}-other")
        person("alice").files(f"{vision}-other").save("a.txt", "other")
        for path in (f"{vision}/../{vision}-other/a.txt", f"{vision}/./../x", "..", "a\\b/c"):
            with pytest.raises(OSError):  # noqa: PT011
                fs.open(path)
            assert not fs.exists(path)

    def test_says_what_is_there(self, fs, vision, files):
        files.make_folder("sub")
        files.save("a.txt", "one")
        files.save("sub/b.txt", "two")
        assert sorted(fs.ls(vision, detail=False)) == [f"{vision}/a.txt", f"{vision}/sub"]
        assert fs.ls(f"{vision}/a.txt", detail=False) == [f"{vision}/a.txt"]
        assert fs.find(vision) == [f"{vision}/a.txt", f"{vision}/sub/b.txt"]
        assert fs.glob(f"submarine://{vision}/**/*.txt") == fs.find(vision)
        info = fs.info(f"{vision}/a.txt")
        assert (info["type"], info["size"]) == ("file", 3)
        assert fs.ukey(f"{vision}/a.txt") == hashlib.sha256(b"one").hexdigest()
        assert fs.modified(f"{vision}/a.txt").tzinfo is not None
        assert fs.isdir(f"{vision}/sub")
        assert fs.isdir(vision)
        assert fs.isdir("")

    def test_survives_pickling_and_names_no_token_in_words(self, fs, vision, files):
        files.save("a.txt", "one")
        again = pickle.loads(pickle.dumps(fs))
        assert again.cat(f"{vision}/a.txt") == b"one"
        again.close()
        assert "token-alice" not in repr(fs)


class TestReading:
    def test_begins_anywhere_and_takes_no_more_than_it_needs(self, fs, vision, files, on_disk):
        body = bytes(range(256)) * 4096 * 12  # 12 MB, more than one block
        on_disk.mkdir(exist_ok=True, parents=True)
        (on_disk / "big.bin").write_bytes(body)
        with fs.open(f"{vision}/big.bin", "rb", block_size=MB) as file:
            file.seek(11 * MB + 7)
            assert file.read(10) == body[11 * MB + 7 :][:10]
            file.seek(-3, 2)
            assert file.read() == body[-3:]
            file.seek(0)
            assert file.read() == body
        assert fs.cat_file(f"{vision}/big.bin", start=5 * MB, end=5 * MB + 4) == body[5 * MB :][:4]

    def test_never_mixes_two_versions(self, fs, vision, files):
        """The mutant reads its later parts without ``if_match``."""
        files.save("a.bin", b"a" * 100)
        with fs.open(f"{vision}/a.bin", "rb", block_size=10, cache_type="none") as file:
            assert file.read(10) == b"a" * 10
            files.save("a.bin", b"b" * 100)
            with pytest.raises(StaleFile, match="read it again"):
                file.read(20)

    def test_never_mixes_what_a_kernel_writes_into_the_file(self, fs, vision, files, on_disk):
        files.save("a.bin", b"a" * 100)
        with fs.open(f"{vision}/a.bin", "rb", block_size=10, cache_type="none") as file:
            file.read(10)
            with (on_disk / "a.bin").open("r+b") as other:
                other.write(b"b")
            with pytest.raises(StaleFile):
                file.read(20)

    def test_an_empty_file_is_nothing(self, fs, vision, files):
        files.save("a.txt", "")
        assert fs.cat(f"{vision}/a.txt") == b""

    def test_is_for_those_who_may(self, mount, vision, files, person):
        files.save("a.txt", "one")
        with pytest.raises(FileNotFoundError):
            mount("bob").cat(f"{vision}/a.txt")
        person("alice").projects.share(vision, "bob", "viewer")
        assert mount("bob").cat(f"{vision}/a.txt") == b"one"

    def test_what_is_not_there_is_said_as_python_says_it(self, fs, vision):
        for path in (f"{vision}/none.txt", "no-such-project/a.txt"):
            with pytest.raises(FileNotFoundError, match=f"There is no such thing here: '{path}'"):
                fs.open(path)
            with pytest.raises(FileNotFoundError):
                fs.ls(path)
        assert not fs.exists(f"{vision}/none.txt")


class TestWriting:
    def test_makes_one_version_of_any_size(self, fs, vision, files):
        with fs.open(f"{vision}/sub/big.bin", "wb", block_size=MB) as file:
            for number in range(5):
                file.write(bytes([number]) * MB)
        assert files.read_bytes("sub/big.bin")[4 * MB :] == b"\4" * MB
        assert [each.kind for each in files.history("sub/big.bin")] == ["saved"]

    def test_adds_to_what_is_there(self, fs, vision, files):
        for line in ("one\n", "two\n"):
            with fs.open(f"{vision}/log.txt", "a") as file:
                file.write(line)
        assert files.read("log.txt").content == "one\ntwo\n"

    def test_over_what_somebody_saved_meanwhile_is_refused_and_both_are_kept(
        self, mount, vision, files, person
    ):
        """The mutant forgets what was read, and replaces bob's work without a word."""
        person("alice").projects.share(vision, "bob", "editor")
        alice, path = mount("alice"), f"{vision}/data.csv"
        files.save("data.csv", "one\n")
        assert alice.cat(path) == b"one\n"
        person("bob").files(vision).save("data.csv", "bob's\n")
        with pytest.raises(StaleFile) as caught:
            alice.pipe(path, b"alice's\n")
        error = caught.value
        assert "bob saved this at 20" in str(error)
        assert f"--restore {error.kept}" in str(error)
        assert files.read("data.csv").content == "bob's\n"
        assert files.read_bytes("data.csv", version=error.kept) == b"alice's\n"
        assert alice.cat(path) == b"bob's\n"  # read: now it may be replaced
        alice.pipe(path, b"both\n")
        assert files.read("data.csv").content == "both\n"

    def test_of_a_file_that_somebody_else_makes_meanwhile_is_refused(self, fs, vision, files):
        path = f"{vision}/new.txt"
        writer = fs.open(path, "wb")
        writer.write(b"mine")
        files.save("new.txt", "theirs")
        with pytest.raises(StaleFile):
            writer.close()
        assert files.read("new.txt").content == "theirs"

    def test_exclusively_is_refused_where_something_is(self, fs, vision, files):
        path = f"{vision}/new.txt"
        writer = fs.open(path, "xb")
        files.save("new.txt", "theirs")
        with pytest.raises(FileExistsError):
            writer.close()
        with pytest.raises(FileExistsError):
            fs.open(path, "xb")

    def test_can_be_told_to_replace_whatever_is_there(self, fs, vision, files):
        path = f"{vision}/a.txt"
        files.save("a.txt", "one")
        fs.cat(path)
        files.save("a.txt", "two")
        fs.pipe_file(path, b"three", if_match="*")
        assert files.read("a.txt").content == "three"
        assert len(files.history("a.txt")) == 3

    def test_again_and_again_needs_no_reading_between(self, fs, vision, files):
        for number in range(3):
            fs.pipe(f"{vision}/a.txt", str(number).encode())
        assert files.read("a.txt").content == "2"

    def test_that_fails_in_the_middle_saves_nothing(self, fs, vision):
        def half(file: Any) -> None:
            with file:
                file.write(b"half")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            half(fs.open(f"{vision}/a.txt", "wb"))
        assert not fs.exists(f"{vision}/a.txt")

    def test_waits_for_the_end_of_a_transaction(self, fs, vision):
        with fs.transaction:
            fs.pipe(f"{vision}/a.txt", b"one")
            assert not fs.exists(f"{vision}/a.txt")
        assert fs.cat(f"{vision}/a.txt") == b"one"

    def test_is_for_those_who_may(self, mount, vision, files, person):
        files.save("a.txt", "one")
        person("alice").projects.share(vision, "bob", "viewer")
        bob = mount("bob")
        with pytest.raises(PermissionError):
            bob.pipe(f"{vision}/a.txt", b"two")
        with pytest.raises(PermissionError):
            bob.mkdir(f"{vision}/sub")
        with pytest.raises(PermissionError):
            bob.rm(f"{vision}/a.txt")
        with pytest.raises(OSError, match="hidden"):
            mount("alice").pipe(f"{vision}/.secret", b"x")


class TestFiling:
    def test_folders_are_made_with_those_above_and_go_only_empty_or_as_a_whole(self, fs, vision):
        fs.mkdir(f"{vision}/a/b")
        with pytest.raises(FileExistsError):
            fs.mkdir(f"{vision}/a/b")
        fs.makedirs(f"{vision}/a/b", exist_ok=True)
        fs.pipe(f"{vision}/a/b/c.txt", b"one")
        with pytest.raises(OSError, match="not empty"):
            fs.rmdir(f"{vision}/a/b")
        with pytest.raises(IsADirectoryError):
            fs.rm(f"{vision}/a")
        fs.rm(f"{vision}/a", recursive=True)
        assert not fs.exists(f"{vision}/a")
        with pytest.raises(FileNotFoundError, match="project create"):
            fs.mkdir("no-such-project")

    def test_what_is_removed_lies_in_the_trash(self, fs, vision, files):
        fs.pipe(f"{vision}/a.txt", b"one")
        fs.rm(f"{vision}/a.txt")
        assert [each.path for each in files.trash()] == ["a.txt"]
        fs.pipe(f"{vision}/a.txt", b"new")  # what was seen there counts no more
        with pytest.raises(OSError, match="whole project"):
            fs.rm(vision, recursive=True)

    def test_what_is_moved_keeps_its_history_and_replaces_nothing(self, fs, vision, files):
        files.save("a.txt", "one")
        files.save("a.txt", "two")
        files.save("taken.txt", "x")
        with pytest.raises(FileExistsError):
            fs.mv(f"{vision}/a.txt", f"{vision}/taken.txt")
        fs.mkdir(f"{vision}/sub")
        fs.mv(f"submarine://{vision}/a.txt", f"submarine://{vision}/sub/")
        assert len(files.history("sub/a.txt")) == 2
        assert not fs.exists(f"{vision}/a.txt")

    def test_what_goes_to_another_project_is_copied_then_removed(self, fs, vision, files, person):
        other = person("alice").projects.create(f"{vision}-other").name
        files.save("a.txt", "one")
        fs.mv(f"{vision}/a.txt", f"{other}/b.txt")
        assert fs.cat(f"{other}/b.txt") == b"one"
        assert not fs.exists(f"{vision}/a.txt")


def test_a_server_that_went_away_is_said_and_found_again(restarting, monkeypatch):
    """As in a kernel that outlives its server."""
    monkeypatch.setattr("submarine_ext.client.transport.PAUSES", (0.01,))
    server = restarting()
    fs = ProjectFileSystem(server.url, server.token, skip_instance_cache=True)
    project = fs.client.project
    fs.pipe(f"{project}/a.txt", b"one")
    os.kill(server.pid, signal.SIGKILL)
    with pytest.raises(ConnectionError, match="does not answer"):
        fs.cat(f"{project}/a.txt")
    restarting()
    assert fs.cat(f"{project}/a.txt") == b"one"
    fs.close()


def test_without_fsspec_everything_else_works():
    source = "import sys; sys.modules['fsspec'] = None; import submarine_ext.client"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def test_text_goes_through_pythons_own_wrapper(fs, vision):
    with fs.open(f"{vision}/t.txt", "w", encoding="latin-1") as file:
        file.write("ü")
    assert io.BytesIO(fs.cat(f"{vision}/t.txt")).read() == b"\xfc"
