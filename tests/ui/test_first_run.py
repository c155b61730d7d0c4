"""The first whole path: a cell's job moves in its output and in the panel, and stays."""

from __future__ import annotations

import re

from lab import Lab
from playwright.sync_api import Page, expect
from screens import (
    SLOW,
    drawn,
    job_view,
    open_job,
    open_lab,
    open_notebook,
    panel,
    remembered,
    row,
    run_cell,
    state,
    tab,
)

TRAIN = "%submarine run train_digits.py --name {} -- --epochs {}"


def test_a_cell_s_job_moves_in_its_output_and_in_the_panel(lab: Lab, page: Page) -> None:
    run = TRAIN.format("digits", 30)
    open_notebook(page, lab, "first.ipynb", ["%load_ext submarine_ext", run])
    run_cell(page, 0)
    cell = run_cell(page, 1)
    card = cell.get_by_role("region", name="Job digits")
    expect(card).to_contain_text("Running", timeout=SLOW)
    bar = card.get_by_role("progressbar", name="Progress of digits")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"[1-9]"), timeout=SLOW)
    expect(bar).not_to_have_attribute("aria-valuenow", bar.get_attribute("aria-valuenow") or "")
    expect(card.get_by_label("Last lines of the log")).to_contain_text("loss")

    expect(row(page, "digits")).to_contain_text("Running")
    view = open_job(page, "digits")
    chart = tab(view, "Metrics").get_by_role("img", name="Curves of loss, accuracy")
    expect(chart).to_be_visible()
    assert drawn(chart)
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    expect(tab(view, "Logs").get_by_role("log")).to_contain_text("final accuracy")
    expect(tab(view, "Files")).to_contain_text("digits.pkl")
    expect(tab(view, "Details")).to_contain_text("train_digits.py")
    page.locator('.lm-DockPanel-tabBar .lm-TabBar-tab[title*="first.ipynb"]').click()
    expect(card).to_contain_text("Succeeded")


def test_a_job_from_the_form_is_stopped_by_its_button(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    panel(page).get_by_role("button", name="New job").click()
    form = page.get_by_role("form", name="New job")
    form.get_by_label("Command").last.fill("sleep 600")
    form.locator("summary", has_text="More").click()
    form.get_by_label("Name", exact=True).fill("patience")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(job_view(page).get_by_role("heading", name="patience")).to_be_visible()
    mine = row(page, "patience")
    expect(mine).to_contain_text("Running")
    mine.hover()
    mine.get_by_role("button", name="Stop patience").click()
    expect(mine).to_contain_text("Cancelled")
    expect(state(job_view(page))).to_have_text("Cancelled")


def test_a_reload_keeps_what_was_open_and_the_finished_output(lab: Lab, page: Page) -> None:
    run = TRAIN.format("kept", 3)
    open_notebook(page, lab, "kept.ipynb", ["%load_ext submarine_ext", run])
    run_cell(page, 0)
    cell = run_cell(page, 1)
    card = cell.get_by_role("region", name="Job kept")
    expect(card).to_contain_text("Succeeded", timeout=SLOW)
    page.keyboard.press("Control+s")
    open_job(page, "kept")
    expect(page.locator("#jp-main-statusbar")).not_to_contain_text("Saving")
    with remembered(page, '"tab":"logs"'):
        tab(job_view(page), "Logs")
    page.goto(f"{lab.url}/lab?token={lab.token}")
    view = job_view(page)
    expect(view.get_by_role("heading", name="kept")).to_be_visible(timeout=SLOW)
    expect(view.get_by_role("tab", name="Logs")).to_have_attribute("aria-selected", "true")
    page.locator('.lm-DockPanel-tabBar .lm-TabBar-tab[title*="kept.ipynb"]').click()
    expect(page.get_by_role("region", name="Job kept")).to_contain_text("Succeeded")


def test_a_mistake_in_the_form_is_told_at_its_field(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    before = len(lab.api("GET", "/projects/default/jobs")["items"])
    panel(page).get_by_role("button", name="New job").click()
    form = page.get_by_role("form", name="New job")
    form.get_by_label("Command").last.fill("true")
    memory = form.get_by_label("Memory")
    memory.fill("lots")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(memory).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_role("alert")).to_contain_text("2Gi")
    expect(memory).to_be_focused()
    assert len(lab.api("GET", "/projects/default/jobs")["items"]) == before
    memory.fill("64Mi")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(state(job_view(page))).to_have_text("Succeeded")
