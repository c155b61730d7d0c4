"""The same jobs on a cluster: from a cell, from the form, watched, stopped, cured, caught up."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from clusterlab import EXAMPLES, IMAGE, ClusterLab, cluster_lab
from playwright.sync_api import Locator, Page, expect
from programs import ALL_REDUCE, HUNGRY, PATIENT
from screens import (
    SLOW,
    dismiss_messages,
    drawn,
    job_view,
    open_job,
    open_lab,
    open_notebook,
    panel,
    row,
    run_cell,
    state,
    tab,
)

from tests.cluster.hands import Hands
from tests.cluster.images import Image


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterLab]:
    """A lab with a cluster; what a test began is taken away after it."""
    with cluster_lab(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def new_job(page: Page, kind: str, **fields: str) -> Locator:
    """The New job form with these fields, for the cluster."""
    panel(page).get_by_role("button", name="New job").click()
    form = page.get_by_role("form", name="New job").locator("visible=true")
    form.get_by_role("radio", name=kind).check()
    form.get_by_label("Engine").select_option("Kubernetes")
    for section in ("Several ranks", "More"):
        form.locator("summary", has_text=section).click()
    if "Folder that travels with it" in fields and kind == "Command":
        form.get_by_role("checkbox", name="A folder travels with it").check()
    for label, value in fields.items():
        fill(form.get_by_label(label, exact=True).last, value)
    return form


def fill(field: Locator, value: str) -> None:
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def change_theme(page: Page, theme: str) -> None:
    """As the menu does it, in a lab that is open."""
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    page.evaluate(change, theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)


def run(form: Locator) -> None:
    form.get_by_role("button", name="Run", exact=True).click()


def test_a_cell_trains_on_the_cluster_with_a_live_log_and_curve(
    lab: ClusterLab, page: Page, screenshots: Path
) -> None:
    train = "%submarine run train_digits.py --engine kubernetes --name digits -- --epochs 12"
    open_notebook(page, lab, "cluster.ipynb", ["%load_ext submarine_ext", train])
    panel(page)
    run_cell(page, 0)
    card = run_cell(page, 1).get_by_role("region", name="Job digits")
    expect(card).to_contain_text("Running", timeout=SLOW)
    expect(card.get_by_label("Last lines of the log")).to_contain_text("epoch 4", timeout=SLOW)
    page.screenshot(path=screenshots / "cluster-light.png")
    view = open_job(page, "digits")
    expect(state(view)).to_have_text("Running")
    chart = tab(view, "Metrics").get_by_role("img", name="Curves of loss, accuracy")
    expect(chart).to_be_visible()
    assert drawn(chart)
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    change_theme(page, "JupyterLab Dark")
    dismiss_messages(page)
    page.screenshot(path=screenshots / "cluster-dark.png")
    change_theme(page, "JupyterLab Light")
    expect(tab(view, "Logs").get_by_role("log")).to_contain_text("final accuracy")
    expect(tab(view, "Files")).to_contain_text("digits.pkl")
    expect(tab(view, "Details")).to_contain_text(f"the default: {IMAGE}")


def test_a_training_from_the_form_is_stopped_and_leaves_no_pod(lab: ClusterLab, page: Page) -> None:
    open_lab(page, lab)
    fields = {"Script": "train_digits.py", "Arguments": "--epochs 100000", "Name": "endless"}
    run(new_job(page, "Script", **fields))
    view = job_view(page)
    expect(tab(view, "Logs").get_by_role("log")).to_contain_text("epoch 2", timeout=SLOW)
    job = lab.job("endless")["id"]
    assert len(lab.objects("pods", job)) == 1
    view.get_by_role("button", name="Stop").click()
    expect(state(view)).to_have_text("Cancelled")
    expect(row(page, "endless")).to_contain_text("Cancelled")
    assert lab.objects("pods", job) == lab.objects("jobs.batch", job) == []


def test_two_machines_train_together_and_each_rank_has_its_log(lab: ClusterLab, page: Page) -> None:
    """By ``torchrun`` and gloo where torch is installed; else an all-reduce without packages."""
    folder = lab.root / "together"
    folder.mkdir()
    torchrun = shutil.which("torchrun", path=str(Path(sys.executable).parent))
    example = (EXAMPLES / "train_two_nodes.py").read_text()
    (folder / "train.py").write_text(example if torchrun else ALL_REDUCE)
    open_lab(page, lab)
    fields = {"Framework": "PyTorch", "Nodes": "2", "Name": "together"}
    folders = {"Folder that travels with it": "together"}
    command = "torchrun train.py" if torchrun else "python train.py"
    run(new_job(page, "Command", **fields, **folders, Command=command))
    view = job_view(page)
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    logs = tab(view, "Logs")
    learned = "loss 0.0" if torchrun else "sum 3, weight 1.50"
    expect(logs.get_by_role("log")).to_contain_text(f"rank 0 of 2: {learned}")
    logs.get_by_label("Rank").select_option("1")
    expect(logs.get_by_role("log")).to_contain_text(f"rank 1 of 2: {learned}")
    assert drawn(tab(view, "Metrics").get_by_role("img", name="Curves of loss"))


def test_a_job_that_ran_out_of_memory_runs_with_more_at_the_press_of_a_button(
    lab: ClusterLab, page: Page, screenshots: Path
) -> None:
    (lab.root / "hungry.py").write_text(HUNGRY)
    open_lab(page, lab)
    fields = {"Script": "hungry.py", "Arguments": "150", "Memory": "128Mi", "Name": "hungry"}
    run(new_job(page, "Script", **fields))
    view = job_view(page)
    expect(state(view)).to_have_text("Failed", timeout=SLOW)
    expect(view).to_contain_text("Out of memory at 128 MiB")
    expect(row(page, "hungry")).to_contain_text("Out of memory at 128 MiB")
    dismiss_messages(page)
    page.screenshot(path=screenshots / "cluster-memory-light.png")
    view.get_by_role("button", name="Rerun with").click()
    again = job_view(page)
    expect(state(again)).to_have_text("Succeeded", timeout=SLOW)
    expect(tab(again, "Logs").get_by_role("log")).to_contain_text("enough")
    expect(tab(again, "Details")).to_contain_text("256Mi")


def test_a_cluster_that_goes_away_is_said_to_be_away_and_no_job_fails(
    lab: ClusterLab, page: Page, screenshots: Path
) -> None:
    (lab.root / "patient.py").write_text(PATIENT)
    open_lab(page, lab)
    run(new_job(page, "Script", Script="patient.py", Name="patient"))
    view = job_view(page)
    expect(tab(view, "Logs").get_by_role("log")).to_contain_text("before", timeout=SLOW)
    told = panel(page).get_by_role("status").filter(has_text="Kubernetes")
    expect(told).to_have_count(0)
    lab.cluster.down()
    expect(told).to_contain_text(re.compile(r"is not reachable since \d\d:\d\d UTC"))
    (lab.work_folder("patient") / "go on").touch()
    expect(row(page, "patient")).to_contain_text("Running")
    page.screenshot(path=screenshots / "cluster-away-light.png")
    lab.cluster.up()
    expect(told).to_have_count(0)
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    log = tab(view, "Logs").get_by_role("log")
    expect(log).to_have_text(re.compile("^before.*after$", re.DOTALL))
    assert log.inner_text().split() == ["before", "after"]


def test_what_waits_says_why_in_its_row(lab: ClusterLab, page: Page) -> None:
    open_lab(page, lab)
    expect(row(page, "wide-net")).to_contain_text("None of 2 machines fits")
    expect(row(page, "sweep-17")).to_contain_text("In the queue training at position 1")


def test_what_can_never_run_is_replaced_by_what_can(lab: ClusterLab, page: Page) -> None:
    lab.submit("too-wide", command=["sleep", "600"], queue="training", resources={"cpu": "9"})
    open_lab(page, lab)
    view = open_job(page, "too-wide")
    expect(view).to_contain_text("Larger than the queue training can ever give")
    view.get_by_role("button", name="Run with cpu 2 instead").click()
    expect(row(page, "too-wide").first).to_contain_text("In the queue training")
    expect(row(page, "too-wide").last).to_contain_text("Cancelled")


MISTAKES = [
    ("Container image", "/usr/bin/python", "run in a container image"),
    ("Container image", "elsewhere.example/image", "is not allowed here"),
    ("Queue", "nights", "There is no queue"),
    ("GPU type", "a100", "Say how many you need"),
    ("GPUs", "3", "quota"),
]


def test_what_the_cluster_cannot_do_is_told_at_its_field(lab: ClusterLab, page: Page) -> None:
    open_lab(page, lab)
    form = new_job(page, "Command", Command="true")
    for label, value, says in MISTAKES:
        field = form.get_by_label(label, exact=True)
        fill(field, value)
        run(form)
        expect(form.get_by_role("alert")).to_contain_text(says)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        fill(field, "")


MARKUP = "<img src=/obeyed onerror=obeyed()>"
RAISES = f"raise ValueError({MARKUP!r})"


def test_what_the_cluster_says_is_text(lab: ClusterLab, page: Page) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    hands = Hands(lab.cluster)
    hands.image("registry.example/odd", Image(refusal=f"odd: {MARKUP}"))
    lab.submit("odd-image", environment="registry.example/odd")
    lab.submit("odd-error", command=["python", "-c", RAISES])
    open_lab(page, lab)
    expect(row(page, "odd-error")).to_contain_text(MARKUP)
    expect(row(page, "odd-image")).to_contain_text(MARKUP)
    lab.say_of_pod("wide-net", f"0/1 nodes are available: 1 {MARKUP}.")
    expect(row(page, "wide-net")).to_contain_text(MARKUP)
    expect(open_job(page, "odd-image")).to_contain_text(MARKUP)
    expect(open_job(page, "wide-net")).to_contain_text(MARKUP)
    form = new_job(page, "Command", **{"Command": "true", "Container image": MARKUP})
    run(form)
    expect(form.get_by_role("alert")).to_contain_text(MARKUP)
    assert [url for url in seen if url.endswith("/obeyed")] == []
