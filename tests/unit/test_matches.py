"""Searching a log: what is shown is found, where reading begins with it, and nothing else is."""

from hypothesis import given, settings
from hypothesis import strategies as st

from submarine_ext.domain.redaction import NOTHING, Hidden
from submarine_ext.files import logs, matches
from submarine_ext.files.matches import Wanted, search

RECORD = b'\x1e{"m":{"needle":0.5},"s":10}\n'


def found(path, text, *, case=False, final=True, hidden=NOTHING, limit=1000):
    """The first shown line of each match, all the way through."""
    lines, offset, more = [], 0, True
    while more:
        some = search(path, Wanted(text, case=case), offset, limit, final=final, hidden=hidden)
        lines += some.lines
        offset, more = some.offset, some.more
    shown = [logs.read(path, line, 1 << 20, final=final, hidden=hidden).text for line in lines]
    return [text.partition(b"\n")[0] for text in shown]


def test_a_match_is_where_its_line_begins(log):
    path = log(b"one\ntwo needle\nthree\nneedle needle\n")
    assert search(path, Wanted("needle", case=True), 0, 9).lines == [4, 21]


def test_either_case_is_found_unless_the_case_matters(log):
    path = log("Loss\nloss\nVERLÄSST\n".encode())
    assert found(path, "loss") == [b"Loss", b"loss"]
    assert found(path, "loss", case=True) == [b"loss"]
    assert found(path, "verläss") == ["VERLÄSST".encode()]


def test_colours_and_what_was_drawn_over_do_not_count(log):
    path = log(b"a\n\x1b[1mnee\x1b[0mdle\n 5% needle\r100% done\n\x1b]8;;needle\x07b\n")
    assert found(path, "needle") == [b"\x1b[1mnee\x1b[0mdle"]
    assert found(path, "100% done") == [b" 5% needle\r100% done"]


def test_records_are_not_looked_through_and_may_part_a_word(log):
    path = log(b"a\nnee" + RECORD + b"dle\n" + RECORD + b"b\n")
    assert found(path, "needle") == [b"needle"]


def test_what_is_hidden_cannot_be_found_letter_by_letter(log):
    path = log(b"before\ntoken=hunter2-and-more\nafter\n")
    hidden = Hidden(["hunter2-and-more"])
    assert found(path, "h", hidden=hidden) == []
    assert found(path, "token=***", hidden=hidden) == [b"token=***"]
    assert found(path, "after", hidden=hidden) == [b"after"]


def test_a_line_that_is_still_written_is_looked_through_once_it_has_ended(log):
    path = log(b"needle 1\nneed")
    first = search(path, Wanted("need", case=True), 0, 9)
    assert (first.lines, first.offset, first.more) == ([0], 9, False)
    log(b"needle 1\nneedle 2\n")
    then = search(path, Wanted("need", case=True), first.offset, 9)
    assert (then.lines, then.offset, then.more) == ([9], 18, False)


def test_one_question_takes_only_so_much(log, monkeypatch):
    monkeypatch.setattr(matches, "PIECE", 100)
    monkeypatch.setattr(matches, "MOST", 300)
    path = log(b"x" * 49 + b"\n" + b"y" * 950 + b"\nneedle\n")
    asked = search(path, Wanted("needle", case=True), 0, 9)
    assert (asked.lines, asked.more) == ([], True)
    assert 300 <= asked.offset < 500
    assert found(path, "needle") == [b"needle"]
    many = log(b"needle\n" * 5)
    assert search(many, Wanted("needle", case=True), 0, 2) == matches.Matches([0, 7], 14, 35, True)


def test_a_log_that_is_not_there_yet_has_no_match(tmp_path):
    assert search(tmp_path / "none", Wanted("a", case=True), 0, 9) == matches.Matches(
        [], 0, 0, more=False
    )


PARTS = st.sampled_from(
    [
        b"loss 0.5\n",
        b"Need",
        b"\xc3",
        RECORD,
        "é\n".encode(),
        b"nee",
        b"dle",
        b"\n",
        b"\x1b[31m",
        b"\r",
        b"hunter22",
    ]
)


@settings(max_examples=150, deadline=None)
@given(content=st.lists(PARTS, max_size=25).map(b"".join), hide=st.booleans())
def test_as_many_lines_are_found_as_are_shown(tmp_path_factory, content, hide):
    path = tmp_path_factory.mktemp("log") / "rank-0.log"
    path.write_bytes(content)
    hidden = Hidden(["hunter22"]) if hide else NOTHING
    text = logs.read(path, 0, 1 << 20, final=True, hidden=hidden).text
    shown = [matches.shown(line) for line in text.split(b"\n")]
    wanted = [line for line in shown if b"needle" in line]
    first = [matches.shown(line) for line in found(path, "needle", hidden=hidden)]
    assert first == wanted
