"""``docs/reference/access.md`` says what the code decides."""

from __future__ import annotations

from pathlib import Path

from submarine_ext.api.rights import page
from submarine_ext.api.routes import ROUTES
from tests.api.matrix import HOLDERS

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
LETTERS = "SIFVEOAB"


def test_the_committed_page_is_current():
    """Made anew by ``python -m submarine_ext.api access > docs/reference/access.md``."""
    assert COMMITTED.read_text() == page(ROUTES)


def test_its_table_is_the_agreed_matrix():
    written = {}
    for line in COMMITTED.read_text().splitlines():
        name, *marks = [cell.strip() for cell in line.strip("|").split("|")]
        if len(marks) == len(LETTERS) and name.startswith("`"):
            capability = name.split("`")[1]
            written[capability] = {
                letter for letter, mark in zip(LETTERS, marks, strict=True) if mark == "●"
            }
    agreed = {str(each): set(who) - {"L"} for each, who in HOLDERS.items()}
    assert written == agreed


def test_it_names_every_operation():
    text = COMMITTED.read_text()
    for path, handler in ROUTES.items():
        for verb, declared in handler.operations.items():
            assert f"| `{path}` | {verb} | `{declared.capability}` |" in text
