"""Names, logs, metrics and outputs are text from somebody else: shown, never obeyed.

Each payload would call ``window.obeyed`` or fetch ``/obeyed``; neither may happen.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from screens import SLOW, notebook_of, open_job, open_lab, panel, row, state, tab

PAYLOADS = [
    "<img src=/obeyed onerror=obeyed()>",
    "<script>obeyed()</script>",
    '"><svg onload=obeyed()>',
    "javascript:obeyed()",
    "[x](javascript:obeyed())",
    "{{constructor.constructor('obeyed()')()}}",
    "\\u003cimg src=x onerror=obeyed()\\u003e",
    "<a href=javascript:obeyed()>press</a>",
]
NAME = PAYLOADS[0]
SCRIPT = """
import json, os, sys
payloads = json.loads(sys.argv[1])
for text in payloads:
    print(text)
    print(f"\\x1b]8;;javascript:obeyed()\\x07{text}\\x1b]8;;\\x07")
    print(f"\\x1b[31m{text}\\x1b[0m")
with open(os.environ["SUBMARINE_STREAM"], "a") as stream:
    for step, text in enumerate(payloads):
        stream.write("\\x1e" + json.dumps({"m": {text: step}, "s": step}) + "\\n")
        stream.write("\\x1e" + json.dumps({"p": {text: text}}) + "\\n")
        stream.write("\\x1e" + json.dumps({"g": 0.5, "n": text}) + "\\n")
open(os.path.join(os.environ["SUBMARINE_ARTIFACTS"], "<img src=x onerror=obeyed()>"), "w").close()
sys.exit(3)
"""


@pytest.fixture(autouse=True)
def nothing_was_obeyed(page: Page) -> Iterator[None]:
    """Fail where a payload's script ran, its address was fetched, or a dialog opened."""
    seen: list[str] = []
    page.expose_function("obeyed", lambda: seen.append("a script ran"))
    page.on("request", lambda r: seen.append(r.url) if r.url.endswith("/obeyed") else None)
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    yield
    assert seen == []


def test_a_job_made_of_payloads_is_only_shown(lab: Lab, page: Page) -> None:
    command = [sys.executable, "-c", SCRIPT, json.dumps(PAYLOADS)]
    spec = {"command": command, "name": NAME, "tags": PAYLOADS[:3], "env": {"X": NAME}}
    lab.api("POST", "/projects/default/jobs", spec)
    open_lab(page, lab)
    panel(page)
    expect(row(page, NAME)).to_contain_text("Failed")
    view = open_job(page, NAME)
    expect(state(view)).to_have_text("Failed")
    metrics = tab(view, "Metrics")
    expect(metrics.get_by_role("checkbox", name="<script>obeyed()</script>")).to_be_visible()
    log = tab(view, "Logs").get_by_role("log")
    expect(log).to_contain_text(PAYLOADS[1])
    assert log.locator("a[href^=javascript]").count() == 0
    expect(tab(view, "Files")).to_contain_text("<img src=x onerror=obeyed()>")
    expect(tab(view, "Details")).to_contain_text(PAYLOADS[1])


FORGED = [
    {"id": NAME, "project": "default", "base_url": "/"},
    {"id": "../../obeyed", "project": "default", "base_url": "/"},
    {"id": "j00000000000", "project": NAME, "base_url": "http://127.0.0.1/obeyed"},
    [NAME],
]


def test_outputs_that_somebody_forged_are_only_shown(lab: Lab, page: Page) -> None:
    outputs = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"application/vnd.submarine.job+json": data, "text/plain": NAME},
        }
        for data in FORGED
    ]
    notebook = notebook_of([""])
    notebook["cells"][0]["outputs"] = outputs
    (lab.root / "forged.ipynb").write_text(json.dumps(notebook))
    open_lab(page, lab, "/tree/forged.ipynb")
    shown = page.locator(".jp-OutputArea-output.sub-Output")
    expect(shown).to_have_count(len(FORGED), timeout=SLOW)
    expect(shown.get_by_role("status").or_(shown.get_by_role("alert"))).to_have_count(len(FORGED))
    expect(shown.get_by_role("button", name="Stop")).to_have_count(0)
