"""What is redacted of a log, however it is read: in any pieces, from anywhere, while it grows.

The reference is the whole text redacted at once, by a rule written here in the plainest way.
Mutants, tried by hand: ``_before`` or ``_after`` in ``files/logs.py`` answering with nothing,
no waiting for what may become a value (``begun`` ignored), ``Hidden._runs`` looking for a
value only behind the last one (no overlaps). Each fails here.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submarine_ext.domain.records import scan
from submarine_ext.domain.redaction import EVERYTHING, Hidden
from submarine_ext.files import logs

TOKEN, NEAR, PERIODIC = "s3cr3t-token", "tokentok-en", "ababab"
VALUES = (TOKEN, NEAR, PERIODIC, "пароль")
HIDDEN = Hidden(VALUES)
RECORD = b'\x1e{"m":{"loss":0.5},"s":10}\n'

pieces = st.sampled_from(
    [
        *(value.encode() for value in VALUES),
        b"s3cr3t-", b"token", b"tok-en", b"ab", b"a", b"\n", b"line\n", RECORD,
        b"\x1e", b'\x1e{"m":', "п".encode(), "пар".encode(), b"\xd0", b"x" * 30,
    ]
)  # fmt: skip
contents = st.lists(pieces, max_size=25).map(b"".join)


def plainly(text: bytes) -> bytes:
    """Every byte of every occurrence goes; a mask stands where a run of them begins."""
    hidden, joined = [False] * len(text), [False] * len(text)
    for value in (value.encode() for value in VALUES):
        for at in range(len(text)):
            if text[at : at + len(value)] == value:
                _mark(hidden, joined, at, at + len(value))
    ends = [
        at for v in VALUES for at in range(len(text))
        if len(text) - at >= 6 and v.encode().startswith(text[at:])
    ]  # fmt: skip
    if ends:
        _mark(hidden, joined, min(ends), len(text))
    out = b""
    for at, byte in enumerate(text):
        if not hidden[at]:
            out += bytes([byte])
        elif not joined[at]:
            out += b"***"
    return out


def _mark(hidden, joined, first, last):
    for at in range(first, last):
        hidden[at] = True
        joined[at] = joined[at] or at > first


def read_on(path, offset, limit, *, final):
    text = b""
    while True:
        piece = logs.read(path, offset, limit, final=final, hidden=HIDDEN)
        text += piece.text
        if piece.offset == offset:
            return text, offset
        offset = piece.offset


@settings(max_examples=400)
@given(content=contents, limit=st.integers(1, 60))
def test_reading_in_any_steps_gives_the_whole_text_redacted(tmp_path_factory, content, limit):
    path = tmp_path_factory.mktemp("log") / "rank-0.log"
    path.write_bytes(content)
    text, offset = read_on(path, 0, limit, final=True)
    assert text == plainly(scan(content, final=True).text)
    assert offset == len(content)


@settings(max_examples=300)
@given(content=contents, steps=st.lists(st.integers(1, 12)), limit=st.integers(1, 60))
def test_reading_while_it_grows_gives_the_same(tmp_path_factory, content, steps, limit):
    path = tmp_path_factory.mktemp("log") / "rank-0.log"
    text, offset, written = b"", 0, 0
    for step in [*steps, len(content)]:
        with path.open("ab") as file:
            file.write(content[written : written + step])
        written = min(written + step, len(content))
        more, offset = read_on(path, offset, limit, final=False)
        text += more
    more, offset = read_on(path, offset, limit, final=True)
    assert text + more == plainly(scan(content, final=True).text)
    assert offset == len(content)


@settings(max_examples=300)
@given(content=contents, offset=st.integers(-200, 200), limit=st.integers(1, 60))
def test_reading_from_anywhere_shows_no_part_of_a_value(tmp_path_factory, content, offset, limit):
    """Two readings that begin at different bytes show the same of what both show."""
    path = tmp_path_factory.mktemp("log") / "rank-0.log"
    path.write_bytes(content)
    whole = plainly(scan(content, final=True).text)
    piece = logs.read(path, offset, limit, final=True, hidden=HIDDEN)
    assert piece.text in whole
    assert piece.text == b"" or len(piece.text.replace(b"***", b"")) <= limit + 16_384


class TestAValue:
    @pytest.mark.parametrize("cut", range(1, len(TOKEN)))
    def test_that_is_cut_by_a_read_at_any_place_is_hidden(self, tmp_path, cut):
        path = tmp_path / "rank-0.log"
        path.write_bytes(f"the token is {TOKEN}, keep it".encode())
        begin = 13 + cut
        first = logs.read(path, 0, begin, final=True, hidden=HIDDEN)
        second = logs.read(path, begin, 100, final=True, hidden=HIDDEN)
        assert (first.text, second.text) == (b"the token is ***", b", keep it")
        assert (first.offset, second.offset) == (begin, path.stat().st_size)

    def test_that_is_cut_by_a_record_is_hidden(self, tmp_path):
        path = tmp_path / "rank-0.log"
        path.write_bytes(b"s3cr3t" + RECORD + b"-token.\n")
        assert logs.read(path, 0, 1000, final=True, hidden=HIDDEN).text == b"***.\n"

    def test_waits_for_its_rest_while_the_job_may_print_it(self, tmp_path):
        path = tmp_path / "rank-0.log"
        path.write_bytes(b"it is s3cr3t-t")
        waiting = logs.read(path, 0, 1000, hidden=HIDDEN)
        assert (waiting.text, waiting.offset, waiting.size) == (b"it is ", 6, 14)
        assert not waiting.complete
        assert logs.read(path, 6, 1000, hidden=HIDDEN).text == b""
        assert logs.read(path, 6, 1000, final=True, hidden=HIDDEN).text == b"***"

    def test_counts_from_the_end_in_raw_bytes_as_without_secrets(self, tmp_path):
        path = tmp_path / "rank-0.log"
        path.write_bytes(b"first\n" + TOKEN.encode() + b"\nlast\n")
        assert logs.read(path, -5, 100, hidden=HIDDEN).text == b"last\n"
        assert logs.read(path, -12, 100, final=True, hidden=HIDDEN).text == b"last\n"
        assert logs.read(path, -18, 100, final=True, hidden=HIDDEN).text == b"***\nlast\n"

    def test_with_white_space_around_it_is_hidden_without_it_too(self):
        assert Hidden(["  s3cr3t-token\n"]).text("[s3cr3t-token]") == "[***]"

    def test_is_hidden_as_a_json_string_has_it(self):
        assert Hidden(['pass"word\\']).text('{"key": "pass\\"word\\\\"}') == '{"key": "***"}'

    def test_is_hidden_everywhere_in_a_json_value(self):
        found = HIDDEN.value(
            {"a": [1, None, f"x{TOKEN}"], TOKEN: True, "lines": ["s3cr3t-", "token\n", "end"]}
        )
        assert found == {"a": [1, None, "x***"], "***": True, "lines": ["***\nend"]}


def test_nobody_who_does_not_know_what_to_hide_shows_anything():
    assert EVERYTHING.text("anything") == "***"
    assert EVERYTHING.value({"lr": 0.1, "note": "text"}) == {"***": "***"}
