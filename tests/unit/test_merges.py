"""Two people's versions merged over the one that both began with."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import nbformat
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from submarine_ext.domain import merges_lines
from submarine_ext.domain.merges import merge
from submarine_ext.domain.versions import Merge, Side
from submarine_ext.errors import Conflict


def code(source: str, name: str, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": name, "metadata": {}, "source": source, "outputs": []}
    return cell | {"execution_count": None} | more


def text(source: str, name: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source} | more


def printed(words: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": words}]


def book(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def merged(*books: dict[str, Any]) -> Merge:
    return merge("a.ipynb", "0" * 64, *(json.dumps(one).encode() for one in books))


def result(found: Merge) -> dict[str, Any]:
    return {
        "cells": [cell.merged for cell in found.cells if cell.merged is not None],
        "metadata": found.metadata,
        "nbformat": found.nbformat,
        "nbformat_minor": found.nbformat_minor,
    }


def sources(found: Merge) -> list[str]:
    return [cell["source"] for cell in result(found)["cells"]]


def sides(found: Merge) -> list[Side]:
    return [cell.side for cell in found.cells]


class TestWithoutConflict:
    def test_changes_of_different_cells_are_both_taken(self):
        base = book(code("a", "1"), code("b", "2"), code("c", "3"))
        mine = book(code("A", "1"), code("b", "2"), code("c", "3"))
        theirs = book(code("a", "1"), code("b", "2"), code("C", "3"))
        found = merged(base, mine, theirs)
        assert sides(found) == [Side.MINE, Side.SAME, Side.THEIRS]
        assert (sources(found), found.conflicts) == (["A", "b", "C"], 0)

    def test_changes_of_different_lines_in_one_cell_are_both_taken(self):
        base, mine, theirs = (book(code(s, "1")) for s in ("a\nb\nc", "A\nb\nc", "a\nb\nC"))
        found = merged(base, mine, theirs)
        assert (sides(found), sources(found)) == ([Side.BOTH], ["A\nb\nC"])

    def test_what_both_added_in_one_place_is_kept_mine_first(self):
        base = book(code("a", "1"))
        mine = book(code("a", "1"), code("mine", "m"))
        theirs = book(code("a", "1"), code("theirs", "t"))
        found = merged(base, mine, theirs)
        assert (sources(found), found.conflicts) == (["a", "mine", "theirs"], 0)

    def test_what_both_added_alike_is_there_once(self):
        base = book(code("a", "1"))
        mine = book(code("a", "1"), code("import os", "m"))
        theirs = book(code("a", "1"), code("import os", "t"))
        found = merged(base, mine, theirs)
        assert (sides(found), sources(found)) == ([Side.SAME, Side.BOTH], ["a", "import os"])

    def test_a_cell_that_one_removed_and_the_other_left_alone_is_gone(self):
        base = book(code("a", "1"), code("b", "2"))
        found = merged(base, book(code("a", "1")), base)
        assert sources(found) == ["a"]
        assert (found.cells[1].side, found.cells[1].merged) == (Side.MINE, None)

    def test_a_cell_that_the_other_only_ran_again_is_gone_too(self):
        base = book(code("a", "1"), code("b", "2"))
        theirs = book(code("a", "1"), code("b", "2", outputs=printed("x"), execution_count=3))
        assert merged(base, book(code("a", "1")), theirs).conflicts == 0

    def test_metadata_of_both_is_taken_and_mine_wins(self):
        base = book(code("a", "1"), x=1, y={"k": 0})
        mine = book(code("a", "1", metadata={"tags": ["m"]}), x=2, y={"k": 0, "m": 1})
        theirs = book(code("a", "1", metadata={"name": "t"}), x=3, y={"k": 0, "t": 1})
        found = merged(base, mine, theirs)
        assert found.metadata == {"x": 2, "y": {"k": 0, "m": 1, "t": 1}}
        assert result(found)["cells"][0]["metadata"] == {"tags": ["m"], "name": "t"}

    def test_what_lies_too_deep_to_be_compared_is_merged_as_text(self):
        """Such JSON is allowed; found by taking a metadata value 900 levels deep."""
        deep: Any = "end"
        for _ in range(900):
            deep = {"in": deep}
        base, mine = book(code("a", "1"), x=deep), book(code("b", "1"), x=deep)
        bodies = [json.dumps(one).encode() for one in (base, mine, base)]
        found = merge("a.ipynb", "0" * 64, *bodies)
        assert found.format == "text"
        assert "".join(one.merged["source"] for one in found.cells).encode() == bodies[1]


class TestOutputs:
    def outputs(self, found: Merge) -> str:
        return result(found)["cells"][0]["outputs"][0]["text"]

    def test_come_from_the_side_whose_source_is_taken(self):
        base = book(code("a", "1", outputs=printed("base")))
        mine = book(code("a", "1", outputs=printed("mine")))
        theirs = book(code("b", "1", outputs=printed("theirs")))
        assert self.outputs(merged(base, mine, theirs)) == "theirs"
        assert self.outputs(merged(base, theirs, mine)) == "theirs"

    def test_are_mine_where_both_changed_the_source(self):
        base = book(code("a\nb\nc", "1", outputs=printed("base")))
        mine = book(code("A\nb\nc", "1", outputs=printed("mine")))
        theirs = book(code("a\nb\nC", "1", outputs=printed("theirs")))
        assert self.outputs(merged(base, mine, theirs)) == "mine"

    def test_are_never_a_conflict(self):
        base, mine, theirs = (
            book(code("a", "1", outputs=printed(words), execution_count=n))
            for n, words in enumerate(("base", "mine", "theirs"))
        )
        found = merged(base, mine, theirs)
        assert (found.conflicts, sides(found), self.outputs(found)) == (0, [Side.BOTH], "mine")

    def test_of_whoever_ran_it_are_taken_where_nobody_changed_the_source(self):
        base = book(code("a", "1", outputs=printed("base")))
        theirs = book(code("a", "1", outputs=printed("theirs")))
        assert self.outputs(merged(base, base, theirs)) == "theirs"


class TestConflicts:
    def test_keep_all_sides_and_propose_mine(self):
        base, mine, theirs = (book(code(source, "1")) for source in ("a", "mine", "theirs"))
        found = merged(base, mine, theirs)
        (cell,) = found.cells
        assert (cell.side, found.conflicts) == (Side.CONFLICT, 1)
        assert [cell.base] == base["cells"]
        assert [cell.mine] == mine["cells"]
        assert [cell.theirs] == theirs["cells"]
        assert cell.merged == mine["cells"][0]

    def test_propose_their_other_lines_too(self):
        base = book(code("a\nb\nc\nd", "1"))
        found = merged(base, book(code("A\nb\nc\nd", "1")), book(code("x\nb\nc\nD", "1")))
        assert sources(found) == ["A\nb\nc\nD"]

    def test_a_cell_that_one_removed_and_the_other_changed(self):
        base = book(code("a", "1"), code("b", "2"))
        removed, changed = book(code("a", "1")), book(code("a", "1"), code("B", "2"))
        assert sides(merged(base, removed, changed))[1] is Side.CONFLICT
        assert sources(merged(base, removed, changed)) == ["a"]
        assert sources(merged(base, changed, removed)) == ["a", "B"]

    def test_two_pictures_under_one_name(self):
        files = ({"p.png": {"image/png": data}} for data in ("AAAA", "BBBB", "CCCC"))
        assert merged(*(book(text("![]", "1", attachments=one)) for one in files)).conflicts == 1

    def test_two_other_types_for_one_cell(self):
        raw = text("a", "1") | {"cell_type": "raw"}
        assert merged(book(code("a", "1")), book(text("a", "1")), book(raw)).conflicts == 1


class TestIds:
    def test_a_cell_that_one_moved_and_the_other_changed_leaves_no_id_twice(self):
        base = book(code("a", "1"), code("b", "2"), code("c", "3"))
        mine = book(code("c", "3"), code("a", "1"), code("b", "2"))
        theirs = book(code("a", "1"), code("b", "2"), code("C", "3"))
        for found in (merged(base, mine, theirs), merged(base, theirs, mine)):
            names = [cell["id"] for cell in result(found)["cells"]]
            assert len(names) == len(set(names))
            assert found.conflicts == 1

    def test_who_still_saves_without_ids_gets_some_beside_one_who_has_them(self):
        old = [code("a", "1"), code("b", "2")]
        for cell in old:
            del cell["id"]
        base = book(*old) | {"nbformat_minor": 4}
        found = merged(base, book(code("a", "x"), code("b", "y")), base)
        assert result(found) == book(code("a", "x"), code("b", "y"))


class TestOtherFiles:
    def lines(self, *texts: str) -> Merge:
        return merge("a.txt", "0" * 64, *(one.encode() for one in texts))

    def text(self, found: Merge) -> str:
        return "".join(cell.merged["source"] for cell in found.cells if cell.merged)

    def test_a_text_is_merged_by_lines(self):
        found = self.lines("a\nb\nc\n", "A\nb\nc\n", "a\nb\nc\nd\n")
        assert (self.text(found), found.conflicts) == ("A\nb\nc\nd\n", 0)
        assert sides(found) == [Side.MINE, Side.SAME, Side.THEIRS]

    def test_a_conflict_holds_the_lines_of_all(self):
        found = self.lines("a\nb\n", "x\nb\n", "y\nb\n")
        cell = found.cells[0]
        assert cell.side is Side.CONFLICT
        assert [one["source"] for one in (cell.base, cell.mine, cell.theirs, cell.merged)] == [
            "a\n",
            "x\n",
            "y\n",
            "x\n",
        ]

    def test_binary_files_are_not_merged(self):
        with pytest.raises(Conflict, match="keep yours as a copy"):
            merge("a.bin", "0" * 64, b"\0a", b"\0b", b"\0c")

    def test_a_broken_notebook_is_merged_as_text(self):
        found = merge("a.ipynb", "0" * 64, b"{\n}\n", b"{\n", b"{\n}\n")
        assert (found.format, self.text(found)) == ("text", "{\n")


LINE = st.sampled_from(["a", "b", "c", "import os", "x = 1", ""])
LINES = st.lists(LINE, max_size=6)
SOURCE = LINES.map("\n".join)


def cell(make: Any, source: str, words: str, tag: str, number: int) -> dict[str, Any]:
    more: dict[str, Any] = {"metadata": {"tags": [tag]} if tag else {}}
    if make is code:
        more |= {"outputs": printed(words) if words else [], "execution_count": len(words) or None}
    return make(source, f"id-{number}", **more)


CELLS = st.lists(
    st.builds(
        cell,
        st.sampled_from([code, text]),
        SOURCE,
        st.sampled_from(["", "1", "22"]),
        st.sampled_from(["", "x"]),
        st.integers(0, 9),
    ),
    max_size=5,
    unique_by=lambda one: one["id"],
)
METADATA = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=2)
BOOKS = st.builds(lambda cells, metadata: book(*cells, **metadata), CELLS, METADATA)


def edited(draw: Any, base: dict[str, Any]) -> dict[str, Any]:
    """What a person may make of a notebook: change, remove, add and move cells."""
    cells = [dict(one) for one in base["cells"] if draw(st.integers(0, 5))]
    for one in cells:
        if draw(st.booleans()):
            lines = one["source"].split("\n")
            lines[draw(st.integers(0, len(lines))) :] = draw(LINES)
            one["source"] = "\n".join(lines)
    for _ in range(draw(st.integers(0, 2))):
        fresh = code(draw(SOURCE), f"new-{draw(st.integers(0, 1_000_000))}")
        cells.insert(draw(st.integers(0, len(cells))), fresh)
    assume(len({one["id"] for one in cells}) == len(cells))
    return {**base, "cells": draw(st.permutations(cells)) if draw(st.booleans()) else cells}


@st.composite
def three_books(draw: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    base = draw(BOOKS)
    return base, edited(draw, base), edited(draw, base)


@settings(deadline=None)
@given(BOOKS, BOOKS)
def test_who_changed_nothing_gets_what_the_other_has(base, other):
    assert result(merged(base, base, other)) == other
    assert result(merged(base, other, base)) == other
    assert merged(base, base, other).conflicts == 0


@settings(deadline=None)
@given(BOOKS, BOOKS)
def test_who_did_the_same_gets_the_same(base, other):
    found = merged(base, other, other)
    assert (result(found), found.conflicts) == (other, 0)


@settings(deadline=None)
@given(three_books())
def test_a_merge_is_a_valid_notebook_with_ids_of_its_own(books):
    nbformat.validate(result(merged(*books)))


@settings(deadline=None)
@given(three_books())
def test_it_is_a_conflict_from_both_sides_or_from_none(books):
    base, mine, theirs = books
    assert bool(merged(base, mine, theirs).conflicts) == bool(merged(base, theirs, mine).conflicts)


def counted(*texts: str) -> Counter[str]:
    return Counter(line for one in texts for line in one.split("\n") if line)


@settings(deadline=None)
@given(three_books())
def test_no_line_that_somebody_added_is_lost(books):
    """Catches a merge that takes mine for a cell that both changed."""
    base, mine, theirs = books
    found = merged(base, mine, theirs)
    kept = counted(*(one["source"] for one in result(found)["cells"]))
    for conflict in (one for one in found.cells if one.side is Side.CONFLICT):
        for side in (conflict.mine, conflict.theirs):
            kept += counted(side["source"] if side else "")
    before = set(counted(*(one["source"] for one in base["cells"])))
    for side in (mine, theirs):
        assert set(counted(*(one["source"] for one in side["cells"]))) - before <= set(kept)


@settings(deadline=None)
@given(three_books())
def test_both_bodies_are_in_the_answer(books):
    _, mine, theirs = books
    found = merged(*books)
    for side, whole in (("mine", mine), ("theirs", theirs)):
        cells = [getattr(one, side) for one in found.cells]
        assert [one for one in cells if one is not None] == whole["cells"]


@given(LINES, LINES, LINES)
def test_the_runs_of_a_side_are_that_side(base, mine, theirs):
    runs = merges_lines.merge(base, mine, theirs)
    for side, whole in (("base", base), ("mine", mine), ("theirs", theirs)):
        assert [line for run in runs for line in getattr(run, side)] == whole


@given(st.text(alphabet="ab\n\r\u2028"))
def test_lines_joined_are_the_text(whole):
    assert "".join(merges_lines.lines(whole)) == whole


@pytest.mark.timeout(60)
def test_five_thousand_cells_are_merged_without_comparing_each_with_each():
    cells = [code(f"x{n} = f({n})", f"id-{n}", outputs=printed("y" * 2000)) for n in range(5000)]
    mine = [*cells[:10], code("new", "m"), *cells[11:]]
    theirs = [*cells[:4000], *cells[4100:]]
    assert merged(book(*cells), book(*mine), book(*theirs)).conflicts == 0
