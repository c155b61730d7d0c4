"""A working folder becomes one archive: same files, same bytes, and only what may travel."""

import os
import random
import tarfile
from pathlib import Path

import pytest

from submarine_ext.domain import bundles
from submarine_ext.errors import Invalid, TooLarge
from submarine_ext.files import folder as scanning
from submarine_ext.files import packing
from submarine_ext.files.packing import packed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    write(place, "train.py", "print(1)")
    return place


def write(folder: Path, name: str, content: str = "x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def names(folder: Path) -> list[str]:
    with packed(folder) as bundle, tarfile.open(bundle.file) as archive:
        return archive.getnames()


def hash_of(folder: Path) -> str:
    with packed(folder) as bundle:
        return bundle.sha256


def test_the_same_files_have_the_same_hash_wherever_and_whenever_they_lie(tmp_path, folder):
    write(folder, "lib/net.py", "a")
    other = tmp_path / "elsewhere"
    write(other, "lib/net.py", "a")
    write(other, "train.py", "print(1)")
    os.utime(other / "train.py", (1, 1))
    assert hash_of(folder) == hash_of(other)


def test_another_content_has_another_hash(folder):
    before = hash_of(folder)
    write(folder, "train.py", "print(2)")
    assert hash_of(folder) != before


def test_no_name_time_or_owner_of_the_machine_travels(folder):
    with packed(folder) as bundle:
        assert bundle.file.read_bytes()[4:8] == b"\0\0\0\0"
        with tarfile.open(bundle.file) as archive:
            entry = archive.getmember("train.py")
    assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")


def test_a_script_that_may_be_executed_still_may(folder):
    (folder / "train.py").chmod(0o744)
    with packed(folder) as bundle, tarfile.open(bundle.file) as archive:
        assert archive.getmember("train.py").mode == 0o755


def test_what_is_never_code_stays_at_home(folder):
    for name in (
        ".git/HEAD",
        "__pycache__/a.pyc",
        "lib/__pycache__/a.pyc",
        ".ipynb_checkpoints/a.ipynb",
        "venv/pyvenv.cfg",
        "venv/bin/python",
        "env/conda-meta/history",
    ):
        write(folder, name)
    assert names(folder) == ["train.py"]


class TestIgnoreFiles:
    def test_gitignore_and_submarineignore_are_both_honoured(self, folder):
        write(folder, ".gitignore", "*.log\n")
        write(folder, ".submarineignore", "/data/\n")
        write(folder, "a.log")
        write(folder, "data/train.csv")
        write(folder, "lib/data/small.csv")
        assert names(folder) == [".gitignore", ".submarineignore", "lib/data/small.csv", "train.py"]

    def test_a_nested_file_speaks_for_its_folder_and_can_take_back(self, folder):
        write(folder, ".gitignore", "*.bin\n")
        write(folder, "keep/.gitignore", "!*.bin\n")
        write(folder, "a.bin")
        write(folder, "keep/b.bin")
        assert "keep/b.bin" in names(folder)
        assert "a.bin" not in names(folder)

    def test_rules_of_the_repository_above_count(self, folder):
        write(folder, ".git/HEAD")
        write(folder, ".gitignore", "*.ckpt\n")
        write(folder, "sub/model.ckpt")
        write(folder, "sub/train.py")
        assert names(folder / "sub") == ["train.py"]

    def test_rules_above_that_ignore_the_folder_itself_say_nothing_about_its_files(self, folder):
        write(folder, ".git/HEAD")
        write(folder, ".gitignore", "scratch/\n")
        write(folder, "scratch/deep/train.py")
        assert names(folder / "scratch" / "deep") == ["train.py"]

    def test_nothing_above_counts_outside_a_repository(self, tmp_path, folder):
        write(tmp_path, ".gitignore", "*.py\n")
        assert names(folder) == ["train.py"]


class TestLinks:
    def test_a_link_out_of_the_folder_is_an_error_that_names_it(self, tmp_path, folder):
        (folder / "secrets").symlink_to(write(tmp_path, "outside.txt"))
        with pytest.raises(Invalid, match=r"secrets is a link out of the folder.*outside\.txt"):
            names(folder)

    def test_a_folder_that_is_a_link_out_is_an_error_too(self, tmp_path, folder):
        write(tmp_path, "outside/a.txt")
        (folder / "data").symlink_to(tmp_path / "outside")
        with pytest.raises(Invalid, match="data is a link out of the folder"):
            names(folder)

    def test_a_folder_whose_name_only_begins_the_same_is_outside(self, tmp_path, folder):
        twin = write(tmp_path, "project-of-somebody/key.txt")
        (folder / "key.txt").symlink_to(twin)
        with pytest.raises(Invalid, match="link out"):
            names(folder)

    def test_an_ignored_link_is_nobodys_business(self, tmp_path, folder):
        (folder / "data").symlink_to(tmp_path)
        write(folder, ".submarineignore", "data\n")
        assert names(folder) == [".submarineignore", "train.py"]

    def test_links_inside_travel_as_what_they_point_to(self, folder):
        write(folder, "lib/net.py", "deep")
        (folder / "net.py").symlink_to("lib/net.py")
        (folder / "library").symlink_to("lib")
        with packed(folder) as bundle, tarfile.open(bundle.file) as archive:
            assert all(member.isreg() for member in archive)
            for name in ("net.py", "library/net.py", "lib/net.py"):
                content = archive.extractfile(name)
                assert content is not None
                assert content.read() == b"deep"

    def test_a_link_to_nothing_is_left_out(self, folder):
        (folder / ".#train.py").symlink_to("me@host.1234")
        assert names(folder) == ["train.py"]

    def test_links_that_go_round_in_a_circle_are_an_error(self, folder):
        write(folder, "a/x.py")
        (folder / "a" / "up").symlink_to("..")
        with pytest.raises(Invalid, match="a link to a folder that holds it"):
            names(folder)

    def test_a_link_to_another_link_that_leaves_is_found_out(self, tmp_path, folder):
        outside = write(tmp_path, "outside.txt")
        (folder / "one").symlink_to("two")
        (folder / "two").symlink_to(outside)
        with pytest.raises(Invalid, match="one is a link out"):
            names(folder)


class TestLimits:
    def test_a_large_file_is_packed_with_a_warning(self, folder):
        (folder / "weights.bin").write_bytes(bytes(6_000_000))
        with packed(folder) as bundle:
            assert [w.split(" and ")[0] for w in bundle.warnings] == ["weights.bin is 5.7 MiB"]

    def test_too_much_packed_is_refused_with_the_largest_files_and_the_way_out(
        self, folder, monkeypatch
    ):
        monkeypatch.setattr(packing, "MAX_PACKED", 100_000)
        (folder / "data").mkdir()
        (folder / "data" / "noise.bin").write_bytes(random.Random(1).randbytes(300_000))
        with pytest.raises(TooLarge) as caught:
            names(folder)
        assert "293 KiB in 2 files" in caught.value.detail
        assert "data/noise.bin (293 KiB)" in caught.value.detail
        assert "/data/noise.bin" in caught.value.detail
        assert caught.value.field == "bundle"

    def test_too_much_unpacked_is_refused_before_anything_is_packed(self, folder):
        with (folder / "zeros.bin").open("wb") as file:
            file.truncate(bundles.MAX_UNPACKED + 1)
        with pytest.raises(TooLarge, match=r"zeros\.bin"):
            names(folder)

    def test_too_many_files_are_refused(self, folder, monkeypatch):
        monkeypatch.setattr(scanning, "MAX_ENTRIES", 5)
        for number in range(6):
            write(folder, f"{number}.txt")
        with pytest.raises(TooLarge, match="more than 5 files"):
            names(folder)

    def test_nothing_is_left_behind_after_a_refusal(self, folder, monkeypatch, tmp_path):
        monkeypatch.setattr(packing, "MAX_PACKED", 10)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        with pytest.raises(TooLarge):
            names(folder)
        assert list((tmp_path / "temporary").iterdir()) == []


BAD_NAMES = ["/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\\b", "a\nb", "a\0b", "\udc80", "",
             "a" * 256, "/".join(["aaaaaaaaa"] * 110)]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_in_a_bundle_is_refused(name):
    with pytest.raises(Invalid) as caught:
        bundles.check_name(name)
    assert caught.value.field == "bundle"


@pytest.mark.parametrize(
    "name", ["a", "ä/ö.py", "a b/c", "..a", "a..b/c", "数据/x", "👩‍🔬.py", "a" * 255]
)
def test_any_other_name_may(name):
    assert bundles.check_name(name) == name


def test_a_file_name_that_is_not_unicode_is_named_in_the_error(folder):
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.py")).write_text("")
    with pytest.raises(Invalid, match=r"caf.*not valid Unicode"):
        names(folder)
