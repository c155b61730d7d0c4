"""Two versions of a file side by side."""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import pairwise
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbdime.diff_utils import to_diffentry_dicts
from nbdime.patching import patch_notebook

from submarine_ext.domain.comparisons import diff
from submarine_ext.domain.comparisons_alignment import equal_pairs
from submarine_ext.domain.comparisons_lines import unified
from submarine_ext.domain.versions import Change, Diff, Version, VersionKind


def version(body: bytes) -> Version:
    return Version(
        id="1",
        last_modified="2026-11-22T12:00:00Z",
        author="alice",
        kind=VersionKind.SAVED,
        message=None,
        size=len(body),
        etag=sha256(body).hexdigest(),
        base=None,
        jobs=[],
        current=False,
    )


def code(source: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    cell |= {"execution_count": None, **({"id": name} if name else {}), **more}
    return cell


def text(source: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "markdown", "metadata": {}, "source": source}
    return cell | ({"id": name} if name else {}) | more


def printed(words: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": words}]


def notebook(*cells: dict[str, Any], **metadata: Any) -> bytes:
    minor = 5 if cells and all("id" in cell for cell in cells) else 4
    book = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    return json.dumps(book).encode()


def between(old: bytes, new: bytes, path: str = "a.ipynb") -> Diff:
    return diff(path, version(old), version(new), old, new)


def changes(found: Diff) -> list[tuple[Change, list[str]]]:
    return [(cell.change, cell.lines) for cell in found.cells]


def test_a_changed_cell_shows_its_lines():
    found = between(notebook(code("a = 1\nb = 2", "x")), notebook(code("a = 1\nb = 3", "x")))
    assert changes(found) == [(Change.CHANGED, [" a = 1", "-b = 2", "+b = 3"])]


def test_cells_come_in_the_new_order_with_removed_ones_in_place():
    old = notebook(code("one", "a"), code("two", "b"), code("three", "c"))
    new = notebook(code("one", "a"), text("in between", "n"), code("three", "c"))
    assert changes(between(old, new)) == [
        (Change.SAME, [" one"]),
        (Change.REMOVED, ["-two"]),
        (Change.ADDED, ["+in between"]),
        (Change.SAME, [" three"]),
    ]


def test_running_a_notebook_again_changes_outputs_and_no_source():
    old = notebook(code("f()", "a", outputs=printed("1"), execution_count=1))
    new = notebook(code("f()", "a", outputs=printed("2"), execution_count=7))
    (cell,) = between(old, new).cells
    assert (cell.change, cell.outputs_changed) == (Change.SAME, True)


def test_counts_and_ids_are_no_change():
    result = {"output_type": "execute_result", "metadata": {}, "data": {"text/plain": "1"}}
    old = notebook(code("1", "a", outputs=[{**result, "execution_count": 1}], execution_count=1))
    new = notebook(code("1", "b", outputs=[{**result, "execution_count": 2}], execution_count=2))
    (cell,) = between(old, new).cells
    assert cell.change is Change.SAME
    assert not cell.outputs_changed
    assert not cell.metadata_changed


def test_metadata_of_cells_and_notebook_is_flagged():
    old = notebook(code("1", "a"), kernelspec={"name": "python3", "display_name": "Python"})
    new = notebook(code("1", "a", metadata={"tags": ["parameters"]}))
    found = between(old, new)
    assert found.metadata_changed
    assert found.cells[0].metadata_changed


def test_folding_a_cell_is_no_change():
    old, new = code("1", "a"), code("1", "a", metadata={"collapsed": True, "scrolled": False})
    assert not between(notebook(old), notebook(new)).cells[0].metadata_changed


def test_a_cell_that_becomes_text_is_changed():
    found = between(notebook(code("note", "a")), notebook(text("note", "a")))
    assert changes(found) == [(Change.CHANGED, [" note"])]


def test_another_picture_in_a_text_cell_is_a_change():
    one, two = ({"a.png": {"image/png": data}} for data in ("AAAA", "BBBB"))
    old, new = text("![](a)", "a", attachments=one), text("![](a)", "a", attachments=two)
    assert between(notebook(old), notebook(new)).cells[0].change is Change.CHANGED


def test_cells_without_ids_find_their_like():
    old = [code("import numpy as np\nimport pandas as pd"), code("df = pd.read_csv('a.csv')")]
    new = [code("import numpy as np\nimport pandas as pd\nimport os"), code("x = 1"), old[1]]
    assert [c.change for c in between(notebook(*old), notebook(*new)).cells] == [
        Change.CHANGED,
        Change.ADDED,
        Change.SAME,
    ]


def test_texts_on_disk_may_be_lists_of_lines():
    whole, listed = code("a\nb", "x"), code("", "x")
    listed["source"] = ["a\n", "b"]
    assert [c.change for c in between(notebook(whole), notebook(listed)).cells] == [Change.SAME]


class TestOperations:
    def applied(self, old: bytes, new: bytes) -> Any:
        found = between(old, new)
        return patch_notebook(
            nbformat.from_dict(json.loads(old)), to_diffentry_dicts(found.operations)
        )

    def test_nbdime_makes_the_new_notebook_of_the_old_with_them(self):
        old = notebook(
            code("a = 1\nb = 2", "x", outputs=printed("1")), text("gone", "y"), code("z", "z")
        )
        new = notebook(
            code("a = 1\nb = 3", "x", outputs=printed("2")),
            code("new", "n"),
            code("z", "z", metadata={"tags": ["t"]}),
            kernelspec={"name": "ir", "display_name": "R"},
        )
        assert self.applied(old, new) == json.loads(new)

    def test_what_nbdime_would_look_at_for_minutes_is_replaced_as_a_whole(self):
        old = notebook(code("\n".join(f"line {n}" for n in range(2000)), "x"))
        new = notebook(code("\n".join(f"zeile {n}" for n in range(2000)), "x"))
        assert self.applied(old, new) == json.loads(new)

    @pytest.mark.parametrize("missing", ["name", "text", "output_type"])
    def test_what_nbdime_takes_for_granted_may_be_missing(self, missing):
        damaged = [{k: v for k, v in one.items() if k != missing} for one in printed("2")]
        old, new = (notebook(code("a", "x", outputs=one)) for one in (printed("1"), damaged))
        found = between(old, new)
        if found.format == "notebook":
            assert patched(old, found) == json.loads(new)

    def test_they_are_plain_json(self):
        found = between(notebook(code("a", "x")), notebook(code("b", "x")))
        assert json.loads(json.dumps(found.operations)) == found.operations


def patched(old: bytes, found: Diff) -> Any:
    operations = to_diffentry_dicts(found.operations)
    return patch_notebook(nbformat.from_dict(json.loads(old)), operations)


class TestOtherFiles:
    def test_a_text_is_one_cell(self):
        found = between(b"a\nb\n", b"a\nc\n", "notes.txt")
        assert (found.format, len(found.cells)) == ("text", 1)
        assert found.cells[0].lines == [" a", "-b", "+c", " "]

    def test_a_missing_last_line_feed_shows(self):
        assert between(b"a", b"a\n", "a.txt").cells[0].lines == [" a", "+"]

    @pytest.mark.parametrize("body", [b"\x89PNG\0\0", "é".encode("latin-1")])
    def test_binary_files_have_no_cells(self, body):
        found = between(b"text", body, "a.bin")
        assert (found.format, found.cells) == ("binary", [])

    @pytest.mark.parametrize(
        "body",
        [b"{", b"[]", b'{"cells": 3}', b'{"worksheets": [], "nbformat": 3}', b"[" * 100_000],
    )
    def test_what_is_called_a_notebook_and_is_none_is_a_text(self, body):
        assert between(notebook(code("a")), body).format == "text"


class TestLongTexts:
    def test_of_long_texts_only_the_changes_are_shown(self):
        old = [f"line {n}" for n in range(1, 1001)]
        new = [*old[:99], "changed", *old[100:500], *old[501:]]
        assert unified("\n".join(old), "\n".join(new)) == [
            "@@ -97,7 +97,7 @@",
            *(f" line {n}" for n in (97, 98, 99)),
            "-line 100",
            "+changed",
            *(f" line {n}" for n in (101, 102, 103)),
            "@@ -498,7 +498,6 @@",
            *(f" line {n}" for n in (498, 499, 500)),
            "-line 501",
            *(f" line {n}" for n in (502, 503, 504)),
        ]

    def test_a_thousand_repeated_lines_do_not_hang(self):
        unified("a\nb\n" * 50_000, "b\na\na\n" * 30_000)

    def test_five_thousand_cells_without_ids_do_not_hang(self):
        old = [code(f"x{n} = f({n})\nprint(x{n})") for n in range(5000)]
        new = [code(f"x{n} = f({n}, 1)\nprint(x{n})") for n in range(5000)]
        found = between(notebook(*old[:2500]), notebook(*old[:1200], *old[1210:2500]))
        assert not found.plain
        assert between(notebook(*old), notebook(*new)).plain


LINES = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=12).map("\n".join)


@given(LINES, LINES)
def test_the_lines_give_both_texts_back(old, new):
    shown = unified(old, new)
    assert "\n".join(line[1:] for line in shown if line[0] != "+") == old
    assert "\n".join(line[1:] for line in shown if line[0] != "-") == new


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_pairs_rise_on_both_sides_and_are_equal(a, b):
    pairs = equal_pairs(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))


CELLS = st.lists(
    st.builds(
        lambda make, source, words, name: (
            make(source, f"id-{name}")
            | ({"outputs": printed(words)} if make is code and words else {})
        ),
        st.sampled_from([code, text]),
        LINES,
        st.sampled_from(["", "1", "2"]),
        st.integers(0, 9),
    ),
    max_size=6,
    unique_by=lambda cell: cell["id"],
)


@settings(deadline=None)
@given(CELLS, CELLS)
def test_operations_always_lead_from_old_to_new(old, new):
    before, after = notebook(*old), notebook(*new)
    found = between(before, after)
    patched = patch_notebook(
        nbformat.from_dict(json.loads(before)), to_diffentry_dicts(found.operations)
    )
    assert patched == json.loads(after)
    assert len([c for c in found.cells if c.change is not Change.REMOVED]) == len(new)
