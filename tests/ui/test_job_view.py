"""The view of one job: its log however long, its files, its details, and its end.

Real servers, real jobs; the log has 200 MB, of which the browser never holds more than a few.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from screens import SLOW, job_view, open_lab, state

#: 200 MB of coloured lines, and one of a kind at each end.
LONG_LOG = r"""
import sys
lines = "".join("step %06d loss 0.%06d \x1b[32mok\x1b[0m\n" % (i, i * 7) for i in range(20000))
sys.stdout.write("the quick submarine dives\n")
for _ in range(280):
    sys.stdout.write(lines)
sys.stdout.write("Surfaced at last\n")
"""
BOUND = 150e6  # bytes of JavaScript: the lab itself has about 50 million


@pytest.fixture(scope="module")
def submit(lab: Lab) -> Iterator[Callable[..., str]]:
    """Submit a command as a job; it is forgotten when the tests are over."""
    ids: list[str] = []

    def submit(name: str, *command: str, **more: Any) -> str:
        spec = {"name": name, "command": command, **more}
        ids.append(lab.api("POST", "/projects/default/jobs", spec)["id"])
        return ids[-1]

    yield submit
    for job in reversed(ids):
        lab.forget(job)


@pytest.fixture(scope="module")
def long_log(submit: Callable[..., str]) -> str:
    """A job that prints 200 MB at once."""
    return submit("long-log", sys.executable, "-c", LONG_LOG)


def view_of(page: Page, job: str, tab_name: str) -> Locator:
    """Open a job's view in the open lab."""
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('submarine:open-job')")
    script = "args => window.jupyterapp.commands.execute('submarine:open-job', args)"
    page.evaluate(script, {"id": job, "tab": tab_name})
    expect(job_view(page)).to_be_visible()
    return job_view(page)


def picture(page: Page, path: Path) -> None:
    """For the docs, without the messages that come and go in a corner."""
    page.screenshot(path=path, style=".Toastify { display: none; }")


def test_a_long_log_is_searched_as_a_whole_and_held_in_parts(
    lab: Lab, page: Page, long_log: str, tmp_path: Path, screenshots: Path
) -> None:
    open_lab(page, lab)
    view = view_of(page, long_log, "logs")
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    log = view.get_by_role("log")
    expect(log).to_contain_text("Surfaced at last")

    log.focus()
    page.keyboard.press("Control+f")
    search = view.get_by_role("textbox", name="Search the whole log")
    expect(search).to_be_focused()
    search.fill("QUICK submarine")
    expect(log.locator("mark")).to_have_text("quick submarine")
    count = view.get_by_role("search").get_by_role("status")
    expect(count).to_have_text("1 of 1", timeout=SLOW)
    view.get_by_role("button", name="Match case").click()
    expect(count).to_have_text("no match", timeout=SLOW)
    view.get_by_role("button", name="Match case").click()

    search.fill("step 010000 loss")
    expect(count).to_have_text("1 of 280", timeout=SLOW)
    search.press("Enter")
    search.press("Enter")
    expect(count).to_have_text("3 of 280")
    expect(log.locator(".sub-mod-current mark")).to_have_text("step 010000 loss")
    picture(page, screenshots / "job-logs.png")
    for _ in range(3):
        search.press("Shift+Enter")
    expect(count).to_have_text("280 of 280")
    search.press("Escape")
    expect(log).to_be_focused()
    expect(log.locator("mark")).to_have_count(0)

    view.get_by_role("button", name="Start").click()
    expect(log).to_contain_text("the quick submarine dives")
    middle = view.get_by_role("slider", name="Position")
    middle.focus()
    for _ in range(5):
        middle.press("PageUp")
    expect(log).not_to_contain_text("the quick submarine dives")
    view.get_by_role("button", name="End").click()
    expect(log).to_contain_text("Surfaced at last")
    assert log.locator(".sub-LogLine").count() < 200
    assert page.evaluate("performance.memory.usedJSHeapSize") < BOUND

    with page.expect_download() as downloading:
        view.get_by_role("link", name="Download").click()
    saved = downloading.value
    assert saved.suggested_filename == f"{long_log}-attempt-1-rank-0.log"
    size = lab.folder / "data" / "submarine" / "jobs" / long_log / "1" / "rank-0.log"
    saved.save_as(tmp_path / "saved.log")
    assert (tmp_path / "saved.log").stat().st_size == size.stat().st_size
    assert page.evaluate("performance.memory.usedJSHeapSize") < BOUND


def test_lines_are_copied_also_where_they_are_out_of_view(
    lab: Lab, page: Page, long_log: str
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_lab(page, lab)
    view = view_of(page, long_log, "logs")
    log = view.get_by_role("log")
    expect(log).to_contain_text("Surfaced at last")
    view.get_by_role("button", name="Start").click()
    expect(log).to_contain_text("the quick submarine dives")
    log.get_by_text("the quick submarine dives").click(position={"x": 1, "y": 9})
    log.evaluate("log => log.scrollTo({top: 1000 * 18})")
    last = log.get_by_text("step 001005 loss")
    box = last.bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + 9)
    page.keyboard.up("Shift")
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[0] == "the quick submarine dives"
    assert len(copied) == 1007
    assert copied[500] == "step 000499 loss 0.003493 ok"
    assert copied[-1].startswith("step 001005")


LEAVES = r"""
import json, os, struct, sys, zlib
from submarine_ext import track

def leave(name, content):
    with open(os.path.join(os.environ["SUBMARINE_ARTIFACTS"], name), "wb") as file:
        file.write(content)

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(c for x in range(width) for c in (x, y, 160)) for y in range(height))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")

def svg(width, height):
    size = f'width="{width}" height="{height}"'
    line = f'<path d="M0 {height}L{width} 0" stroke="teal"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{line}</svg>'.encode()

said = {"output_type": "stream", "name": "stdout", "text": "\x1b[32maccuracy 0.93\x1b[0m\n"}
cell = {"cell_type": "code", "metadata": {}, "execution_count": 7, "source": "evaluate(model)"}
notebook = {"cells": [{**cell, "outputs": [said]}], "metadata": {}, "nbformat": 4}
leave("dot.png", png(200, 120))
leave("curve.svg", svg(80, 40))
leave("scores.csv", ("step,score\n" + "".join("%d,0.5\n" % i for i in range(20000))).encode())
leave("config.json", b'{"layers":[1,2]}')
leave("notes.txt", b"a line of notes\n" * 40000)
leave("weights.bin", bytes(range(256)))
leave("run.ipynb", json.dumps({**notebook, "nbformat_minor": 4}).encode())
track.log_params({"lr": float(sys.argv[1])})
track.log_metric("loss", float(sys.argv[1]) * 2, 1)
held = bytearray(60_000_000)
"""


def leaves(submit: Callable[..., str], lr: str, memory: str) -> str:
    """A job that leaves files of every kind."""
    command = (sys.executable, "-c", LEAVES, lr)
    return submit("leaves", *command, resources={"memory": memory})


def look_into(view: Locator, name: str) -> Locator:
    """Choose a file of a job; what is shown of it."""
    view.get_by_role("button", name=name, exact=True).click()
    return view.get_by_role("region", name=f"Look into {name}")


def test_files_are_looked_into_as_what_they_are(
    lab: Lab, page: Page, submit: Callable[..., str], screenshots: Path
) -> None:
    job = leaves(submit, "0.1", "1Gi")
    open_lab(page, lab)
    view = view_of(page, job, "files")
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    for name in ("dot.png", "curve.svg"):
        image = look_into(view, name).get_by_role("img", name=name)
        expect(image).to_be_visible()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert str(image.get_attribute("src")).startswith("blob:")
    table = look_into(view, "scores.csv")
    expect(table).to_contain_text("20000 rows · 2 columns")
    assert table.get_by_role("row").count() < 100
    table.locator(".sub-Preview-table").evaluate("table => table.scrollTo({top: 1e9})")
    expect(table.get_by_role("cell", name="19999")).to_be_visible()
    expect(look_into(view, "config.json")).to_contain_text('"layers": [')
    notes = look_into(view, "notes.txt")
    expect(notes).to_contain_text("The first 256 KiB of 625 KiB.")
    notes.get_by_role("button", name="Show more").click()
    expect(notes.get_by_role("button", name="Show more")).to_have_count(0)
    expect(look_into(view, "weights.bin")).to_contain_text("no text, image or table")
    notebook = look_into(view, "run.ipynb")
    expect(notebook.locator(".sub-fg-green")).to_have_text("accuracy 0.93")
    picture(page, screenshots / "job-files.png")
    notebook.get_by_role("button", name="Close the preview").click()
    expect(notebook).to_have_count(0)
    with page.expect_download() as downloading:
        view.get_by_role("link", name="Download").first.click()
    assert downloading.value.suggested_filename == "config.json"


def test_a_new_file_appears_while_the_job_runs(
    lab: Lab, page: Page, submit: Callable[..., str]
) -> None:
    source = "import sys; from submarine_ext import track; open('early.txt', 'w').close(); "
    waits = "import pathlib, time; gate = pathlib.Path(sys.argv[1]); "
    leave = "track.artifact('early.txt')\nwhile not gate.exists(): time.sleep(0.05)\n"
    more = "open('late.txt', 'w').close(); track.artifact('late.txt'); time.sleep(600)"
    gate = lab.folder / "gate"
    job = submit("files-come", sys.executable, "-c", source + waits + leave + more, str(gate))
    open_lab(page, lab)
    view = view_of(page, job, "files")
    expect(view.get_by_role("button", name="early.txt")).to_be_visible()
    gate.touch()
    expect(view.get_by_role("button", name="late.txt")).to_be_visible()
    expect(state(view)).to_have_text("Running")


def test_details_say_what_was_used_and_what_changed_since(
    lab: Lab, page: Page, submit: Callable[..., str], screenshots: Path
) -> None:
    before, job = leaves(submit, "0.1", "1Gi"), leaves(submit, "0.05", "2Gi")
    open_lab(page, lab)
    view = view_of(page, job, "details")
    expect(state(view)).to_have_text("Succeeded", timeout=SLOW)
    resources = view.get_by_role("region", name="Resources")
    expect(resources).to_contain_text("asked 2 GiB, used at most")
    expect(resources).to_contain_text("of processor time")
    changed = view.get_by_role("region", name="What changed")
    expect(changed.get_by_label("Since")).to_have_value(before)
    for what, was, now in (
        ("Memory", "1Gi", "2Gi"), ("lr", "0.1", "0.05"), ("loss", "0.2", "0.1"),
    ):  # fmt: skip
        row = changed.get_by_role("row").filter(has=page.get_by_role("rowheader", name=what))
        expect(row.get_by_role("cell").first).to_have_text(was)
        expect(row.get_by_role("cell").last).to_have_text(now)
    picture(page, screenshots / "job-details.png")
    changed.get_by_role("button", name="Open that job").click()
    expect(job_view(page).get_by_role("region", name="Job")).to_contain_text(before)


def test_the_head_stops_takes_back_and_runs_again(
    lab: Lab, page: Page, submit: Callable[..., str]
) -> None:
    job = submit("patient", "sleep", "600")
    open_lab(page, lab)
    view = view_of(page, job, "details")
    head = view.locator(".sub-JobHeader")
    expect(state(view)).to_have_text("Running")
    head.get_by_role("button", name="Stop").click()
    expect(state(view)).to_have_text("Stopping")
    head.get_by_role("button", name="Undo").click()
    expect(state(view)).to_have_text("Running")
    head.get_by_role("button", name="Stop").click()
    expect(state(view)).to_have_text("Cancelled")
    steps = view.get_by_role("list", name="Timeline").get_by_role("listitem")
    expect(steps).to_contain_text(["Created", "Queued", "Started", "Cancelled"])
    head.get_by_role("button", name="Run again").click()
    expect(steps.first).to_have_text("Attempt 2")
    expect(state(view)).to_have_text("Running")


def test_tabs_are_reached_by_keyboard(lab: Lab, page: Page, long_log: str) -> None:
    open_lab(page, lab)
    view = view_of(page, long_log, "logs")
    view.get_by_role("tab", name="Logs").focus()
    for name in ("Files", "Details", "Metrics", "Logs"):
        page.keyboard.press("ArrowRight")
        expect(view.get_by_role("tab", name=name)).to_be_focused()
        expect(view.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(view.get_by_role("textbox", name="Search the whole log")).to_be_focused()


def test_a_right_that_ends_and_a_job_that_is_deleted_look_different(
    shared_lab: Lab, desk: Callable[[str], Page]
) -> None:
    shared_lab.api("POST", "/projects", {"name": "dive"}, person="alice")
    bobs = "/projects/dive/grants/user:bob"
    shared_lab.api("PUT", bobs, {"role": "editor"}, person="alice")
    spec = {"name": "secretive", "command": ["sh", "-c", "echo a word; sleep 600"]}
    job = shared_lab.api("POST", "/projects/dive/jobs", spec, person="alice")["id"]
    bob, alice = desk("bob"), desk("alice")
    view = view_of(bob, job, "logs")
    expect(view.get_by_role("log")).to_contain_text("a word")
    shared_lab.api("DELETE", bobs, person="alice")
    gone = bob.get_by_role("alert").filter(
        has_text="You no longer see the jobs of the project dive"
    )
    expect(gone).to_be_visible()
    expect(bob.get_by_text("a word")).to_have_count(0)
    shared_lab.api("PUT", bobs, {"role": "editor"}, person="alice")
    gone.get_by_role("button", name="Try again").click()
    expect(job_view(bob).get_by_role("log")).to_contain_text("a word")

    hers = view_of(alice, job, "details")
    shared_lab.api("POST", f"/jobs/{job}/stop", {"grace_seconds": 0}, person="alice")
    expect(state(hers)).to_have_text("Cancelled")
    shared_lab.api("DELETE", f"/jobs/{job}", person="alice")
    for person in (alice, bob):
        deleted = person.get_by_role("status").filter(has_text="secretive was deleted")
        expect(deleted).to_be_visible()
    deleted.get_by_role("button", name="Close").click()
    expect(deleted).to_have_count(0)
