"""A job is written in the form, as JSON or as YAML, checked with ways out, and runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from screens import SLOW, job_view, notebook_of, open_lab, panel, remembered, state, tab

SCRIPT = """
import sys
from pathlib import Path
from submarine_ext import track
print("rows", len(Path("../data/rows.csv").read_text().split()), sys.argv[1:])
track.log_metric("loss", 0.5)
"""


@pytest.fixture(scope="module", autouse=True)
def files(lab: Lab) -> None:
    """A script beside its data, and a notebook that declares its parameters."""
    for folder in ("study/code", "study/data"):
        (lab.root / folder).mkdir(parents=True)
    (lab.root / "study/code/train.py").write_text(SCRIPT)
    (lab.root / "study/data/rows.csv").write_text("1\n2\n3\n")
    (lab.root / "study/.gitignore").write_text("*.tmp\n")
    (lab.root / "study/left.tmp").write_text("stays")
    notebook = notebook_of(["rate = 0.1  # of learning\nfast = False", "print(rate, fast)"])
    notebook["cells"][0]["metadata"] = {"tags": ["parameters"]}
    (lab.root / "study/fit.ipynb").write_text(json.dumps(notebook))


def new_job(page: Page, kind: str) -> Locator:
    """An empty form for this kind of job."""
    panel(page).get_by_role("button", name="New job").click()
    form = page.get_by_role("form", name="New job").locator("visible=true")
    form.get_by_role("radio", name=kind).check()
    return form


def run(form: Locator) -> None:
    form.get_by_role("button", name="Run", exact=True).click()


def check_of(form: Locator) -> Locator:
    return form.get_by_role("region", name="Will it run there?")


def test_a_script_is_checked_mended_by_its_buttons_and_runs(
    lab: Lab, page: Page, screenshots: Path
) -> None:
    open_lab(page, lab)
    form = new_job(page, "Script")
    form.get_by_role("textbox", name="Script").fill("study/code/train.py")
    form.get_by_label("Folder that travels with it").fill("study/code")
    form.get_by_label("Arguments").fill("--lr '0 1'")
    form.get_by_label("CPUs").fill("4000")
    expect(form).to_contain_text("More than there is.")
    check = check_of(form)
    expect(check).to_contain_text("It cannot run like this: 1 error", timeout=SLOW)
    expect(check).to_contain_text("train.py opens ../data/rows.csv (line 5)")
    page.screenshot(path=screenshots / "new-job-light.png")
    check.get_by_role("button", name="Use ").click()
    expect(form.get_by_label("CPUs")).not_to_have_value("4000")
    check.get_by_role("button", name="Choose the folder above").click()
    expect(form.get_by_label("Folder that travels with it")).to_have_value("study")
    expect(form).to_contain_text("1 ignored entry stays")
    # It opens what is above the folder that it runs in: the job starts where the script's is.
    form.locator("summary", has_text="More").click()
    form.get_by_label("Working folder").fill("code")
    expect(check).to_contain_text("Nothing is known that would keep it", timeout=SLOW)
    run(form)
    expect(state(job_view(page))).to_have_text("Succeeded", timeout=SLOW)
    expect(tab(job_view(page), "Logs").get_by_role("log")).to_contain_text("rows 3 ['--lr', '0 1']")


def test_form_json_and_yaml_are_one_job(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    form = new_job(page, "Command")
    form.get_by_label("Command", exact=True).last.fill("echo 'a b'")
    form.get_by_role("tab", name="JSON").click()
    text = form.get_by_label("Spec as JSON")
    assert json.loads(text.input_value()) == {"command": ["echo", "a b"]}
    text.fill('{\n "command": ["echo", "a b"],\n "memroy": "1Gi"\n}')
    fault = form.get_by_role("alert")
    expect(fault).to_contain_text("Line 3")
    expect(fault).to_contain_text("Did you mean resources.memory?")
    form.get_by_role("tab", name="Form").click()  # what can't be read stays in view
    expect(text).to_be_visible()
    text.fill('{\n "command": ["echo", "a b"],\n "resources": {"memory": "64Mi"}\n}')
    expect(fault).to_have_count(0)
    form.get_by_role("tab", name="YAML").click()
    yaml = form.get_by_label("Spec as YAML")
    expect(yaml).to_have_value("command:\n  - echo\n  - a b\nresources:\n  memory: 64Mi\n")
    yaml.fill(yaml.input_value() + "name: written\nenv:\n  WHO: me\n")
    form.get_by_role("tab", name="Form").click()
    expect(form.get_by_label("Memory")).to_have_value("64Mi")
    expect(form.get_by_label("Environment variables")).to_have_value("WHO=me")
    run(form)
    expect(job_view(page).get_by_role("heading", name="written")).to_be_visible()
    expect(state(job_view(page))).to_have_text("Succeeded", timeout=SLOW)


def test_a_notebook_takes_its_parameters_and_a_cell_its_code(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    form = new_job(page, "Notebook")
    form.get_by_role("textbox", name="Notebook").fill("study/fit.ipynb")
    form.get_by_label("Folder that travels with it").fill("study")
    form.get_by_label("rate").fill("0.5")
    form.get_by_label("fast").select_option("True")
    run(form)
    expect(state(job_view(page))).to_have_text("Succeeded", timeout=SLOW)
    expect(tab(job_view(page), "Logs").get_by_role("log")).to_contain_text("0.5 True")
    form = new_job(page, "Cell")
    code = form.get_by_label("Code of the cell")
    code.fill("%time\nprint(6 * 7)")
    check_of(form).get_by_role("button", name="Take it out").click()
    expect(code).to_have_value("print(6 * 7)")
    run(form)
    expect(state(job_view(page))).to_have_text("Succeeded", timeout=SLOW)
    expect(tab(job_view(page), "Logs").get_by_role("log")).to_contain_text("42")


def test_what_was_typed_survives_a_reload_and_a_closed_tab(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    form = new_job(page, "Command")
    with remembered(page, "echo kept"):
        form.get_by_label("Command", exact=True).last.fill("echo kept")
    page.wait_for_load_state("networkidle")
    open_lab(page, lab, keep_layout=True)
    form = page.get_by_role("form", name="New job")
    expect(form.get_by_label("Command", exact=True).last).to_have_value("echo kept")
    tab_of_form = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="New job")
    tab_of_form.locator(".lm-TabBar-tabCloseIcon").click()
    expect(form).to_have_count(0)
    form = new_job(page, "Command")
    expect(form).to_contain_text("You began echo kept")
    form.get_by_role("button", name="Go on with it").click()
    form = page.get_by_role("form", name="New job").locator("visible=true")
    expect(form.get_by_label("Command", exact=True).last).to_have_value("echo kept")
    run(form)
    expect(state(job_view(page))).to_have_text("Succeeded", timeout=SLOW)
