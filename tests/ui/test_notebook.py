"""In the notebook: a cell runs as a job, whose state stays below it; in Notebook 7 as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import BrowserContext, Locator, Page, expect
from screens import SLOW, notebook_of, open_lab, open_notebook, state

LOOP = """
from submarine_ext import track
from pathlib import Path
for step in range(10_000):
    track.log_metric("loss", 1 / (step + 1), step)
    track.progress(step / 10_000)
    time.sleep(0.1)
"""
CELLS = ["import time", LOOP.strip(), "print(table)"]


class Notebook7(Lab):
    """The same folders under ``jupyter notebook``."""

    def _command(self) -> list[str]:
        words = super()._command()
        words[words.index("lab")] = "notebook"
        return [word for word in words if not word.startswith("--LabApp")]


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook7]:
    with Notebook7(tmp_path_factory.mktemp("notebook7")).running() as running:
        yield running


def cell(page: Page, number: int) -> Locator:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(number)


def run_as_job(page: Page, number: int) -> None:
    """From the cell's menu."""
    cell(page, number).locator(".jp-InputPrompt").click(button="right")
    page.get_by_role("menuitem", name="Run Cell as Job", exact=True).click()


def footer(page: Page, number: int) -> Locator:
    return cell(page, number).get_by_role("region", name="Job of this cell")


def test_a_cell_runs_as_a_job_whose_state_stays_below_it(
    lab: Lab, page: Page, screenshots: Path
) -> None:
    open_notebook(page, lab, "cells.ipynb", CELLS)
    run_as_job(page, 1)  # with the import that it needs from the first
    line = footer(page, 1)
    expect(line.get_by_role("progressbar")).to_be_visible(timeout=SLOW)
    expect(line).to_contain_text("loss")
    expect(line).not_to_contain_text("changed since")
    page.screenshot(path=screenshots / "cell-footer-light.png")

    page.keyboard.press("Escape")
    cell(page, 1).locator(".jp-InputPrompt").click()
    page.keyboard.press("c")
    page.keyboard.press("v")
    expect(page.locator(".jp-Cell")).to_have_count(4)
    expect(footer(page, 2)).to_have_count(0)  # a copy was never run
    expect(line).to_be_visible()

    open_lab(page, lab, "/tree/cells.ipynb")
    expect(line).to_contain_text("Running", timeout=SLOW)
    cell(page, 1).locator(".cm-content").click()
    page.keyboard.type("# other")
    expect(line).to_contain_text("the cell was changed since")
    line.get_by_role("button", name="Stop").click()
    expect(line).to_contain_text("Cancelled", timeout=SLOW)
    line.get_by_role("button", name="Take this line away").click()
    expect(line).to_have_count(0)


def test_a_notebook_that_nobody_trusts_shows_a_job_and_stops_none(lab: Lab, page: Page) -> None:
    job = lab.api("POST", "/projects/default/jobs", {"command": ["sleep", "600"]})["id"]
    notebook = notebook_of(["1"])
    html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<p>hi</p>"}}
    link = {"submarine": {"job": job, "cell": "cell-0"}}
    notebook["cells"][0].update(outputs=[html], metadata=link)
    notebook.update(nbformat=4, nbformat_minor=5)
    (lab.root / "strange.ipynb").write_text(json.dumps(notebook))
    open_lab(page, lab, "/tree/strange.ipynb")
    line = footer(page, 0)
    expect(line).to_contain_text("Running", timeout=SLOW)
    expect(line.get_by_role("button", name="Open")).to_be_visible()
    expect(line.get_by_role("button", name="Stop")).to_have_count(0)
    lab.forget(job)
    expect(line).to_contain_text("There is no such job here", timeout=SLOW)


def test_a_cell_that_would_fail_is_shown_in_the_form_first(lab: Lab, page: Page) -> None:
    open_notebook(page, lab, "lacks.ipynb", ["table = [1, 2]", "print(table)"])
    run_as_job(page, 1)
    form = page.get_by_role("form", name="New job")
    expect(form).to_contain_text("The cell uses table (line 1)", timeout=SLOW)
    form.get_by_role("button", name="Put the cell above that defines it first").click()
    expect(form.get_by_label("Code of the cell")).to_have_value("table = [1, 2]\n\nprint(table)")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(state(page.locator(".sub-JobView:visible"))).to_have_text("Succeeded", timeout=SLOW)
    page.locator('.lm-DockPanel-tabBar .lm-TabBar-tab[title*="lacks.ipynb"]').click()
    expect(footer(page, 1)).to_contain_text("Succeeded")


def test_notebook_7_has_panel_button_and_footers(
    notebook7: Notebook7, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()  # Notebook 7 has errors of its own, which are not ours
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    (notebook7.root / "seven.ipynb").write_text(json.dumps(notebook_of(CELLS)))
    page.goto(f"{notebook7.url}/notebooks/seven.ipynb?token={notebook7.token}")
    expect(cell(page, 1)).to_be_visible(timeout=SLOW)
    run_as_job(page, 1)
    line = footer(page, 1)
    expect(line.get_by_role("progressbar")).to_be_visible(timeout=SLOW)
    line.get_by_role("button", name="Open").click()
    view = page.locator(".sub-JobView:visible")  # below the notebook, high enough to read
    expect(view.get_by_role("heading", name="seven 2")).to_be_in_viewport()
    view.get_by_role("button", name="Stop").click()
    expect(state(view)).to_have_text("Cancelled", timeout=SLOW)
    page.get_by_role("button", name="Run this notebook as a job").click()
    form = page.get_by_role("form", name="New job")
    expect(form.get_by_role("textbox", name="Notebook")).to_have_value("seven.ipynb")
    page.goto(f"{notebook7.url}/tree?token={notebook7.token}")
    page.get_by_role("menuitem", name="View").click(timeout=SLOW)
    page.get_by_role("menuitem", name="Show Jobs").click()
    expect(page.get_by_role("region", name="Submarine jobs")).to_contain_text("seven 2")
    assert [line for line in said if "submarine" in line] == []
