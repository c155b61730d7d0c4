"""The panel with 10,000 jobs in a real browser: how it scrolls, and when its first row is there.

Frames are counted while the list is scrolled by an animation of the page itself, from the
newest job to the oldest. The floor is the same animation over the same rows' heights without
any row: what this machine's browser draws at best. Chromium as for the browser tests.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.figures import Figure
from benchmarks.server import REPOSITORY
from submarine_ext.domain.jobs import Job

JOBS = 10_000
SECONDS = 5
ARGS = ["--headless", "--no-sandbox", "--disable-gpu"]

#: Scrolls an element steadily to its end; frames, the longest one, and long tasks meanwhile.
SCROLL = """async ([selector, seconds]) => {
  const list = document.querySelector(selector);
  const long = [];
  const observer = new PerformanceObserver(seen => long.push(...seen.getEntries()));
  observer.observe({ entryTypes: ['longtask'] });
  const begin = performance.now();
  const frames = [begin];
  await new Promise(done => {
    const step = now => {
      frames.push(now);
      const part = (now - begin) / (seconds * 1000);
      list.scrollTop = part * (list.scrollHeight - list.clientHeight);
      part < 1 ? requestAnimationFrame(step) : done();
    };
    requestAnimationFrame(step);
  });
  await new Promise(done => setTimeout(done, 100));
  observer.disconnect();
  const took = (frames[frames.length - 1] - begin) / 1000;
  return { rate: (frames.length - 1) / took, long: long.map(one => one.duration) };
}"""

#: An element that scrolls as far and shows nothing.
BLANK = """height => {
  const blank = document.createElement('div');
  blank.id = 'blank';
  blank.style = 'position: fixed; inset: 0; overflow-y: auto; z-index: 9999; background: white';
  blank.append(Object.assign(document.createElement('div'), { style: `height: ${height}px` }));
  document.body.append(blank);
}"""

#: Milliseconds from the command that opens the panel to the frame that shows a row.
OPEN = """async () => {
  const seen = () => document.querySelector('.sub-JobRow')?.offsetParent;
  const begin = performance.now();
  window.jupyterapp.shell.activateById('submarine-jobs');
  while (!seen()) await new Promise(requestAnimationFrame);
  return performance.now() - begin;
}"""

#: Notes when the panel is there after a reload, and when its first row is.
WATCH = """() => {
  const shown = selector => document.querySelector(selector)?.offsetParent;
  const look = () => {
    window.panelAt ??= shown('.sub-Panel') ? performance.now() : undefined;
    window.rowAt ??= shown('.sub-JobRow') ? performance.now() : undefined;
    if (window.rowAt === undefined) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def measure(rounds: int) -> Iterator[Figure]:
    """A round costs seconds: a few are enough."""
    sys.path.append(str(REPOSITORY / "tests" / "ui"))
    with tempfile.TemporaryDirectory(prefix="submarine-bench-") as name:
        found = _measured(Path(name), max(3, min(rounds // 4, 10)))
    rates, floor = found["rate"], found["floor"]
    yield Figure(
        what="panel: frames a second while 10,000 jobs scroll by",
        unit="1/s",
        ours=statistics.median(rates),
        floor=statistics.median(floor),
        at_least=0.9,
    )
    yield Figure(
        what="panel: time in long tasks (over 50 ms) while they scroll by",
        unit="ms/s",
        ours=statistics.median(found["long"]) / SECONDS,
        limit=20,
    )
    yield Figure(
        what="panel: opening it → the first row", unit="ms", ours=statistics.median(found["open"]),
        limit=100,
    )  # fmt: skip
    yield Figure(
        what="panel: visible after a reload → the first row, from memory",
        unit="ms",
        ours=statistics.median(found["reload"]),
        limit=100,
    )


def _measured(folder: Path, rounds: int) -> dict[str, list[float]]:
    from crowded import fill
    from lab import Lab
    from playwright.sync_api import sync_playwright

    lab = Lab(folder)
    with lab.running():
        made = lab.api("POST", "/projects/default/jobs", {"command": ["true"], "name": "0"})
        while not (job := lab.api("GET", f"/jobs/{made['id']}"))["finished"]:
            time.sleep(0.02)
    fill(lab.folder / "data" / "submarine" / "submarine.sqlite", msgspec.convert(job, Job), JOBS)
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with lab.running(), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGS)
        try:
            return _in_browser(
                browser.new_page(viewport={"width": 1280, "height": 800}), lab, rounds
            )
        finally:
            browser.close()


def _in_browser(page: Any, lab: Any, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {
        name: [] for name in ("open", "rate", "floor", "long", "reload")
    }
    for _ in range(rounds):
        page.goto(lab.address())
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.wait_for_load_state("networkidle")
        found["open"].append(page.evaluate(OPEN))
    _read_all(page)
    height = page.evaluate("document.querySelector('.sub-JobList').scrollHeight")
    for _ in range(rounds):
        ours = page.evaluate(SCROLL, [".sub-JobList", SECONDS])
        found["rate"].append(ours["rate"])
        found["long"].append(sum(ours["long"]))
    page.evaluate(BLANK, height)
    for _ in range(rounds):
        found["floor"].append(page.evaluate(SCROLL, ["#blank", SECONDS])["rate"])
    page.add_init_script(f"({WATCH})()")
    for _ in range(rounds):
        page.goto(lab.address().replace("reset&", ""))
        page.wait_for_function("window.rowAt !== undefined")
        found["reload"].append(page.evaluate("window.rowAt - window.panelAt"))
    return found


def _read_all(page: Any) -> None:
    """Every job is known before it is scrolled, as after a while of work."""
    page.locator(".sub-JobRow-main").first.focus()
    page.keyboard.press("End")
    page.locator(f'[aria-posinset="{JOBS + 1}"]').wait_for()
    page.keyboard.press("Home")
    page.locator('[aria-posinset="1"]').wait_for()
