"""Records are found anywhere in the output, and text readers never see them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from submarine_ext.domain.records import LIMIT, scan

LOSS = b'\x1e{"m":{"loss":0.5},"s":10,"t":1790000000.123}\n'
names = st.text(min_size=1, max_size=8, alphabet=st.characters(codec="utf-8"))
numbers = st.floats(allow_nan=False, allow_infinity=False)
bodies = st.one_of(
    st.fixed_dictionaries({"m": st.dictionaries(names, numbers, max_size=3)}),
    st.fixed_dictionaries({"p": st.dictionaries(names, st.text(max_size=5), max_size=3)}),
    st.fixed_dictionaries({"g": st.floats(0, 1), "n": st.text(max_size=10)}),
)
records = bodies.map(lambda body: b"\x1e" + json.dumps(body).encode() + b"\n")
noise = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"\x1e", b"\n", b"\x1e{", b'\x1e{"m":1}\n', b"\x1e\x1e", b'{"m":', b"\x00\xff"]
    ),
    st.just(b"\x1e{" + b"x" * LIMIT),
)
outputs = st.lists(st.one_of(records, noise), max_size=12).map(b"".join)


def in_pieces(output: bytes, cuts: list[int]) -> tuple[list, bytes]:
    """Read as a tailer does: pieces become visible one by one, the rest waits."""
    found, text, position = [], b"", 0
    for visible in [*sorted(cuts), len(output)]:
        last = visible >= len(output)
        scanned = scan(output[position:visible], final=last)
        position += scanned.consumed
        found += scanned.records
        text += scanned.text
    return found, text


@given(outputs, st.lists(st.floats(0, 0.999), max_size=8))
def test_any_split_into_pieces_gives_the_same_records_and_text(output, cuts):
    whole = scan(output, final=True)

    assert in_pieces(output, [int(cut * len(output)) for cut in cuts]) == (
        whole.records,
        whole.text,
    )


@given(st.lists(st.tuples(st.binary(max_size=20).filter(lambda b: b"\x1e" not in b), records)))
def test_the_text_is_the_output_without_the_records(parts):
    scanned = scan(b"".join(text + record for text, record in parts), final=True)

    assert scanned.text == b"".join(text for text, _ in parts)
    assert len(scanned.records) == len(parts)


def test_output_without_records_is_not_copied():
    output = b"Epoch 3/10\n" * 1000

    assert scan(output).text is output


def test_a_record_inside_a_line_is_taken_out_of_it():
    scanned = scan(b" 37%|###" + LOSS + b"       | 37/100\n")

    assert scanned.text == b" 37%|###       | 37/100\n"
    [record] = scanned.records
    assert (record.metrics, record.step, record.time) == ({"loss": 0.5}, 10, 1790000000.123)


def test_what_each_record_says():
    progress, params, artifact, values = scan(
        b'\x1e{"g":0.25,"n":"epoch 3/10","t":5}\n'
        b'\x1e{"p":{"lr":0.1,"layers":[1,2]}}\n'
        b'\x1e{"a":"model.pkl","size":123,"sha256":"ab"}\n'
        b'\x1e{"m":{"a":"NaN","b":"Infinity","c":"-Infinity"}}\n'
    ).records

    assert (progress.fraction, progress.message) == (0.25, "epoch 3/10")
    assert params.params == {"lr": 0.1, "layers": [1, 2]}
    assert (artifact.artifact, artifact.size, artifact.fraction) == ("model.pkl", 123, UNSET)
    assert values.metrics == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}
    assert values.step is None


def test_an_unknown_fraction_is_progress_too():
    [record] = scan(b'\x1e{"g":null,"n":"warming up"}\n').records

    assert record.fraction is None


def test_a_record_without_its_end_waits():
    scanned = scan(b"text" + LOSS[:-1])

    assert (scanned.records, scanned.text, scanned.consumed) == ([], b"text", 4)


def test_a_record_that_will_never_end_is_text_without_the_mark():
    assert scan(LOSS[:-1], final=True).text == LOSS[1:-1]


def test_a_mark_without_a_line_feed_does_not_hold_up_more_than_16_kib():
    output = b"\x1e{" + b"x" * (LIMIT - 2)

    assert scan(output[:-1]).consumed == 0
    assert scan(output).text == output[1:]


def test_a_mark_that_no_object_follows_holds_up_nothing():
    assert scan(b"\x1e").consumed == 0
    assert scan(b"\x1ex").text == b"x"


def test_a_record_of_exactly_the_limit_is_a_record():
    frame = len(b'\x1e{"p":{"a":""}}\n')
    fits = b'\x1e{"p":{"a":"%s"}}\n' % (b"x" * (LIMIT - frame))
    over = b'\x1e{"p":{"a":"%s"}}\n' % (b"x" * (LIMIT - frame + 1))

    assert len(fits) == LIMIT
    assert len(scan(fits).records) == 1
    assert scan(over).text == over[1:]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"t":1}',
        b'{"m":{"loss":0.5}',
        b'{"m":{"loss":"0.5"}}',
        b'{"m":{"loss":1e999}}',
        b'{"m":{"":1}}',
        b'{"m":{"%s":1}}' % (b"k" * 251),
        b'{"m":{"loss":1},"s":1.5}',
        b'{"m":{"loss":1},"s":9007199254740993}',
        b'{"m":{"loss":1},"t":"now"}',
        b'{"g":1.5}',
        b'{"g":"half"}',
        b'{"p":{"lr":NaN}}',
        b'{"p":{"lr":"\xff"}}',
        b'{"p":{"lr":"\\ud800"}}',
        b'{"p":{"deep":' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b'{"m":{"lo\x1e' + LOSS[1:-1],
    ],
)
def test_what_is_not_a_record_is_text_without_the_mark(body):
    scanned = scan(b"a\x1e" + body + b"\nb\n")

    assert scanned.text in {b"a" + body + b"\nb\n", b'a{"m":{"lob\n'}


def test_a_cut_off_record_does_not_swallow_the_next():
    scanned = scan(LOSS[:20] + LOSS)

    assert (scanned.text, len(scanned.records)) == (LOSS[1:20], 1)


def test_fields_of_later_versions_are_no_obstacle():
    assert len(scan(b'\x1e{"m":{"loss":1},"unit":"nats"}\n').records) == 1
