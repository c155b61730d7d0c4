"""What the panel and the project view show of projects: by role, offered, in the trash."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from screens import panel, tab
from sharing import done, go_to, new_project, project_tab, share

Desk = Callable[[str], Page]


@pytest.fixture
def page(desk: Desk) -> Page:
    """Alice's; the fixtures that watch a page watch hers."""
    return desk("alice")


def test_the_keyboard_finds_and_changes_the_project(page: Page) -> None:
    new_project(page, "keyboard")
    switcher = panel(page).get_by_role("button", name="Change project")
    switcher.press("Enter")
    expect(page.get_by_role("combobox", name="Find a project")).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Enter")
    expect(switcher).to_contain_text("alice")
    expect(switcher).to_be_focused()
    switcher.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Projects")).to_have_count(0)
    expect(switcher).to_be_focused()


def test_the_keyboard_shares_and_goes_on_where_it_was(page: Page) -> None:
    new_project(page, "by-hand")
    project_tab(page).get_by_role("button", name="Share…").press("Enter")
    dialog = page.get_by_role("dialog")
    finder = dialog.get_by_label("Name of a person or a team")
    finder.press_sequentially("zoe")
    expect(dialog.get_by_role("option", name="zoe")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Role of zoe")).to_be_visible()
    expect(finder).to_be_focused()


def test_a_viewer_is_not_offered_what_a_viewer_may_not(
    page: Page, desk: Desk, shared_lab: Lab
) -> None:
    bob = desk("bob")
    shared_lab.api("POST", "/projects", {"name": "looking"}, person="alice")
    job = shared_lab.api(
        "POST", "/projects/looking/jobs", {"command": ["true"], "name": "unseen"}, person="alice"
    )
    grant = "/projects/looking/grants/user:bob"
    shared_lab.api("PUT", grant, {"role": "viewer"}, person="alice")
    go_to(bob, "looking")
    expect(panel(bob).get_by_role("button", name="New job")).to_be_disabled()
    expect(panel(bob)).to_contain_text("Only editors and owners run jobs in this project.")
    panel(bob).locator(f'[data-job="{job["id"]}"]').click()
    view = bob.locator(".sub-JobView:visible")
    expect(tab(view, "Details")).to_contain_text("Only editors see what a job runs.")
    expect(tab(view, "Logs")).to_contain_text("Only editors see the logs")
    expect(view.get_by_role("button", name="Run again")).to_have_count(0)

    shared_lab.api("PUT", grant, {"role": "editor"}, person="alice")
    expect(panel(bob).get_by_role("button", name="New job")).to_be_enabled()
    expect(view.get_by_role("button", name="Run again")).to_be_visible()
    expect(tab(view, "Details")).to_contain_text('"command"')

    shared_lab.api("DELETE", grant, person="alice")
    expect(view).to_have_count(0)
    expect(panel(bob)).to_contain_text("is no longer shared with you")


def test_jobs_are_looked_for_by_every_member_also_one_who_has_none(page: Page) -> None:
    new_project(page, "by-owner")
    owners = panel(page).get_by_label("Show jobs of")
    expect(owners.get_by_role("option")).to_have_text(["Anybody\u2019s", "Mine"])
    share(page, "bob", "Viewer")
    done(page)
    panel(page).get_by_role("tab", name="Jobs").click()
    expect(owners.get_by_role("option")).to_have_text(["Anybody\u2019s", "Mine", "bob"])
    owners.select_option("bob")
    expect(panel(page)).to_contain_text("No job matches")


def test_a_project_changes_hands_when_the_receiver_accepts(
    page: Page, desk: Desk, shared_lab: Lab
) -> None:
    bob = desk("bob")
    shared_lab.api("POST", "/projects", {"name": "gift"}, person="alice")
    shared_lab.api("POST", "/projects/gift/transfer", {"to": "bob"}, person="alice")
    go_to(bob, "gift")
    panel(bob).get_by_role("button", name="Accept").click()
    expect(panel(bob).get_by_role("button", name="Project: gift, Owner")).to_be_visible()
    go_to(page, "gift")
    expect(panel(page).get_by_role("button", name="Project: gift, Editor")).to_be_visible()


def test_the_last_owner_hears_at_once_why_the_role_can_not_change(page: Page) -> None:
    new_project(page, "alone")
    share = project_tab(page).get_by_role("button", name="Share…")
    share.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Role of alice").select_option("viewer")
    expect(dialog.get_by_role("alert")).to_contain_text("no owner left")
    expect(dialog.get_by_label("Role of alice")).to_have_value("owner")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(share).to_be_focused()


def test_a_secret_is_written_and_never_shown_and_the_activity_says_who(page: Page) -> None:
    new_project(page, "quiet")
    project_tab(page).get_by_role("button", name="Open the project…").click()
    view = page.locator(".sub-ProjectView:visible")
    form = tab(view, "Secrets").get_by_role("form", name="Write a secret")
    form.get_by_label("Name").fill("API_TOKEN")
    form.get_by_label("Value").fill("never-to-be-seen")
    form.get_by_role("button", name="Add the secret").click()
    expect(view.get_by_role("list", name="Secrets").get_by_text("API_TOKEN")).to_be_visible()
    expect(form.get_by_label("Value")).to_have_value("")
    expect(tab(view, "Activity")).to_contain_text("alice wrote the secret API_TOKEN")
    assert "never-to-be-seen" not in page.content()
