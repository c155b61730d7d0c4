"""The pictures of the docs, light and dark; each also shows what it is meant to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from screens import (
    SLOW,
    dismiss_messages,
    drawn,
    open_job,
    open_notebook,
    panel,
    row,
    run_cell,
    state,
    tab,
)
from sharing import go_to, project_tab

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
Submit = Callable[..., None]


@pytest.fixture
def submit(lab: Lab) -> Iterator[Submit]:
    """Submit a command, which is forgotten when the test is over."""
    ids = []

    def submit(name: str, *command: str, cpu: int = 1) -> None:
        spec = {"name": name, "command": command, "resources": {"cpu": cpu}}
        ids.append(lab.api("POST", "/projects/default/jobs", spec)["id"])

    yield submit
    for job in reversed(ids):
        lab.forget(job)


@pytest.mark.parametrize("theme", THEMES)
def test_the_lab_looks_right_in_its_theme(
    lab: Lab, page: Page, submit: Submit, screenshots: Path, theme: str
) -> None:
    submit("resnet-warmup", "sh", "-c", "exit 3")
    submit("nightly-eval", "sleep", "600")
    lab.use_theme(THEMES[theme])
    name = f"digits-{theme}"
    cells = [
        "%load_ext submarine_ext",
        f"%submarine run train_digits.py --name {name} -- --epochs 25",
    ]
    open_notebook(page, lab, f"training-{theme}.ipynb", cells)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", THEMES[theme])
    panel(page)
    run_cell(page, 0)
    card = run_cell(page, 1).get_by_role("region", name=f"Job {name}")
    expect(card).to_contain_text("Running", timeout=SLOW)
    submit("sweep-17", "true", cpu=2)
    expect(card.get_by_label("Last lines of the log")).to_contain_text("epoch 20", timeout=SLOW)
    page.screenshot(path=screenshots / f"cell-{theme}.png")
    view = open_job(page, name)
    expect(row(page, "sweep-17")).to_contain_text("Waiting")
    expect(row(page, "resnet-warmup")).to_contain_text("Failed")
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    chart = tab(view, "Metrics").get_by_role("img", name="Curves of loss, accuracy")
    assert drawn(chart)
    dismiss_messages(page)
    page.screenshot(path=screenshots / f"job-{theme}.png")


@pytest.mark.parametrize("theme", THEMES)
def test_a_shared_project_looks_right_in_its_theme(
    studio: Lab, page: Page, screenshots: Path, theme: str
) -> None:
    studio.use_theme(THEMES[theme])
    page.goto(studio.address(person="alice"))
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", THEMES[theme])
    go_to(page, "Vision models")
    side = project_tab(page)
    expect(side).to_contain_text("train.ipynb")
    side.get_by_role("button", name="Open the project…").click()
    view = page.locator(".sub-ProjectView:visible")
    expect(tab(view, "Activity")).to_contain_text("alice made bob an editor")
    page.screenshot(path=screenshots / f"project-{theme}.png")

    side.get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of a person or a team").fill("car")
    expect(dialog.get_by_role("option", name="carol")).to_be_visible()
    page.screenshot(path=screenshots / f"share-{theme}.png")


def test_the_history_looks_right(studio: Lab, page: Page, screenshots: Path) -> None:
    studio.use_theme(THEMES["light"])
    page.goto(studio.address(person="alice"))
    go_to(page, "Vision models")
    args = {"project": "vision", "path": "train.ipynb"}
    page.evaluate("args => window.jupyterapp.commands.execute('submarine:history', args)", args)
    expect(page.locator(".sub-Versions")).to_contain_text("as in the talk")
    expect(page.get_by_role("region", name="What changed")).to_contain_text("epochs = 50")
    page.screenshot(path=screenshots / "history-light.png")
