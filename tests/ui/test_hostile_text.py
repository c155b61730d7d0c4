"""Names, logs, metrics and outputs are text from somebody else: shown, never obeyed.

Each payload would call ``window.obeyed``, fetch ``/obeyed`` or send a beacon; none may happen.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from screens import SLOW, notebook_of, open_job, open_lab, panel, row, settle, state, tab
from sharing import in_files, save, write_in

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
def leave(name, text):
    with open(os.path.join(os.environ["SUBMARINE_ARTIFACTS"], name), "w") as file:
        file.write(text)
leave("<img src=x onerror=obeyed()>", "")
every = "\\n".join(payloads)
inside = f'<svg xmlns="http://www.w3.org/2000/svg" onload="obeyed()">{every}</svg>'
leave("drawing.svg", inside.replace("<a ", "<b "))
leave("page.html", every)
leave("table.csv", "\\n".join('"' + text.replace('"', '""') + '"' for text in ["head", *payloads]))
kinds = ("text/html", "image/svg+xml", "text/markdown", "application/javascript", "text/plain")
outputs = [{"output_type": "display_data", "data": {kind: every}} for kind in kinds]
outputs.append({"output_type": "display_data", "data": {"image/png": payloads[2]}})
outputs.append({"output_type": "error", "ename": every, "evalue": every, "traceback": payloads})
cells = [{"cell_type": kind, "source": every, "outputs": outputs} for kind in ("code", "markdown")]
leave("all.ipynb", json.dumps({"cells": cells, "metadata": {"trusted": True}}))
sys.exit(3)
"""


@pytest.fixture(autouse=True)
def obeyed(page: Page) -> Iterator[list[str]]:
    """Fail where a payload's script ran, its address was fetched, or a dialog opened."""
    seen: list[str] = []
    page.expose_function("obeyed", lambda: seen.append("a script ran"))
    page.on("request", lambda r: seen.append(r.url) if called(r.url) else None)
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    yield seen
    assert seen == []


#: Resolves once a picture that is none has said so, and with it the script of its payload.
AS_MARKUP = """texts => new Promise(done => {
  document.addEventListener('error', () => setTimeout(done), { capture: true, once: true });
  texts.forEach(text => document.body.insertAdjacentHTML('beforeend', text));
})"""


def test_a_lab_that_takes_text_for_markup_is_found(lab: Lab, page: Page, obeyed: list[str]) -> None:
    """The mutant, alive: else nothing would be known of the tests below."""
    open_lab(page, lab)
    page.evaluate(AS_MARKUP, PAYLOADS)
    assert {"a script ran", f"{lab.url}/obeyed"} <= set(obeyed)
    obeyed.clear()


def called(address: str) -> bool:
    """Whether only a payload would ask for that address."""
    return address.endswith("/obeyed") or "/beacon?" in address or "evil.example" in address


def look_into(view: Locator, name: str) -> Locator:
    """Choose a file of a job; what is shown of it."""
    view.get_by_role("button", name=name, exact=True).click()
    return view.get_by_role("region", name=f"Look into {name}")


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
    search = view.get_by_role("textbox", name="Search the whole log")
    search.fill(PAYLOADS[1])
    expect(log.locator("mark").first).to_have_text(PAYLOADS[1])
    files = tab(view, "Files")
    expect(files).to_contain_text("<img src=x onerror=obeyed()>")
    for name in ("page.html", "table.csv", "all.ipynb"):
        expect(look_into(view, name)).to_contain_text(PAYLOADS[1])
    drawing = look_into(view, "drawing.svg")
    expect(drawing.get_by_role("img").or_(drawing.get_by_role("alert"))).to_be_visible()
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


CORPUS = json.loads(
    (Path(__file__).parents[1] / "api" / "corpora" / "scripts.json").read_text("utf-8")
)
STRANGER = "<img src=x onerror=navigator.sendBeacon('/beacon?name')>"
REASON = "<svg/onload=navigator.sendBeacon('/beacon?why')> and a reason"
FOLDER = "/contents/stage"


class StrangersLab(Lab):
    """A lab whose admin has a payload for a name."""

    def _identity(self) -> list[str]:
        return [*super()._identity(), f"--SubmarineExtension.admins={STRANGER}"]


@pytest.fixture(scope="module")
def strange_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Alice's project, in which every string that somebody may write is a payload."""
    folder = tmp_path_factory.mktemp("strange")
    with StrangersLab(folder, ("alice", STRANGER)).running() as running:
        running.api("GET", "/me", person=STRANGER)
        running.api("POST", "/projects", {"name": "stage"}, person="alice")
        taken = [fill(running, number, text) for number, text in enumerate(CORPUS)]
        assert sum(taken) > len(CORPUS) // 2, "most payloads must get as far as the browser"
        grant = f"/projects/stage/grants/user:{quote(STRANGER, safe='')}"
        running.api("PUT", grant, {"role": "viewer"}, person="alice")
        offer = {"to": STRANGER}
        running.api("POST", "/projects/stage/transfer", offer, person="alice")
        yield running


def fill(lab: Lab, number: int, text: str) -> bool:
    """Write the payload wherever it is taken; whether a project's title was one such place."""
    name = text.replace("/", "\u2215") + ".ipynb"
    path = f"{FOLDER}/{quote(name, safe='')}"
    notebook = notebook_of([text])
    notebook["cells"].append(
        {"cell_type": "markdown", "id": "words", "metadata": {}, "source": text}
    )
    body = {"type": "notebook", "format": "json", "content": notebook}
    tried(lab, "PUT", path, body)
    if tried(lab, "PUT", f"{FOLDER}/kept.ipynb", body):
        version = lab.api("GET", f"{FOLDER}/kept.ipynb/checkpoints", person="alice")[-1]["id"]
        tried(lab, "PATCH", f"{FOLDER}/kept.ipynb/checkpoints/{version}", {"message": text})
    secret = f"/projects/stage/secrets/{quote(text, safe='')}"
    assert not tried(lab, "PUT", secret, {"value": text}), "a name for programs, nothing else"
    tried(lab, "POST", "/projects/stage/jobs", {"command": ["true"], "name": text, "tags": [text]})
    team = {"name": f"team-{number}", "title": text}
    if tried(lab, "POST", "/teams", team, STRANGER):
        tried(lab, "PUT", f"/teams/team-{number}/members/alice", {"role": "manager"}, STRANGER)
        tried(lab, "PUT", f"/projects/stage/grants/team:team-{number}", {"role": "viewer"})
    return tried(lab, "PATCH", "/projects/stage", {"title": text, "description": text})


def tried(lab: Lab, method: str, path: str, body: object, person: str = "alice") -> bool:
    """Send it; whether the server took it. What it refuses never comes to a browser."""
    try:
        lab.api(method, path, body, person=person)
    except HTTPError as refused:
        if refused.code >= 500:
            raise
        return False
    return True


def sit_down(page: Page, lab: Lab, person: str) -> None:
    """Open a person's lab and the panel in it."""
    page.goto(lab.address(person=person).replace(STRANGER, "stranger"))
    settle(page)
    expect(panel(page).get_by_role("tab", name="Project")).to_be_visible()


def run_command(page: Page, command: str, **args: str) -> None:
    """Run a command of the lab, as the palette and the menus do."""
    script = "async ([c, a]) => { await window.jupyterapp.commands.execute(c, a); }"
    page.evaluate(script, [command, args])


def test_sharing_made_of_payloads_is_only_shown(strange_lab: Lab, page: Page) -> None:
    sit_down(page, strange_lab, "alice")
    side = panel(page)
    run_command(page, "submarine:open-project", project="stage")
    view = page.locator(".sub-ProjectView:visible")
    expect(view).to_be_visible()
    side.get_by_role("button", name="Change project").click()
    page.get_by_role("combobox", name="Find a project").fill("stage")
    page.keyboard.press("Enter")
    expect(side.get_by_role("list", name="Jobs")).to_contain_text(CORPUS[0])
    side.get_by_role("tab", name="Project").click()
    expect(side.get_by_role("list", name="Members")).to_contain_text(STRANGER)
    expect(side).to_contain_text(".ipynb")

    why = {"reason": REASON, "minutes": 5}
    strange_lab.api("POST", "/projects/stage/break-glass", why, person=STRANGER)
    expect(page.locator(".Toastify__toast")).to_contain_text(STRANGER)
    for text in CORPUS:
        change = {"title": text, "description": text}
        if tried(strange_lab, "PATCH", "/projects/stage", change):
            expect(view.get_by_role("heading", level=1)).to_have_text(" ".join(text.split()))
    for name in ("About", "Members", "Secrets", "Trash"):
        expect(tab(view, name)).to_be_visible()
    expect(tab(view, "Members")).to_contain_text(REASON)
    expect(tab(view, "Activity")).to_contain_text(f"took emergency access: {REASON}")

    run_command(page, "submarine:open-teams")
    expect(page.get_by_role("heading", name=CORPUS[0])).to_be_visible()
    run_command(page, "submarine:share", project="stage")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of a person or a team").fill("<img")
    expect(dialog.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").get_by_role("button", name="Done").click()


def test_a_history_made_of_payloads_is_only_shown(strange_lab: Lab, page: Page) -> None:
    sit_down(page, strange_lab, "alice")
    run_command(page, "submarine:history", project="stage", path="kept.ipynb")
    versions = page.locator(".sub-Versions").get_by_role("option")
    expect(versions.filter(has_text=CORPUS[0])).to_be_visible()
    for number in range(3):
        versions.nth(number).click()
        changed = page.get_by_role("region", name="What changed")
        expect(changed).to_contain_text("sendBeacon")


def test_a_notebook_and_its_merge_made_of_payloads_are_only_shown(
    strange_lab: Lab, page: Page
) -> None:
    strange_lab.api("POST", "/projects", {"name": "clash"}, person="alice")
    grant = f"/projects/clash/grants/user:{quote(STRANGER, safe='')}"
    strange_lab.api("PUT", grant, {"role": "editor"}, person="alice")
    file = "/contents/clash/all.ipynb"
    strange_lab.api("PUT", file, hostile(CORPUS), person="alice")
    sit_down(page, strange_lab, "alice")
    run_command(page, "docmanager:open", path="submarine:clash/all.ipynb")
    status = page.locator("#jp-main-statusbar")
    expect(status).to_contain_text("| Idle", timeout=SLOW)
    expect(page.locator(".jp-OutputArea-output pre").first).to_contain_text(CORPUS[0])
    write_in(page, 0, f"mine {PAYLOADS[0]}")
    strange_lab.api("PUT", file, hostile(reversed(CORPUS)), person=STRANGER)
    save(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(STRANGER)
    dialog.get_by_role("button", name="Merge…").click()
    merge = page.locator(".sub-Merge")
    expect(merge).to_contain_text(f"mine {PAYLOADS[0]}")
    expect(merge).to_contain_text(CORPUS[-1])

    panel(page).get_by_role("button", name="Change project").click()
    page.get_by_role("combobox", name="Find a project").fill("stage")
    page.keyboard.press("Enter")
    expect(in_files(page, "<img src=x onerror").first).to_be_visible()


def hostile(texts: Iterable[str]) -> dict[str, object]:
    """A notebook whose cells say they are trusted, with a payload in every kind of output."""
    notebook = notebook_of(list(texts))
    for cell in notebook["cells"]:
        text = cell["source"]
        kinds = ("text/html", "image/svg+xml", "text/markdown", "application/javascript")
        shown = [
            {"output_type": "display_data", "metadata": {}, "data": {kind: text}} for kind in kinds
        ]
        stream = {"output_type": "stream", "name": "stderr", "text": text}
        error = {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]}
        cell.update(outputs=[*shown, stream, error], metadata={"trusted": True})
    return {"type": "notebook", "format": "json", "content": notebook}


def test_people_with_payloads_for_names_are_only_shown(strange_lab: Lab, page: Page) -> None:
    sit_down(page, strange_lab, STRANGER)
    run_command(page, "submarine:open-people")
    expect(page.get_by_role("region", name=STRANGER)).to_be_visible()
    run_command(page, "submarine:open-project", project="stage")
    expect(page.locator(".sub-ProjectView:visible")).to_contain_text("is offered to you")
    panel(page).get_by_role("button", name="Change project").click()
    expect(page.get_by_role("listbox", name="Projects")).to_contain_text("stage")
