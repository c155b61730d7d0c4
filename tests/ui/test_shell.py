"""What stands in the lab around the views: status bar, start page, messages, palette, settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.error import HTTPError

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, Response, expect
from screens import job_view, open_lab, panel, state, tab
from views import command

Submit = Callable[..., str]
#: Shown only while a document of a project is in front.
OF_A_DOCUMENT = {"submarine:history", "submarine:export-zeppelin"}


@pytest.fixture
def submit(lab: Lab) -> Iterator[Submit]:
    """Submit a command to a project; it is forgotten when the test is over."""
    ids = []

    def submit(name: str, *command: str, project: str = "default") -> str:
        spec = {"name": name, "command": command}
        ids.append(lab.api("POST", f"/projects/{project}/jobs", spec)["id"])
        return str(ids[-1])

    yield submit
    for job in ids:
        if is_there(lab, job):
            lab.forget(job)


def is_there(lab: Lab, job: str) -> bool:
    try:
        lab.api("GET", f"/jobs/{job}")
    except HTTPError as refused:
        if refused.code != 404:
            raise
        return False
    return True


def stop(lab: Lab, job: str) -> None:
    lab.api("POST", f"/jobs/{job}/stop", {"grace_seconds": 0})


def setting(page: Page, name: str) -> None:
    """Switch one of our settings in the lab's own editor."""
    command("settingeditor:open", query="Submarine")(page)
    editor = page.locator(".jp-SettingsPanel, .jp-SettingsForm").first
    expect(editor).to_be_visible()
    with page.expect_response(is_saved):
        editor.get_by_label(name, exact=True).click()


def is_saved(answer: Response) -> bool:
    return answer.request.method == "PUT" and "/api/settings/" in answer.url


def test_the_status_bar_counts_my_jobs_in_all_projects_and_opens_the_panel(
    lab: Lab, page: Page, submit: Submit
) -> None:
    open_lab(page, lab)
    status = page.locator(".sub-StatusLine")
    expect(status).to_have_text("No job of yours is running.")
    lab.api("POST", "/projects", {"name": "elsewhere", "title": "Elsewhere"})
    here, there = (
        submit("here", "sleep", "600"),
        submit("there", "sleep", "601", project="elsewhere"),
    )
    expect(status).to_have_text("2 jobs running")
    status.click()
    expect(panel(page)).to_contain_text("here")

    stop(lab, there)
    message = page.locator(".Toastify__toast").filter(has_text="there (Elsewhere): Cancelled")
    message.get_by_role("button", name="Open").click()
    expect(job_view(page).get_by_role("heading", name="there")).to_be_visible()
    expect(status).to_have_text("1 job running")
    stop(lab, here)
    expect(status).to_have_text("No job of yours is running.")


def test_settings_count_from_the_moment_at_which_they_are_chosen(
    lab: Lab, page: Page, submit: Submit
) -> None:
    open_lab(page, lab)
    first = submit("first", "sleep", "600")
    expect(page.locator(".sub-StatusLine")).to_have_text("1 job running")
    expect(page).not_to_have_title(re.compile(r"^\("))
    setting(page, "Browser tab")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    setting(page, "have been cancelled")
    stop(lab, first)
    expect(page).not_to_have_title(re.compile(r"^\("))
    failed = submit("second", "false")
    message = page.locator(".Toastify__toast")
    expect(message.filter(has_text="second: Failed")).to_be_visible()
    expect(message.filter(has_text="first")).to_have_count(0)
    assert lab.api("GET", f"/jobs/{failed}")["state"] == "failed"
    setting(page, "Status bar")
    expect(page.locator(".sub-StatusLine")).to_be_hidden()
    for name in ("Status bar", "have been cancelled", "Browser tab"):
        setting(page, name)
    expect(page.locator(".sub-StatusLine")).to_be_visible()


def test_the_start_page_and_the_palette_lead_everywhere(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    page.locator(".jp-LauncherCard").filter(has_text="New Job").click()
    expect(page.get_by_role("form", name="New job")).to_be_visible()
    command("apputils:activate-command-palette")(page)
    page.locator(".lm-CommandPalette-input").fill("Submarine")
    listed = page.locator(".lm-CommandPalette-item[data-command^='submarine']")
    expect(listed.first).to_be_visible()
    offered = set(listed.evaluate_all("items => items.map(item => item.dataset.command)"))
    script = "() => window.jupyterapp.commands.listCommands().filter(id => /^submarine/.test(id))"
    assert set(page.evaluate(script)) - offered == OF_A_DOCUMENT


def test_the_palette_stops_runs_again_and_deletes_the_job_in_front(
    lab: Lab, page: Page, submit: Submit
) -> None:
    job = submit("in-front", "sleep", "600")
    open_lab(page, lab)
    command("submarine:open-job", id=job)(page)
    view = job_view(page)
    expect(state(view)).to_have_text("Running")
    expect(in_palette(page, "Delete Job…")).to_have_class(re.compile("lm-mod-disabled"))
    in_palette(page, "Stop Job").click()
    expect(state(view)).to_have_text("Stopping")
    in_palette(page, "Stop Job").click()  # asked again, it is meant
    expect(state(view)).to_have_text("Cancelled")

    expect(in_palette(page, "Stop Job")).to_have_class(re.compile("lm-mod-disabled"))
    in_palette(page, "Run Job Again").click()
    expect(state(view)).to_have_text("Running")
    assert lab.api("GET", f"/jobs/{job}")["attempt"] == 2
    stop(lab, job)
    expect(state(view)).to_have_text("Cancelled")

    in_palette(page, "Delete Job…").click()
    dialog = page.get_by_role("dialog").filter(has_text="Delete this job?")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("in-front was deleted")).to_be_visible()
    assert not is_there(lab, job)


def in_palette(page: Page, label: str) -> Locator:
    """A command in the palette, which is opened for it."""
    if not page.locator(".lm-CommandPalette-input").is_visible():
        command("apputils:activate-command-palette")(page)
    page.locator(".lm-CommandPalette-input").fill(label)
    return page.locator(".lm-CommandPalette-item").filter(has_text=label).first


def test_the_activity_grows_while_it_is_looked_at(lab: Lab, page: Page) -> None:
    open_lab(page, lab)
    command("submarine:open-project", project="default", tab="activity")(page)
    view = page.locator(".sub-ProjectView:visible")
    expect(tab(view, "Activity").get_by_role("list", name="Activity: Today")).to_be_visible()
    lab.api("PUT", "/projects/default/secrets/WATCHED", {"value": "never to be seen"})
    expect(view).to_contain_text("wrote the secret WATCHED")
    lab.api("DELETE", "/projects/default/secrets/WATCHED")
    expect(view).to_contain_text("deleted the secret WATCHED")
