"""Files that come in a pod's log: whole and right, or not at all and with a sentence."""

import hashlib
import itertools

import msgspec
import pytest

from submarine_ext.engines.kubernetes.artifacts import ENTRY, MOST_NOTES, Inbox, State
from submarine_ext.engines.kubernetes.pod.frames import Piece

LIMIT = 100_000


def inbox(tmp_path, *, node=0, notebook=None):
    (tmp_path / "artifacts").mkdir(exist_ok=True)
    return Inbox(tmp_path / "artifacts", tmp_path / f"{node}.part", limit=LIMIT,
                 notebook=notebook, first=node == 0)  # fmt: skip


def pieces(path, body, each=1000, **lies):
    digest = hashlib.sha256(body).hexdigest()
    for at in range(0, max(len(body), 1), each):
        data = body[at : at + each]
        told = {"path": path, "size": len(body), "sha256": digest, "at": at, "data": data}
        yield Piece(**{**told, **lies})


def kept(tmp_path):
    root = tmp_path / "artifacts"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def take(box, *many):
    for piece in itertools.chain(*many):
        box.take(piece)


@pytest.mark.parametrize("size", [0, 1, 1000, 3500])
def test_a_file_appears_when_it_is_whole(size, tmp_path):
    box, body = inbox(tmp_path), bytes(size)
    for piece in pieces("model/best.bin", body):
        assert kept(tmp_path) == {}
        box.take(piece)
    assert kept(tmp_path) == {"model/best.bin": body}
    assert box.state.notes == []


def test_the_same_pieces_again_after_a_crash_change_nothing(tmp_path):
    box = inbox(tmp_path)
    all_of_it = list(pieces("a", b"x" * 3500))
    take(box, all_of_it[:2])
    mark = msgspec.json.encode(box.state)
    take(box, all_of_it[2:])
    again = inbox(tmp_path)
    again.state = msgspec.json.decode(mark, type=State)
    take(again, all_of_it[2:])
    assert kept(tmp_path) == {"a": b"x" * 3500}
    assert again.state.notes == []


def test_a_newer_file_of_the_same_name_replaces_it(tmp_path):
    box = inbox(tmp_path)
    take(box, pieces("a", b"old"), pieces("a", b"new"))
    assert kept(tmp_path) == {"a": b"new"}
    assert box.state.notes == []


def test_other_nodes_files_do_not_replace_the_first_nodes(tmp_path):
    take(inbox(tmp_path), pieces("a", b"first"))
    take(inbox(tmp_path, node=1), pieces("a", b"other"), pieces("b", b"other"))
    assert kept(tmp_path) == {"a": b"first", "b": b"other"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_files_of_one_name_on_several_nodes_are_told(order, tmp_path):
    boxes = [inbox(tmp_path, node=node) for node in order]
    for node, box in zip(order, boxes, strict=True):
        take(box, pieces("a", b"of %d" % node), pieces("same", b"same"))
    assert kept(tmp_path) == {"a": b"of 0", "same": b"same"}
    assert boxes[0].state.notes == []
    (note,) = boxes[1].state.notes
    assert note.startswith("Several machines left 'a'")


class TestHostilePieces:
    @pytest.mark.parametrize(
        "path",
        ["../out", "/etc/passwd", "a/../../out", "a//b", ".", "a/.", "a\\..\\b", "x" * 300],
        ids=str,
    )
    def test_no_name_leads_out_of_the_folder(self, path, tmp_path):
        box = inbox(tmp_path)
        take(box, pieces(path, b"stolen"))
        assert kept(tmp_path) == {}
        assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == []
        assert "could not be kept" in box.state.notes[0]

    def test_no_link_is_followed(self, tmp_path):
        box = inbox(tmp_path)
        (tmp_path / "0.part").symlink_to(tmp_path / "target")
        with pytest.raises(OSError, match="symbolic links"):
            take(box, pieces("a", b"x"))
        assert not (tmp_path / "target").exists()

    @pytest.mark.parametrize(
        "lies",
        [{"sha256": "0" * 64}, {"size": 2}, {"at": 7}],
        ids=["another digest", "more than announced", "a hole"],
    )
    def test_a_lie_keeps_nothing(self, lies, tmp_path):
        take(inbox(tmp_path), pieces("a", b"four", **lies))
        assert kept(tmp_path) == {}

    def test_a_size_beyond_the_limit_is_refused_at_once(self, tmp_path):
        box = inbox(tmp_path)
        take(box, pieces("a", b"x", size=1 << 50))
        assert box.state.notes == ["'a' could not be kept: more than 97.7 KiB came in the log."]
        assert list(tmp_path.glob("*.part")) == []

    def test_a_million_tiny_files_are_bounded(self, tmp_path):
        box = inbox(tmp_path)
        for number in range(10_000):
            take(box, pieces(f"{number}", b""))
        assert len(kept(tmp_path)) <= LIMIT // ENTRY + 1
        assert len(box.state.notes) == MOST_NOTES

    def test_a_file_in_the_way_of_a_folder_is_told(self, tmp_path):
        box = inbox(tmp_path)
        take(box, pieces("a", b"x"), pieces("a/b", b"y"))
        assert kept(tmp_path) == {"a": b"x"}
        assert box.state.notes == ["'a/b' could not be kept: a file of that name is in the way."]


def test_the_executed_notebook_comes_though_it_is_larger_than_the_limit(tmp_path):
    box = inbox(tmp_path, notebook="a.ipynb")
    take(box, pieces("a.ipynb", b"x" * (LIMIT + 1)))
    assert list(kept(tmp_path)) == ["a.ipynb"]
