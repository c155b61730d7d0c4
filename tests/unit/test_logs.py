"""Log text by byte offset: no gap, no repeat, no records, bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submarine_ext.domain.records import LIMIT, scan
from submarine_ext.files import logs

RECORD = b'\x1e{"m":{"loss":0.5},"s":10}\n'


def everything(path, limit, *, final=True, offset=0):
    """All text, read in steps of ``limit``."""
    text = b""
    while True:
        piece = logs.read(path, offset, limit, final=final)
        text += piece.text
        if piece.offset == offset:
            return text, offset
        offset = piece.offset


pieces = st.sampled_from(
    [
        b"loss 0.5\n",
        RECORD,
        b"caf\xc3\xa9\n",
        "⚓".encode(),
        b"\x00\xff\xfe",
        b"x" * 40,
        b"\r 5%|",
        b"\x1e{",
    ]
)


@settings(max_examples=200)
@given(content=st.lists(pieces, max_size=20).map(b"".join), limit=st.integers(1, 60))
def test_reading_in_any_steps_gives_the_whole_text_once(tmp_path_factory, content, limit):
    path = tmp_path_factory.mktemp("log") / "rank-0.log"
    path.write_bytes(content)

    text, offset = everything(path, limit)

    assert text == scan(content, final=True).text
    assert offset == len(content)


def test_a_read_ends_at_a_line(log):
    piece = logs.read(log(b"first\nsecond\nthird\n"), 0, 10)

    assert (piece.text, piece.offset, piece.size) == (b"first\n", 6, 19)


def test_what_was_printed_so_far_is_shown_though_its_line_has_not_ended(log):
    assert logs.read(log(b"done\n 37%|###"), 0, 1000).text == b"done\n 37%|###"


def test_a_negative_offset_begins_at_a_line_near_the_end(log):
    assert logs.read(log(b"first\nsecond\nthird\n"), -10, 1000).text == b"third\n"
    assert logs.read(log(b"first\nsecond\nthird\n"), -13, 1000).text == b"second\nthird\n"
    assert logs.read(log(b"first\n"), -1000, 1000).text == b"first\n"


def test_an_offset_inside_a_record_begins_behind_it(log):
    path = log(b"a\n" + RECORD + b"b\n")

    for inside in range(3, 2 + len(RECORD)):
        assert logs.read(path, inside, 1000).text == b"b\n"


def test_a_record_longer_than_the_read_is_passed_over(log):
    record = b'\x1e{"p":{"a":"%s"}}\n' % (b"x" * 10_000)

    assert everything(log(record + b"text\n"), 100)[0] == b"text\n"


def test_a_record_that_is_being_written_is_not_shown(log):
    piece = logs.read(log(b"text\n" + RECORD[:-1]), 0, 1000)

    assert (piece.text, piece.offset, piece.complete) == (b"text\n", 5, False)


def test_a_record_that_was_cut_off_for_good_is_text(log):
    assert logs.read(log(b"text\n" + RECORD[:-1]), 0, 1000, final=True).complete


def test_a_character_is_not_cut_in_two(log):
    path = log("⚓⚓⚓".encode())

    assert logs.read(path, 0, 5).text == "⚓".encode()
    path.write_bytes("⚓⚓".encode()[:-1])
    assert logs.read(path, 0, 100).text == "⚓".encode()


def test_a_line_of_300_kb_comes_in_pieces(log):
    line = b"x" * 300_000 + b"\n"

    assert logs.read(log(line), 0, 65_536).offset == 65_536
    assert everything(log(line), 65_536)[0] == line


def test_nuls_and_invalid_utf8_survive(log):
    content = bytes(range(256)).replace(b"\x1e", b"") * 10

    assert everything(log(content), 100)[0] == content


def test_a_mark_that_never_ends_is_shown_at_last(log):
    content = b"\x1e" + b"x" * (LIMIT + 100)

    assert everything(log(content), 100, final=False)[0] == content[1:]


def test_a_log_that_is_not_there_yet_is_empty(tmp_path):
    assert logs.read(tmp_path / "rank-0.log", 0, 100) == logs.LogSlice(b"", 0, 0)


def test_beyond_the_end_there_is_no_text(log):
    assert logs.read(log(b"text\n"), 100, 100) == logs.LogSlice(b"", 100, 5)


@pytest.mark.parametrize("make", ["symlink_to", "mkfifo"])
def test_a_link_or_pipe_in_the_place_of_a_log_is_not_opened(tmp_path, make):
    import os

    secret = tmp_path / "secret"
    secret.write_bytes(b"token\n")
    path = tmp_path / "rank-0.log"
    path.symlink_to(secret) if make == "symlink_to" else os.mkfifo(path)

    assert logs.read(path, 0, 100).text == b""


def test_however_much_is_asked_for_memory_is_bounded(log):
    content = b"line\n" * 2_000_000

    assert logs.read(log(content), 0, 1 << 40).offset <= logs.LARGEST
