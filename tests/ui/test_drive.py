"""A session on the project drive: a notebook made, run, moved, deleted, and had back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from lab import Lab
from playwright.sync_api import Page, Route, expect
from screens import SLOW, notebook_of, panel, row, run_cell, tab
from sharing import (
    choose_in_menu,
    files,
    go_to,
    in_files,
    new_folder,
    new_project,
    open_file,
    paste,
    project_tab,
    save,
    saved,
    write_in,
)

Desk = Callable[[str], Page]
DATA = bytes(range(256)) * 64


@pytest.fixture
def page(desk: Desk) -> Page:
    """Alice's; the fixtures that watch a page watch hers."""
    return desk("alice")


def test_a_notebook_is_made_run_saved_renamed_moved_deleted_and_restored(
    page: Page, shared_lab: Lab
) -> None:
    def names(folder: str = "") -> list[str]:
        answer = shared_lab.api("GET", f"/contents/field{folder}", person="alice")
        return sorted(entry["name"] for entry in answer["content"])

    new_project(page, "field")
    project_tab(page).get_by_role("button", name="New notebook").click()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)
    assert names() == ["Untitled.ipynb"]

    write_in(page, 0, "import os; os.getcwd(), 6 * 7")
    cell = run_cell(page, 0)
    expect(cell.locator(".jp-OutputArea-output")).to_contain_text("/field', 42)")
    save(page)
    saved(page)
    expect(in_files(page, "Untitled.ipynb")).to_be_visible()

    choose_in_menu(page, "Untitled.ipynb", "Rename")
    page.keyboard.press("Control+A")
    page.keyboard.type("digits.ipynb")
    page.keyboard.press("Enter")
    expect(in_files(page, "digits.ipynb")).to_be_visible()
    expect(page.locator(".lm-DockPanel-tabBar")).to_contain_text("digits.ipynb")

    new_folder(page, "models")
    choose_in_menu(page, "digits.ipynb", "Cut")
    in_files(page, "models").dblclick()
    expect(files(page)).not_to_contain_text("digits.ipynb")
    paste(page)
    expect(in_files(page, "digits.ipynb")).to_be_visible()
    assert (names(), names("/models")) == (["models"], ["digits.ipynb"])

    run_cell(page, 0)
    save(page)
    saved(page)
    assert names() == ["models"], "the open document went along"

    choose_in_menu(page, "digits.ipynb", "Move to Trash")
    page.get_by_role("dialog").get_by_role("button", name="Move to Trash").click()
    expect(files(page)).not_to_contain_text("digits.ipynb")
    assert names("/models") == []

    project_tab(page).get_by_role("button", name="Open the project…").click()
    trash = tab(page.locator(".sub-ProjectView:visible"), "Trash")
    trash.get_by_role("listitem").filter(has_text="models/digits.ipynb").get_by_role(
        "button", name="Restore"
    ).click()
    expect(trash).to_contain_text("The trash is empty.")
    content = shared_lab.api("GET", "/contents/field/models/digits.ipynb", person="alice")
    assert "os.getcwd()" in json.dumps(content["content"]["cells"])


def test_what_was_uploaded_comes_down_again_byte_for_byte(page: Page, tmp_path: Path) -> None:
    new_project(page, "bytes")
    with page.expect_file_chooser() as choice:
        files(page).get_by_role("button", name="Upload").click()
    upload = {"name": "data ü.bin", "mimeType": "application/octet-stream", "buffer": DATA}
    choice.value.set_files([upload])
    expect(in_files(page, "data ü.bin")).to_be_visible()
    with page.expect_download() as download:
        choose_in_menu(page, "data ü.bin", "Download")
    download.value.save_as(tmp_path / "down")
    assert download.value.suggested_filename == "data ü.bin"
    assert _sha256((tmp_path / "down").read_bytes()) == _sha256(DATA)


def test_the_history_shows_what_changed_and_brings_it_back(page: Page, shared_lab: Lab) -> None:
    shared_lab.api("POST", "/projects", {"name": "past"}, person="alice")
    path = "/contents/past/train.ipynb"
    for source in ("lr = 0.1", "lr = 0.3"):
        body = {"type": "notebook", "format": "json", "content": notebook_of([source, "same"])}
        shared_lab.api("PUT", path, body, person="alice")
    go_to(page, "past")
    choose_in_menu(page, "train.ipynb", "History…")
    versions = page.get_by_role("listbox", name="Versions of train.ipynb").get_by_role("option")
    expect(versions).to_have_count(2)
    changes = page.get_by_role("region", name="What changed")
    expect(changes.locator(".sub-Line.sub-mod-removed")).to_have_text("-lr = 0.1")
    expect(changes.locator(".sub-Line.sub-mod-added")).to_have_text("+lr = 0.3")
    expect(changes).to_contain_text("1 unchanged cell")

    changes.get_by_role("button", name="Name…").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("the slow one")
    page.keyboard.press("Enter")
    expect(versions.nth(1)).to_contain_text("the slow one")
    versions.nth(1).click()
    changes.get_by_role("button", name="Restore").click()
    expect(versions).to_have_count(3)
    expect(versions.first).to_contain_text("Current")
    in_files(page, "train.ipynb").dblclick()
    expect(page.locator(".jp-NotebookPanel .cm-content").first).to_have_text("lr = 0.1")

    kept = shared_lab.api("GET", f"{path}/checkpoints", person="alice")
    assert [(v["kind"], v["message"]) for v in kept] == [
        ("saved", "the slow one"),
        ("saved", None),
        ("restored", None),
    ]


def test_a_save_that_came_too_late_becomes_a_copy_or_gives_way(
    page: Page, desk: Desk, shared_lab: Lab
) -> None:
    bob = desk("bob")
    put(shared_lab, "late", "lr = 0.1")
    grant = "/projects/late/grants/user:bob"
    shared_lab.api("PUT", grant, {"role": "editor"}, person="alice")
    go_to(bob, "late")
    open_file(bob, "train.ipynb")
    expect(bob.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)
    shown = bob.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .cm-content")
    dialog = bob.get_by_role("dialog")

    write_in(bob, 0, "lr = 0.2")
    put(shared_lab, "late", "lr = 0.3")
    save(bob)
    expect(dialog).to_contain_text("alice saved")
    dialog.get_by_role("button", name="Take theirs").click()
    expect(shown).to_have_text("lr = 0.3")
    assert source(shared_lab, "late/train.ipynb") == "lr = 0.3"

    write_in(bob, 0, "lr = 0.4")
    put(shared_lab, "late", "lr = 0.5")
    save(bob)
    dialog.get_by_role("button", name="Keep mine as a copy").click()
    tabs = bob.locator(".lm-DockPanel-tabBar .lm-TabBar-tab")
    expect(tabs.filter(has_text="train (bob).ipynb")).to_be_visible()
    expect(shown).to_have_text("lr = 0.4")
    tabs.filter(has=bob.get_by_text("train.ipynb", exact=True)).click()
    expect(shown).to_have_text("lr = 0.5")
    assert source(shared_lab, "late/train (bob).ipynb") == "lr = 0.4"
    assert source(shared_lab, "late/train.ipynb") == "lr = 0.5"
    past = shared_lab.api("GET", "/contents/late/train.ipynb/checkpoints", person="alice")
    kept = [version["author"] for version in past if version["kind"] == "conflict"]
    assert kept == ["bob", "bob"]


@pytest.mark.parametrize("goes", ["to the trash", "elsewhere"])
def test_a_file_that_goes_right_after_a_save_fails_nothing(
    page: Page, shared_lab: Lab, goes: str
) -> None:
    """Jupyter then asks for its checkpoints, and for one more. It catches no failure of that."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    project = f"going-{goes.replace(' ', '-')}"
    put(shared_lab, project, "print(6 * 7)")
    go_to(page, project)
    open_file(page, "train.ipynb")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)
    path = f"/contents/{project}/train.ipynb"
    gone: list[str] = []

    def first_it_goes(route: Route) -> None:
        if not gone:
            verb, body = ("PATCH", {"path": f"{project}/other.ipynb"})
            verb, body = ("DELETE", None) if goes == "to the trash" else (verb, body)
            gone.append(str(shared_lab.api(verb, path, body, person="alice")))
        route.continue_()

    page.route(f"**{path}/checkpoints", first_it_goes)
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/checkpoints")
    ) as kept:
        save(page)
    assert kept.value.status == 404
    page.evaluate("new Promise(done => setTimeout(done))")
    assert errors == []


def test_a_notebook_runs_as_a_job_which_names_the_version_that_it_ran(
    page: Page, shared_lab: Lab
) -> None:
    put(shared_lab, "runs", "print(6 * 7)")
    go_to(page, "runs")
    open_file(page, "train.ipynb")
    page.get_by_role("button", name="Run this notebook as a job").click()
    form = page.get_by_role("form", name="New job")
    expect(form).to_contain_text("In the project runs")
    form.get_by_role("button", name="Run", exact=True).click()
    details = tab(page.locator(".sub-JobView:visible"), "Details")
    expect(details).to_contain_text("Files that it ran")
    details.get_by_role("button", name="Version").click()
    versions = page.get_by_role("listbox", name="Versions of train.ipynb").get_by_role("option")
    expect(versions.first).to_contain_text("Current")
    panel(page).get_by_role("tab", name="Jobs").click()
    expect(row(page, "train.ipynb")).to_contain_text("Succeeded", timeout=SLOW)


def put(lab: Lab, project: str, cell: str) -> None:
    """Alice saves a notebook of one cell, in a project that is made where there is none."""
    known = [one["name"] for one in lab.api("GET", "/projects", person="alice")["items"]]
    if project not in known:
        lab.api("POST", "/projects", {"name": project}, person="alice")
    body = {"type": "notebook", "format": "json", "content": notebook_of([cell])}
    lab.api("PUT", f"/contents/{project}/train.ipynb", body, person="alice")


def source(lab: Lab, path: str) -> str:
    """What the first cell of a notebook says, as the server has it."""
    cells = lab.api("GET", f"/contents/{quote(path)}", person="alice")["content"]["cells"]
    return "".join(cells[0]["source"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
