"""Bundles: what arrives is looked at member by member, and nothing leaves its folder."""

import gzip
import hashlib
import io
import tarfile

import pytest

from submarine_ext.errors import Invalid, NotFound, TooLarge
from submarine_ext.files.bundles import BundleFiles


def archive(*members):
    """A gzipped tar of (name, content) files or ready TarInfos."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def put(files, body, sha256=None):
    sha256 = sha256 or hashlib.sha256(body).hexdigest()
    with files.receive(sha256) as writer:
        writer.write(body)
        new = writer.commit()
    return sha256, new


@pytest.fixture
def files(tmp_path):
    return BundleFiles(tmp_path / "bundles", max_bytes=1_000_000)


def kept(files):
    return list(files.root.iterdir()) if files.root.exists() else []


def test_what_was_put_is_unpacked_byte_for_byte(files, tmp_path):
    sha256, new = put(files, archive(("a.py", b"print(1)"), ("d/e/b.bin", bytes(range(256)))))
    assert new
    files.unpack(sha256, tmp_path / "work")
    assert (tmp_path / "work/a.py").read_bytes() == b"print(1)"
    assert (tmp_path / "work/d/e/b.bin").read_bytes() == bytes(range(256))


def test_the_same_bundle_again_is_not_new(files):
    body = archive(("a.py", b""))
    assert [put(files, body)[1], put(files, body)[1]] == [True, False]


def test_bytes_with_another_hash_are_refused_and_not_kept(files):
    with pytest.raises(Invalid, match="sha256"):
        put(files, archive(("a.py", b"")), sha256="0" * 64)
    assert kept(files) == []


def test_an_interrupted_upload_leaves_nothing(files):
    with files.receive("0" * 64) as writer:
        writer.write(b"half")
    assert kept(files) == []


def test_an_upload_over_the_limit_is_cut_off_with_the_limit_named(files):
    with files.receive("0" * 64) as writer:
        writer.write(bytes(1_000_000))
        with pytest.raises(TooLarge, match=r"976\.6 KiB"):
            writer.write(b"1")
    assert kept(files) == []


@pytest.mark.parametrize(
    "name",
    ["/etc/x", "../x", "a/../../x", "a/./b", "a\\..\\x", "a\nb", "x" * 300, "a//b", "\x7f"],
)
def test_names_that_could_leave_the_folder_are_refused(files, name):
    with pytest.raises(Invalid):
        put(files, archive((name, b"x")))
    assert kept(files) == []


@pytest.mark.parametrize(
    "member",
    [
        special("l", tarfile.SYMTYPE, "/etc/passwd"),
        special("l", tarfile.SYMTYPE, "a.py"),
        special("l", tarfile.LNKTYPE, "../../etc/passwd"),
        special("d", tarfile.CHRTYPE),
        special("p", tarfile.FIFOTYPE),
    ],
    ids=["symlink out", "symlink in", "hard link", "device", "pipe"],
)
def test_links_and_devices_are_refused(files, member):
    with pytest.raises(Invalid, match="link or a device"):
        put(files, archive(member))
    assert kept(files) == []


def test_a_bomb_is_refused_before_it_is_unpacked(files, monkeypatch):
    monkeypatch.setattr("submarine_ext.files.bundles.MAX_UNPACKED", 10_000_000)
    body = archive(("zeros", bytes(20_000_000)))
    assert len(body) < 50_000
    with pytest.raises(TooLarge):
        put(files, body)


def test_too_many_entries_are_refused(files, monkeypatch):
    monkeypatch.setattr("submarine_ext.files.bundles.MAX_ENTRIES", 10)
    with pytest.raises(TooLarge):
        put(files, archive(*[(f"f{n}", b"") for n in range(11)]))


@pytest.mark.parametrize(
    "body",
    [b"", b"not gzip", gzip.compress(b"no tar at all" * 100)],
    ids=["nothing", "not gzip", "gzip of no tar"],
)
def test_what_is_no_archive_is_refused(files, body):
    with pytest.raises(Invalid):
        put(files, body)
    assert kept(files) == []


def test_a_truncated_archive_is_refused(files):
    body = archive(("a", b"x" * 10_000), ("b", b"y" * 10_000))
    with pytest.raises(Invalid):
        put(files, body[: len(body) // 2])


def test_a_name_that_stands_twice_is_refused(files):
    with pytest.raises(Invalid, match="twice"):
        put(files, archive(("a", b"1"), ("a", b"2")))


def test_unpacking_never_writes_through_a_link_that_lies_there(files, tmp_path):
    """Fails on the mutant that opens without O_EXCL and O_NOFOLLOW."""
    canary = tmp_path / "canary"
    canary.write_text("alive")
    (tmp_path / "work").mkdir()
    (tmp_path / "work/a.py").symlink_to(canary)
    sha256, _ = put(files, archive(("a.py", b"overwritten")))
    with pytest.raises(OSError, match="exists"):
        files.unpack(sha256, tmp_path / "work")
    assert canary.read_text() == "alive"


def test_an_unknown_bundle_is_not_found(files):
    with pytest.raises(NotFound):
        files.members("0" * 64)
