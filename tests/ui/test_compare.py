"""Jobs beside each other: what differs is marked, rows sort, and all of it is live."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lab import Lab
from playwright.sync_api import BrowserContext, Locator, Page, expect
from screens import SLOW, job_view, open_lab, remembered
from training import train, trained


def compare(page: Page, ids: Sequence[str]) -> Locator:
    """The comparison of these jobs."""
    command = "ids => void window.jupyterapp.commands.execute('submarine:compare', {ids})"
    page.evaluate(command, list(ids))
    return page.locator(".sub-Compare:visible")


def names(view: Locator) -> list[str]:
    """The jobs from left to right."""
    return view.locator("thead .sub-Link").all_inner_texts()


def row(view: Locator, name: str) -> Locator:
    """A row of the table by its exact name."""
    head = view.page.get_by_role("rowheader", name=name, exact=True)
    return view.get_by_role("row").filter(has=head)


def test_what_differs_is_marked_sorted_and_copied(
    lab: Lab, page: Page, context: BrowserContext, screenshots: Path
) -> None:
    slow = trained(lab, "slow", lr=0.01, env={"MODE": "plain"})
    fast = trained(lab, "fast", lr=0.1, env={"MODE": "plain"})
    odd = trained(lab, "odd one", lr=0.01, env={"MODE": "mixed"})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_lab(page, lab)
    view = compare(page, [slow, fast, odd])
    expect(row(view, "lr")).to_contain_text("0.1")
    expect(row(view, "loss, last").get_by_role("cell").nth(1)).to_contain_text("the lowest")

    # By a sign and a word, not by colour alone: what most jobs do not have.
    marked = row(view, "lr").get_by_role("cell").filter(has_text="differs")
    expect(marked).to_have_text(re.compile(r"≠.*0\.1$"))
    expect(row(view, "env.MODE").get_by_role("cell").nth(2)).to_contain_text("differs")
    expect(row(view, "seed").get_by_role("cell").filter(has_text="differs")).to_have_count(0)
    page.screenshot(path=screenshots / "compare-light.png")

    # The keyboard sorts by a row: up, down, as they were added.
    sort = view.get_by_role("button", name="loss, last")
    sort.press("Enter")
    expect(row(view, "loss, last").get_by_role("rowheader")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert names(view)[0] == "fast"
    sort.press("Enter")
    expect(view.locator("thead .sub-Link").last).to_have_text("fast")
    view.get_by_role("checkbox", name="Only differences").check()
    expect(row(view, "seed")).to_have_count(0)
    expect(row(view, "lr")).to_have_count(1)

    view.get_by_role("button", name="Copy table as CSV").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    table = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert table[0].split(",")[2:] == names(view)
    assert [line for line in table if line.startswith("Parameters,")] == [
        "Parameters,lr,0.01,0.01,0.1"
    ]

    # All of it is there again after a reload.
    expect(view.locator("canvas")).to_have_count(2)
    with remembered(page, '"apart":false'):
        view.get_by_role("checkbox", name="One chart each").uncheck()
    page.goto(f"{lab.url}/lab?token={lab.token}")
    expect(view.locator("thead .sub-Link").last).to_have_text("fast", timeout=SLOW)
    expect(view.get_by_role("checkbox", name="Only differences")).to_be_checked()
    expect(view.locator("canvas")).to_have_count(1)
    view.get_by_role("button", name="fast").first.click()
    expect(job_view(page).get_by_role("heading", name="fast")).to_be_visible()


def test_a_comparison_is_live_and_says_what_became_of_a_job(lab: Lab, page: Page) -> None:
    trained(lab, "stays")
    goes = trained(lab, "goes")
    gate = lab.folder / "compare-gate"
    train(lab, "runs on", gate=str(gate))
    open_lab(page, lab)
    page.evaluate("() => void window.jupyterapp.commands.execute('submarine:compare')")
    dialog = page.get_by_role("dialog", name="Compare which jobs?")
    accept = dialog.get_by_role("button", name="Compare")
    dialog.get_by_role("checkbox", name=re.compile("^stays")).first.check()
    expect(dialog.get_by_role("status").last).to_have_text("Choose at least 2 jobs.")
    expect(accept).to_be_disabled()
    dialog.get_by_role("checkbox", name=re.compile("^goes")).first.check()
    accept.click()
    view = page.locator(".sub-Compare:visible")
    expect(view.locator(".sub-CompareTable thead th")).to_have_count(2)

    view.get_by_role("button", name="Add jobs…").click()
    more = page.get_by_role("dialog", name="Add which jobs?")
    more.get_by_role("searchbox").fill("runs on")
    more.get_by_role("checkbox", name=re.compile("^runs on")).first.check()
    more.get_by_role("button", name="Add").click()
    running = view.get_by_role("columnheader").filter(has_text="runs on")
    expect(running).to_contain_text("Running")
    gate.touch()
    expect(running).to_contain_text("Succeeded")
    expect(row(view, "loss, last").get_by_role("cell").nth(2)).to_contain_text("0.125")

    lab.api("DELETE", f"/jobs/{goes}")
    gone = view.get_by_role("columnheader").filter(has_text="it was deleted")
    expect(gone).to_have_count(1)
    expect(view.get_by_role("columnheader").filter(has_text="stays")).to_contain_text("Succeeded")
    gone.get_by_role("button", name=re.compile("^Remove")).click()
    view.get_by_role("button", name="Remove stays").click()
    expect(view).to_contain_text("Comparing takes at least 2 jobs: add some.")

    compare(page, [f"j{number}" for number in range(21)])
    expect(page.get_by_text("At most 20 jobs can be compared, not 21.")).to_be_visible()
