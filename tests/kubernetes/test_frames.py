"""A pod's bytes, taken apart: whatever is cut anywhere, nothing of the ranks' is changed."""

import base64
import hashlib
import itertools
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.engines.kubernetes.pod.frames import LIMIT, End, Frames, Output, Piece, State
from submarine_ext.engines.kubernetes.pod.stream import record
from submarine_ext.testing.jobs import ALL_BYTES
from tests.kubernetes.lognode import Story


def parts(chunks, ranks=4, *, written_down=False):
    frames = Frames(range(ranks))
    for chunk in chunks:
        yield from frames.feed(chunk)
        assert len(frames.state.held) <= LIMIT
        if written_down:
            text = msgspec.json.encode(frames.state)
            frames = Frames(range(ranks), msgspec.json.decode(text, type=State))
    yield from frames.finish()


def printed(chunks, rank=0, **how):
    found = [p.data for p in parts(chunks, **how) if isinstance(p, Output) and p.rank == rank]
    return b"".join(found)


def cut(data, places):
    edges = [0, *sorted({p % (len(data) + 1) for p in places}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def file(path="a.bin", body=b"abc", **lies):
    head = {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    data = base64.b64encode(body).decode()
    return record("file", **{**head, "at": 0, "data": data, **lies})


@pytest.mark.parametrize("size", [1 << 20, 65_536, 997])
def test_bytes_that_are_not_ours_pass_unchanged(size):
    chunks = [ALL_BYTES[at : at + size] for at in range(0, len(ALL_BYTES), size)]
    assert printed(chunks) == ALL_BYTES


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([
            b"\x1e", b"\x1e{", b'\x1e{"submarine', b'\x1e{"submarine":"', b"\n", b"\x1e{broken\n",
            b'\x1e{"m":{"a":1.0}}\n', b'\x1e{"submarine":"rank","rank":9}\n',
            b'\x1e{"submarine":"nothing"}\n', b'\x1e{"submarine":"' + b"x" * 20_000,
        ]),
    ),
    max_size=20,
)  # fmt: skip


@given(PIECES, st.lists(st.integers(min_value=0), max_size=30), st.booleans())
def test_however_it_is_cut_nothing_is_changed(pieces, places, written_down):
    data = b"".join(pieces)
    assert printed(cut(data, places), written_down=written_down) == data


def test_our_records_are_found_wherever_they_are_cut():
    data = b"one" + record("rank", rank=2) + b"two" + file() + record("end", notes=["n"])
    for place in range(len(data) + 1):
        found = list(parts([data[:place], data[place:]], written_down=True))
        said = [(p.rank, p.data) for p in found if isinstance(p, Output)]
        assert b"".join(data for rank, data in said if rank == 0) == b"one"
        assert b"".join(data for rank, data in said if rank == 2) == b"two"
        assert [type(p) for p in found if not isinstance(p, Output)] == [Piece, End]


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_of_all_kinds_cut_at_random_places(seed):
    story = Story(seed, ranks=3)
    places = [random.Random(seed).randrange(1 << 30) for _ in range(200)]
    for rank, wanted in story.ranks.items():
        chunks = cut(story.container.printed, places)
        assert printed(chunks, rank, ranks=3, written_down=True) == wanted


class TestHostileRecords:
    def test_of_a_rank_of_another_pod_are_text(self):
        lie = record("rank", rank=4)
        assert printed([lie, b"mine"]) == lie + b"mine"

    def test_longer_than_a_record_may_be_are_text(self):
        lie = b'\x1e{"submarine":"end","notes":["' + b"x" * LIMIT + b'"]}\n'
        assert printed([lie]) == lie

    @pytest.mark.parametrize(
        "lies",
        [{"size": -1}, {"sha256": "x"}, {"at": "0"}, {"data": "no base64!"}, {"path": ""}],
        ids=str,
    )
    def test_that_are_not_well_formed_are_text(self, lies):
        assert printed([file(**lies)]) == file(**lies)

    def test_a_record_within_a_record_is_found(self):
        broken = b'\x1e{"submarine":"file"'
        assert printed([broken + record("rank", rank=1) + b"x"]) == broken
