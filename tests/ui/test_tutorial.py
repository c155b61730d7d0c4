"""The tutorial (docs/tutorial.md), step by step as it is written; its pictures come from here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from screens import SLOW, dismiss_messages, job_view, notebook_of, panel, row, state
from sharing import done, go_to, new_project, open_file, project_tab, share

Desk = Callable[[str], Page]

#: The cell of docs/tutorial.md, which a test compares.
CELL = """from submarine_ext import track

lr = 0.1
track.log_params({"lr": lr})
for step in range(100):
    loss = (1 - lr) ** step
    track.log_metric("loss", loss)
    track.progress((step + 1) / 100)"""


@pytest.fixture
def page(desk: Desk) -> Page:
    """Alice's; the fixtures that watch a page watch hers."""
    return desk("alice")


def run_cell_as_job(page: Page) -> Locator:
    """Right-click the cell and run it; the line below it."""
    page.locator(".jp-NotebookPanel .jp-Cell").first.click(button="right")
    entry = page.locator(".lm-Menu-item", has=page.get_by_text("Run Cell as Job", exact=True))
    entry.click()
    footer = page.get_by_role("region", name=re.compile("^Job of this cell"))
    expect(footer).to_be_visible(timeout=SLOW)
    return footer


def rewrite_line(page: Page, number: int, text: str) -> None:
    """Replace a line of the first cell, counted from 1."""
    page.locator(".jp-NotebookPanel .jp-Cell .cm-content").first.click()
    page.keyboard.press("Control+Home")
    for _ in range(number - 1):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+End")
    page.keyboard.type(text)


def test_the_page_shows_the_cell_that_is_run_here() -> None:
    text = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
    assert f"```python\n{CELL}\n```" in text


def test_from_a_cell_to_a_run_that_a_colleague_sees(
    page: Page, desk: Desk, shared_lab: Lab, screenshots: Path
) -> None:
    alice = page
    panel(alice)
    new_project(alice, "curves")
    body = {"type": "notebook", "format": "json", "content": notebook_of([CELL])}
    shared_lab.api("PUT", "/contents/curves/first.ipynb", body, person="alice")
    open_file(alice, "first.ipynb")
    expect(alice.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)

    footer = run_cell_as_job(alice)
    expect(footer).to_contain_text("Succeeded", timeout=SLOW)
    dismiss_messages(alice)
    panel(alice).get_by_role("tab", name="Jobs").click()
    alice.screenshot(path=screenshots / "tutorial-cell.png")

    rewrite_line(alice, 3, "lr = 0.02")
    expect(footer).to_contain_text("the cell was changed since")
    footer = run_cell_as_job(alice)
    expect(row(alice, "first 1")).to_have_count(2)
    expect(footer).to_contain_text("Succeeded", timeout=SLOW)
    dismiss_messages(alice)

    footer.get_by_role("button", name="Open", exact=True).click()
    view = job_view(alice)
    expect(state(view)).to_have_text("Succeeded")
    view.get_by_role("button", name="Compare with…").click()
    dialog = alice.get_by_role("dialog")
    runs = dialog.get_by_role("checkbox", name=re.compile("^first 1"))
    expect(runs).to_have_count(2)
    runs.last.check()
    dialog.get_by_role("button", name="Compare").click()
    table = alice.locator(".sub-Compare:visible")
    expect(table.get_by_role("row").filter(has_text="lr").first).to_contain_text("0.02")
    alice.screenshot(path=screenshots / "tutorial-compare.png")

    share(alice, "bob", "Viewer")
    done(alice)
    bob = desk("bob")
    panel(bob)
    go_to(bob, "curves")
    panel(bob).get_by_role("tab", name="Jobs").click()
    expect(row(bob, "first 1")).to_have_count(2)
    row(bob, "first 1").first.locator(".sub-JobRow-main").click()
    expect(job_view(bob).get_by_role("heading", name="first 1")).to_be_visible()
    expect(job_view(bob).get_by_role("button", name="Stop")).to_have_count(0)
    expect(project_tab(bob)).to_contain_text("first.ipynb")
    bob.screenshot(path=screenshots / "tutorial-colleague.png")
