"""The bytes of projects: nothing leads out of a folder, nothing is half, nothing is lost.

Whoever runs a kernel can put links anywhere and swap them at any moment; a canary outside
of the project must stay unread and untouched.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest

from submarine_ext.errors import Conflict, NotFound, TooLarge
from submarine_ext.files import places
from submarine_ext.files.blobs import Blobs
from submarine_ext.files.projects import SAVING, Changed, ProjectFiles
from submarine_ext.files.uploads import Uploads

ROUNDS = int(os.environ.get("SWAP_ROUNDS", "2000"))


@pytest.fixture
def files(tmp_path: Path) -> ProjectFiles:
    return ProjectFiles(tmp_path / "projects")


def put(files: ProjectFiles, path: str, body: bytes) -> None:
    with files.blobs.stage() as staged:
        staged.write(body)
        files.put("p", path, staged).done()


def names(files: ProjectFiles) -> list[str]:
    return sorted(each.name for each in files.folder("p").iterdir())


def read(files: ProjectFiles, path: str) -> bytes:
    with files.open("p", path) as file:
        return file.read()


class Outside:
    """A folder outside of the project with a canary in it, and a way in for attackers."""

    def __init__(self, files: ProjectFiles, tmp_path: Path) -> None:
        self.folder = tmp_path / "outside"
        self.folder.mkdir()
        (self.folder / "a.txt").write_bytes(b"canary")
        self.inside = files.folder("p")

    def untouched(self) -> bool:
        names = sorted(each.name for each in self.folder.iterdir())
        return names == ["a.txt"] and (self.folder / "a.txt").read_bytes() == b"canary"


@pytest.fixture
def outside(files: ProjectFiles, tmp_path: Path) -> Outside:
    return Outside(files, tmp_path)


class TestALink:
    def test_is_no_file_and_no_folder(self, files, outside):
        (outside.inside / "dir").symlink_to(outside.folder)
        (outside.inside / "file").symlink_to(outside.folder / "a.txt")
        for path in ("dir/a.txt", "file", "dir"):
            with pytest.raises(NotFound):
                files.open("p", path)
            assert files.look("p", path) is None
            assert files.etag("p", path) is None
        with pytest.raises(NotFound):
            files.entries("p", "dir")
        assert [entry.name for entry in files.entries("p", "")] == []
        assert list(files.walk("p", "")) == []

    def test_is_never_written_through(self, files, outside):
        (outside.inside / "dir").symlink_to(outside.folder)
        (outside.inside / "file").symlink_to(outside.folder / "a.txt")
        for path in ("dir/a.txt", "dir/new.txt", "file"):
            with pytest.raises((Conflict, NotFound)):
                put(files, path, b"gotcha")
        put(files, "b.txt", b"b")
        with pytest.raises((Conflict, NotFound)):
            files.move("p", "b.txt", "dir/b.txt")
        files.unlink("p", "dir")
        files.unlink("p", "file")
        assert outside.untouched()

    def test_in_the_place_of_the_whole_project_is_not_followed(self, files, outside, tmp_path):
        outside.inside.rmdir()
        outside.inside.symlink_to(outside.folder)
        with pytest.raises(NotFound):
            files.open("p", "a.txt")

    def test_swapped_in_at_any_moment_leads_nowhere(self, files, outside):
        read_, written = self.race(files, outside)
        assert read_ == {b"mine"}
        assert written > 0
        assert outside.untouched()

    def test_swapped_in_leads_out_where_paths_are_looked_at_first(
        self, files, outside, monkeypatch
    ):
        """The mutant: look whether it is a link, then open the path."""

        @contextlib.contextmanager
        def naive(root, path, *, make=False):
            if make:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
            if (root / path).parent.resolve() != (root / path).parent.absolute():
                raise NotFound
            handle = os.open((root / path).parent, os.O_RDONLY)
            try:
                yield places.Place(handle, Path(path).name)
            finally:
                os.close(handle)

        monkeypatch.setattr("submarine_ext.files.projects.place", naive)
        # A busy machine may let one race go by without a swap at the wrong moment.
        assert any(
            b"canary" in self.race(files, outside)[0] or not outside.untouched() for _ in range(20)
        )

    def race(self, files: ProjectFiles, outside: Outside) -> tuple[set[bytes], int]:
        """Read and save in a folder that is swapped with a link out all the while."""
        real, link = outside.inside / "dir", outside.inside / "link"
        if link.exists() and real.is_symlink():  # as an earlier race left them
            exchange(real, link)
        put(files, "dir/a.txt", b"mine")
        if not link.is_symlink():
            link.symlink_to(outside.folder)
        stop = threading.Event()

        def swap() -> None:
            while not stop.is_set():
                exchange(real, link)

        found: set[bytes] = set()
        written = 0
        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            for _ in range(ROUNDS):
                with contextlib.suppress(NotFound, Conflict, OSError):
                    found.add(read(files, "dir/a.txt"))
                with contextlib.suppress(NotFound, Conflict, OSError):
                    put(files, "dir/a.txt", b"mine")
                    written += 1
        finally:
            stop.set()
            swapper.join()
        return found, written


def exchange(one: Path, other: Path) -> None:
    """Swap two names at once (renameat2 with RENAME_EXCHANGE)."""
    here, flag = -100, 2
    libc = ctypes.CDLL(None)
    assert libc.renameat2(here, bytes(one), here, bytes(other), flag) == 0


class TestAPipe:
    def test_holds_nobody_up(self, files):
        os.mkfifo(files.folder("p") / "pipe")
        with pytest.raises(NotFound):
            files.open("p", "pipe")
        with pytest.raises(Conflict):
            put(files, "pipe", b"x")


class TestPutting:
    def test_can_be_undone(self, files):
        put(files, "a.txt", b"old")
        for path, before in (("a.txt", b"old"), ("new.txt", None)):
            with files.blobs.stage() as staged:
                staged.write(b"new")
                swap = files.put("p", path, staged)
            assert read(files, path) == b"new"
            swap.undo()
            assert (read(files, path) if files.look("p", path) else None) == before
        assert [each.name for each in files.folder("p").iterdir()] == ["a.txt"]

    @pytest.mark.parametrize("theirs", ["takes its place", "is written into it"])
    def test_is_not_undone_where_it_is_somebody_elses_by_now(self, files, theirs):
        """As where a lock of a file system of several machines was lost meanwhile.

        The mutant puts the old bytes over what another server acknowledged.
        """
        put(files, "a.txt", b"old")
        for path in ("a.txt", "new.txt"):
            with files.blobs.stage() as staged:
                staged.write(b"new")
                swap = files.put("p", path, staged)
            if theirs == "takes its place":
                put(files, path, b"theirs")
            else:
                (files.folder("p") / path).write_bytes(b"theirs")
            swap.undo()
            assert read(files, path) == b"theirs"
        assert names(files) == ["a.txt", "new.txt"]

    def test_where_nothing_was_takes_the_place_of_nothing(self, files):
        """Somebody made a file there after it was looked."""
        put(files, "a.txt", b"theirs")
        with files.blobs.stage() as staged:
            staged.write(b"mine")
            with pytest.raises(Changed):
                files.put("p", "a.txt", staged, fresh=True)
            files.put("p", "b.txt", staged, fresh=True).done()
        assert read(files, "a.txt") == b"theirs"
        assert names(files) == ["a.txt", "b.txt"]

    def test_keeps_the_mode_of_a_script(self, files):
        put(files, "run.sh", b"old")
        (files.folder("p") / "run.sh").chmod(0o755)
        put(files, "run.sh", b"new")
        assert stat.S_IMODE((files.folder("p") / "run.sh").stat().st_mode) == 0o755

    def test_never_changes_a_version_when_a_kernel_writes_in_place(self, files):
        with files.blobs.stage() as staged:
            staged.write(b"version")
            sha = files.blobs.keep(staged)
            files.put("p", "a.txt", staged).done()
        with (files.folder("p") / "a.txt").open("r+b") as kernel:
            kernel.write(b"KERNEL!")
        with files.blobs.open(sha) as blob:
            assert blob.read() == b"version"

    def test_leaves_nothing_that_is_not_swept(self, files):
        put(files, "sub/a.txt", b"x")
        left = files.folder("p") / "sub" / f"{SAVING}abc"
        left.write_bytes(b"half")
        assert [e.name for e in files.entries("p", "sub")] == ["a.txt"]
        files.sweep("p", older_than=60.0)
        assert left.exists()
        files.sweep("p", older_than=-1.0)
        assert not left.exists()
        assert read(files, "sub/a.txt") == b"x"


class TestAnETag:
    def test_is_the_hash_of_what_is_there_now(self, files):
        path = files.folder("p") / "a.txt"
        for body in (b"one", b"two", b"one", b"three"):
            path.write_bytes(body)  # a kernel, again and again within one tick of the clock
            assert files.etag("p", "a.txt") == hashlib.sha256(body).hexdigest()

    def test_is_remembered_once_a_file_has_settled(self, files, monkeypatch):
        path = files.folder("p") / "a.txt"
        path.write_bytes(b"one")
        monkeypatch.setattr("submarine_ext.files.projects.SETTLED", -1.0)
        first = files.etag("p", "a.txt")
        monkeypatch.setattr("submarine_ext.files.projects.sha256", None)
        assert files.etag("p", "a.txt") == first


class TestLocks:
    def test_let_one_change_a_project_at_a_time(self, tmp_path):
        """Two servers: two objects on one folder."""
        servers = [ProjectFiles(tmp_path), ProjectFiles(tmp_path)]
        inside = 0

        async def change(files: ProjectFiles) -> None:
            nonlocal inside
            async with files.locked("p"):
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                inside -= 1

        async def all_changes() -> None:
            await asyncio.gather(*[change(files) for files in servers * 10])

        asyncio.run(all_changes())


class TestBlobs:
    def test_are_kept_once_and_swept_when_nobody_names_them(self, tmp_path):
        blobs = Blobs(tmp_path / "blobs")
        kept, gone = blobs.put(b"kept"), blobs.put(b"gone")
        assert blobs.put(b"kept") == kept
        assert blobs.sweep({kept}, older_than=-1.0) == 1
        with pytest.raises(NotFound):
            blobs.open(gone)
        with blobs.open(kept) as file:
            assert file.read() == b"kept"

    def test_put_again_are_as_young_as_new_ones(self, tmp_path):
        """Mutant: without renewing, the sweep takes a blob that a row is about to name."""
        blobs = Blobs(tmp_path / "blobs")
        sha = blobs.put(b"old")
        os.utime(tmp_path / "blobs" / sha[:2] / sha, (0, 0))
        blobs.put(b"old")
        assert blobs.sweep(set()) == 0


class TestUploads:
    def test_go_on_where_a_cut_piece_began(self, tmp_path, files):
        uploads = Uploads(tmp_path)
        uploads.add("key", 1, b"abc")
        [part] = tmp_path.glob(".receiving-key.*")
        with part.open("ab") as file:
            file.write(b"half a pie")  # the server was killed in the middle of piece 2
        assert uploads.add("key", 2, b"def") == 6
        with files.blobs.stage() as staged:
            uploads.finish("key", b"ghi", staged)
            assert staged.rewound().read() == b"abcdefghi"
        assert list(tmp_path.glob(".receiving-key.*")) == []

    def test_have_a_limit(self, tmp_path):
        uploads = Uploads(tmp_path, max_bytes=5)
        uploads.add("key", 1, b"abc")
        with pytest.raises(TooLarge):
            uploads.add("key", 2, b"def")
        assert list(tmp_path.glob(".receiving-*")) == []
