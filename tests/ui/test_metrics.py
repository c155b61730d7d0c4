"""The Metrics tab: looked at closely, laid over each other, read by keyboard, saved as files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from screens import SLOW, job_view, open_lab, remembered
from training import train, trained


def open_metrics(page: Page, job: str) -> Locator:
    """The Metrics tab of a job, with its first chart drawn."""
    command = (
        "id => void window.jupyterapp.commands.execute('submarine:open-job', {id, tab: 'metrics'})"
    )
    page.evaluate(command, job)
    panel = job_view(page).get_by_role("tabpanel", name="Metrics")
    expect(panel.locator("canvas").first).to_be_visible(timeout=SLOW)
    return panel


def drag(page: Page, chart: Locator, begin: float, end: float) -> None:
    """Select a part of a chart, in fractions of its width."""
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], middle, steps=4)
    page.mouse.up()


def step(cursor: Locator) -> int:
    """Where the cursor says that it stands."""
    found = re.match(r"Step ([\d,]+)", cursor.get_attribute("aria-valuetext") or "")
    assert found, cursor.get_attribute("aria-valuetext")
    return int(found[1].replace(",", ""))


def test_a_long_curve_is_read_as_fine_as_it_is_where_one_looks_closely(
    lab: Lab, page: Page, tmp_path: Path
) -> None:
    job = trained(lab, "long", steps=60_000, lr=0.0001)
    open_lab(page, lab)
    panel = open_metrics(page, job)
    chart = panel.locator(".sub-Chart")
    cursor = panel.get_by_role("slider", name="Cursor in: Curves of loss, accuracy")

    cursor.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    before = step(cursor)
    page.keyboard.press("ArrowRight")
    assert step(cursor) - before > 5, "thirty times more points than the chart was given"
    expect(panel.locator(".sub-Legend-where")).to_have_text(re.compile(r"^Step [\d,]+$"))

    with page.expect_response(lambda answer: "by=step&from=" in answer.url):
        drag(page, chart, 0.5, 0.52)
    cursor.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("button", name="Show all")).to_be_enabled()
    assert 28_000 < step(cursor) < 32_000
    before = step(cursor)
    page.keyboard.press("ArrowRight")
    assert step(cursor) == before + 1, "every point is there"

    # The keyboard looks closer still, and at all of it again.
    with page.expect_response(lambda answer: "by=step&from=" in answer.url):
        page.keyboard.press("+")
    page.keyboard.press("0")
    expect(panel.get_by_role("button", name="Show all")).to_be_disabled()
    drag(page, chart, 0.2, 0.6)
    expect(panel.get_by_role("button", name="Show all")).to_be_enabled()
    chart.locator(".u-over").dblclick(position={"x": 100, "y": 40})
    expect(panel.get_by_role("button", name="Show all")).to_be_disabled()

    panel.get_by_role("checkbox", name=re.compile("accuracy")).uncheck()
    with page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "key,step,value,time"
    assert [line.split(",")[:2] for line in lines[1:]] == [["loss", str(n)] for n in range(60_000)]
    with page.expect_download() as download:
        panel.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "long.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_other_runs_lie_over_a_job_and_are_there_again_after_a_reload(
    lab: Lab, page: Page, screenshots: Path
) -> None:
    first = trained(lab, "base", lr=0.03)
    trained(lab, "faster", lr=0.06)
    trained(lab, "breaks", diverges=30)
    gate = lab.folder / "metrics-gate"
    train(lab, "going", gate=str(gate))
    open_lab(page, lab)
    panel = open_metrics(page, first)
    panel.get_by_role("button", name="Overlay runs…").click()
    dialog = page.get_by_role("dialog", name="Overlay which runs?")
    find = dialog.get_by_role("searchbox", name="Find jobs by name or id")
    expect(find).to_be_focused()
    for name in ("faster", "breaks", "going"):
        find.fill(name)
        dialog.get_by_role("checkbox", name=re.compile(f"^{name}")).check()
    dialog.get_by_role("button", name="Overlay").click()

    runs = panel.get_by_role("region", name="Jobs")
    expect(runs.get_by_role("row")).to_have_count(5)
    expect(runs.get_by_role("row", name=re.compile("breaks"))).to_contain_text("NaN")
    expect(panel.get_by_role("status")).to_contain_text("breaks: loss became NaN (Step 30).")
    expect(panel.get_by_role("img", name="Curves of loss, accuracy of 4 jobs")).to_be_visible()

    # A value where the pointer is, in every chart and for every run.
    panel.get_by_role("checkbox", name="One chart each").check()
    expect(panel.locator("canvas")).to_have_count(2)
    panel.get_by_role("slider", name="Smoothing").fill("60")
    box = panel.locator(".u-over").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    expect(panel.locator(".sub-Chart-mark:visible")).to_have_count(2)
    faster = runs.get_by_role("row", name=re.compile("faster"))
    expect(faster).to_contain_text("~")
    page.screenshot(path=screenshots / "metrics-light.png")

    # A running one goes on before one's eyes.
    page.mouse.move(0, 0)
    going = runs.get_by_role("row", name=re.compile("going"))
    expect(going).to_contain_text("live")
    gate.touch()
    expect(going).to_contain_text("0.125")
    expect(going).not_to_contain_text("live")

    with page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "job,name,key,step,value,time"
    assert len(lines) == 1 + 2 * (3 * 50 + 51)

    with remembered(page, '"log":true'):
        panel.get_by_role("checkbox", name="Log scale").check()
    page.goto(f"{lab.url}/lab?token={lab.token}")
    expect(runs.get_by_role("row")).to_have_count(5, timeout=SLOW)
    expect(panel.get_by_role("slider", name="Smoothing")).to_have_value("60")
    expect(panel.get_by_role("checkbox", name="Log scale")).to_be_checked()
    expect(panel.locator("canvas")).to_have_count(2)
    runs.get_by_role("button", name="Remove faster").click()
    expect(runs.get_by_role("row")).to_have_count(4)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"steps": 1}, None),
        ({"steps": 20, "diverges": 0}, "loss has been NaN from the first point on."),
    ],
)
def test_odd_curves_are_shown_for_what_they_are(
    lab: Lab, page: Page, given: dict[str, int], says: str | None
) -> None:
    job = trained(lab, "odd", **given)
    open_lab(page, lab)
    panel = open_metrics(page, job)
    if says:
        expect(panel.get_by_role("status")).to_contain_text(says)
    panel.get_by_text("Values as a table").click()
    table = panel.get_by_role("region", name="Values").get_by_role("table")
    expect(table.get_by_role("row", name=re.compile("^Step 0"))).to_contain_text(
        "NaN" if says else "1"
    )
    panel.get_by_label("Over").select_option("time of day")
    expect(table.get_by_role("rowheader").first).to_contain_text(re.compile(r"20\d\d"))
