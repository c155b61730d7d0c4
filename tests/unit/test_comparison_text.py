"""A diff as people read it: what changed, a few lines around it, and nothing that steers."""

import io

from rich.console import Console

from submarine_ext.cli.comparison import diff_text
from submarine_ext.domain.versions import CellDiff, Change, Diff, Version, VersionKind


def version(number: int, size: int = 1) -> Version:
    return Version(
        id=str(number), last_modified="2026-01-01T00:00:00Z", author="alice",
        kind=VersionKind.SAVED,
        message=None, size=size, etag="0" * 64, base=None, jobs=[], current=False,
    )  # fmt: skip


def shown(cells: list[CellDiff], form: str = "notebook", **more: object) -> list[str]:
    diff = Diff(path="a.ipynb", format=form, before=version(1), after=version(2, 2048),
                cells=cells, **{"metadata_changed": False, **more})  # fmt: skip
    page = io.StringIO()
    Console(width=80, file=page).print(diff_text(diff))
    return [line.rstrip() for line in page.getvalue().splitlines()]


def cell(change: str, *lines: str, **more: bool) -> CellDiff:
    return CellDiff(change=Change(change), cell_type="code", lines=list(lines), **more)


def test_cells_that_stayed_are_left_out_and_the_others_keep_their_number():
    lines = shown([cell("same", " x"), cell("changed", "-a", "+b")])
    assert lines == ["a.ipynb: version 1 → 2", "cell 2 (code): changed", "-a", "+b"]


def test_a_long_cell_is_cut_to_what_lies_around_its_changes():
    lines = shown([cell("changed", *[f" {n}" for n in range(9)], "+new", " after")])
    assert lines[2:] == [" …", " 6", " 7", " 8", "+new", " after"]


def test_outputs_and_metadata_that_differ_are_mentioned():
    assert shown([cell("same", " x", outputs_changed=True)])[1] == "cell 1 (code): other outputs"
    assert shown([cell("changed", "+x", metadata_changed=True)])[1].endswith(
        "changed, other metadata"
    )
    assert shown([], metadata_changed=True)[1] == "The notebook's own metadata changed."


def test_text_has_no_cells_and_other_files_have_sizes_only():
    assert shown([cell("changed", "-a", "+b")], "text")[1:] == ["-a", "+b"]
    assert shown([], "binary")[1] == "1 bytes → 2 KiB"


def test_equal_versions_differ_in_nothing():
    assert shown([cell("same", " x")])[1] == "Nothing differs."


def test_a_documents_text_cannot_steer_the_terminal():
    assert shown([cell("added", "+\x1b]0;pwned\x07\x1b[2Jx")])[2] == "+x"
