"""The panel: its list, what can be done from it, and how it takes a lost connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from crowded import fill
from lab import Lab
from playwright.sync_api import Locator, Page, Route, expect
from screens import SLOW, job_view, open_lab, panel, remembered, row

from submarine_ext.domain.jobs import Job

Submit = Callable[..., str]
MANY = 10_000
#: Trains until somebody makes the file that it is told.
TRAIN = """
import itertools, math, pathlib, sys, time
from submarine_ext import track
for step in itertools.count():
    track.log_metric("loss", 2.3 * math.exp(-step / 300), step)
    track.progress(1 - math.exp(-step / 300))
    time.sleep(0.02)
    if pathlib.Path(sys.argv[1]).exists():
        break
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of this file's own: its list shows what these tests submit and nothing else."""
    with Lab(tmp_path_factory.mktemp("panel")).running() as running:
        yield running


@pytest.fixture
def submit(lab: Lab) -> Iterator[Submit]:
    """Submit a command, which is forgotten when the test is over; its id."""
    ids: list[str] = []

    def submit(name: str, *command: str, cpu: float = 0.1) -> str:
        spec = {"name": name, "command": command, "resources": {"cpu": cpu}}
        ids.append(lab.api("POST", "/projects/default/jobs", spec)["id"])
        return ids[-1]

    yield submit
    for job in reversed(ids):
        lab.forget(job)


def hold(route: Route, waiting: list[Route]) -> None:
    """Let a request wait."""
    waiting.append(route)


def is_wanted(lab: Lab, job: str) -> bool:
    """Whether nobody has asked the server to stop the job."""
    return bool(lab.api("GET", f"/jobs/{job}")["target"] == "run")


def names(page: Page) -> Locator:
    """The names of the jobs that are shown."""
    return panel(page).locator(".sub-JobRow-name")


def test_a_running_job_draws_its_curve_and_the_filters_find_it(
    lab: Lab, page: Page, submit: Submit
) -> None:
    submit("stale", "sh", "-c", "exit 3")
    enough = lab.root / "enough"
    submit("training", "python", "-c", TRAIN, str(enough))
    open_lab(page, lab)
    mine = row(page, "training")
    curve = mine.get_by_role("img", name=re.compile("^loss: .+ now, .+ at first$"))
    expect(curve).to_be_visible(timeout=SLOW)
    drawn = curve.locator("polyline").get_attribute("points", timeout=SLOW) or ""
    expect(curve.locator("polyline")).not_to_have_attribute("points", drawn)
    expect(mine.get_by_role("progressbar")).to_be_visible()
    expect(row(page, "stale")).to_contain_text("Exited with code 3.")

    side = panel(page)
    side.get_by_label("Show jobs in state").select_option(label="Failed or lost")
    expect(names(page)).to_have_text(["stale"])
    side.get_by_label("Show jobs in state").select_option(label="All states")
    side.get_by_label("Find jobs by name or id").fill("train")
    expect(names(page)).to_have_text(["training"])
    side.get_by_label("Find jobs by name or id").fill("no such job")
    expect(side).to_contain_text("No job matches")
    side.get_by_role("button", name="Show all jobs").click()
    expect(names(page).nth(1)).to_have_text("stale")
    enough.touch()
    expect(mine).to_contain_text("Succeeded", timeout=SLOW)
    expect(curve).to_be_visible()


def test_a_stop_is_shown_at_once_and_can_be_taken_back(
    lab: Lab, page: Page, submit: Submit
) -> None:
    one, two = submit("one", "sleep", "600"), submit("two", "sleep", "600")
    open_lab(page, lab)
    for name in ("one", "two"):
        expect(row(page, name)).to_contain_text("Running")
    row(page, "one").hover()
    row(page, "one").get_by_role("button", name="Stop one").click()
    expect(row(page, "one")).to_contain_text("Stopping")
    row(page, "one").get_by_role("button", name="Undo").click()
    expect(row(page, "one")).to_contain_text("Running")

    panel(page).get_by_role("checkbox", name="Choose one").check()
    row(page, "two").locator(".sub-JobRow-main").click(modifiers=["Control"])
    together = panel(page).get_by_role("toolbar", name="Chosen jobs")
    expect(together).to_contain_text("2 chosen")
    together.get_by_role("button", name="Stop all").click()
    expect(page.get_by_text("Stopping 2 jobs")).to_be_visible()
    page.locator(".jp-toast-buttonBar").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Stopping 2 jobs")).to_have_count(0)
    expect(row(page, "two")).to_contain_text("Running")
    assert is_wanted(lab, one)
    assert is_wanted(lab, two)

    # Asked twice, it is meant; and a page that goes away does not take the other one along.
    together.get_by_role("button", name="Stop all").click()
    row(page, "one").hover()
    row(page, "one").get_by_role("button", name="Stop one now").click()
    expect(row(page, "one")).to_contain_text("Cancelled")
    page.goto("about:blank")
    open_lab(page, lab)
    expect(row(page, "two")).to_contain_text("Cancelled")


def test_the_keyboard_walks_chooses_and_compares(lab: Lab, page: Page, submit: Submit) -> None:
    for name in ("first", "second", "third"):
        submit(name, "true")
    open_lab(page, lab)
    expect(row(page, "first")).to_contain_text("Succeeded")
    rows = panel(page).get_by_role("list", name="Jobs").get_by_role("listitem")
    expect(rows.first).to_have_attribute("aria-posinset", "1")
    expect(rows.first).to_have_attribute("aria-setsize", re.compile(r"-1|[3-9]|\d\d"))
    row(page, "third").locator(".sub-JobRow-main").focus()
    page.keyboard.press("ArrowDown")
    expect(row(page, "second").locator(".sub-JobRow-main")).to_be_focused()
    page.keyboard.press("Space")
    expect(panel(page).get_by_role("checkbox", name="Choose second")).to_be_checked()
    page.keyboard.press("Shift+ArrowDown")
    expect(row(page, "first").locator(".sub-JobRow-main")).to_be_focused()
    expect(panel(page).get_by_role("checkbox", checked=True)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(panel(page).get_by_role("toolbar", name="Chosen jobs")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(job_view(page).get_by_role("heading", name="first")).to_be_visible()

    row(page, "third").locator(".sub-JobRow-main").click(modifiers=["Control"])
    row(page, "second").locator(".sub-JobRow-main").click(modifiers=["Shift"])
    panel(page).get_by_role("button", name="Compare").click()
    expect(page.locator(".sub-Compare:visible, .sub-CompareView:visible").first).to_be_visible()


def test_a_lost_connection_is_said_and_comes_back_by_itself(
    lab: Lab, page: Page, submit: Submit
) -> None:
    submit("patient", "sleep", "600")
    open_lab(page, lab)
    expect(row(page, "patient")).to_contain_text("Running")
    page.route(re.compile("/submarine/api/"), lambda route: route.abort())
    page.evaluate("window.submarineSockets.forEach(socket => socket.close())")
    expect(panel(page)).to_contain_text("Reconnecting…")
    expect(panel(page)).to_contain_text("Offline since", timeout=SLOW)
    expect(row(page, "patient")).to_contain_text("Running")
    submit("meanwhile", "true")
    page.unroute_all()
    expect(row(page, "meanwhile")).to_contain_text("Succeeded", timeout=SLOW)
    expect(panel(page)).not_to_contain_text("Offline since")


#: Remembers the sockets that the page opens to the server, so that they can be cut.
REMEMBER = """
window.submarineSockets = [];
window.WebSocket = class extends window.WebSocket {
  constructor(url, ...more) {
    super(url, ...more);
    if (String(url).includes('/submarine/')) window.submarineSockets.push(this);
  }
};
"""


@pytest.fixture(autouse=True)
def sockets_are_remembered(page: Page) -> None:
    """Before the first page is opened."""
    page.add_init_script(REMEMBER)


def test_a_reload_shows_the_last_list_before_the_server_has_answered(
    lab: Lab, page: Page, submit: Submit
) -> None:
    submit("known", "true")
    open_lab(page, lab)
    expect(row(page, "known")).to_contain_text("Succeeded")
    with remembered(page, '"current":"submarine-jobs"'):
        panel(page).get_by_role("tab", name="Queue").click()
        panel(page).get_by_role("tab", name="Jobs").click()
    waiting: list[Route] = []
    page.route(re.compile("/projects/default/jobs"), lambda route: hold(route, waiting))
    open_lab(page, lab, keep_layout=True)
    expect(page.get_by_role("region", name="Submarine jobs")).to_be_visible(timeout=SLOW)
    expect(row(page, "known")).to_be_visible()
    expect(panel(page)).to_contain_text("As you saw it last")
    assert waiting
    for route in waiting:
        route.continue_()
    page.unroute_all()
    expect(panel(page)).not_to_contain_text("As you saw it last")
    expect(row(page, "known")).to_contain_text("Succeeded")


def test_the_queue_says_where_i_stand_and_what_i_use(
    lab: Lab, page: Page, submit: Submit, screenshots: Path
) -> None:
    cpus = lab.api("GET", "/engines")["items"][0]["capacity"]["cpu"]
    submit("holder", "sleep", "600", cpu=cpus)
    open_lab(page, lab)
    panel(page).get_by_role("tab", name="Queue").click()
    side = panel(page).get_by_role("tabpanel")
    expect(side).to_contain_text("None of your jobs is waiting.")
    submit("sweep-17", "true", cpu=cpus)  # it is shown although nobody asks again and again
    place = side.get_by_role("listitem").filter(has_text="sweep-17")
    expect(place).to_contain_text("1.")
    expect(place).to_contain_text("in use")
    expect(side.get_by_role("row", name="Jobs")).to_contain_text("2, no limit")
    page.screenshot(path=screenshots / "queue-light.png")
    place.get_by_role("button").click()
    expect(job_view(page).get_by_role("heading", name="sweep-17")).to_be_visible()


@pytest.fixture(scope="module")
def crowded_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose project has ten thousand jobs of four people."""
    fresh = Lab(tmp_path_factory.mktemp("crowded"))
    with fresh.running():
        made = fresh.api("POST", "/projects/default/jobs", {"command": ["true"], "name": "0"})
        while not (job := fresh.api("GET", f"/jobs/{made['id']}"))["finished"]:
            pass
    fill(fresh.folder / "data" / "submarine" / "submarine.sqlite", msgspec.convert(job, Job), MANY)
    with fresh.running() as running:
        yield running


def test_a_list_that_was_read_out_of_sight_begins_at_its_top(crowded_lab: Lab, page: Page) -> None:
    """Rows that nobody sees have no height; that must not count when they are shown."""
    open_lab(page, crowded_lab)
    expect(page.locator(".sub-JobList")).to_be_attached()
    expect(page.locator(".sub-Panel")).to_be_hidden()
    expect(row(page, "sweep 09999")).to_be_in_viewport()


def test_ten_thousand_jobs_are_there_to_the_last(crowded_lab: Lab, page: Page) -> None:
    open_lab(page, crowded_lab)
    expect(row(page, "sweep 09999")).to_be_visible()
    panel(page).get_by_label("Show jobs of").select_option(label="person-1")
    expect(names(page).first).to_have_text("sweep 09997")
    panel(page).get_by_label("Show jobs of").select_option("")
    row(page, "sweep 09999").locator(".sub-JobRow-main").focus()
    page.keyboard.press("End")
    last = panel(page).locator('[aria-posinset="10001"]')
    expect(last).to_be_visible(timeout=SLOW)
    expect(last).to_have_attribute("aria-setsize", "10001")
    expect(last.locator(".sub-JobRow-main")).to_be_focused()
    expect(names(page).last).to_have_text("0")
    assert panel(page).get_by_role("listitem").count() < 100
    page.keyboard.press("Home")
    expect(row(page, "sweep 09999").locator(".sub-JobRow-main")).to_be_focused()
