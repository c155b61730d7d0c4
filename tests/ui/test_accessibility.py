"""By keyboard alone, with the reader's own colours, without motion, and twice as large.

What axe finds in every view and theme is in ``test_views.py``.
"""

from __future__ import annotations

import pytest
from looking import cut_off
from playwright.sync_api import Page, expect
from screens import panel, settle
from sharing import go_to
from studio import BASIN, TITLE, StudioLab
from views import command

#: Where the keyboard stands: its name, and whether one sees that it stands there.
FOCUS = """() => {
  const node = document.activeElement;
  // A row may carry the ring of its button.
  const ring = [node, node.parentElement].map(one => getComputedStyle(one))
    .some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1);
  const name = node.getAttribute('aria-label') || node.labels?.[0]?.textContent ||
    node.textContent || node.title || node.placeholder || '';
  return {
    name: name.trim().slice(0, 60),
    shown: ring || getComputedStyle(node).boxShadow !== 'none',
    inside: Boolean(node.closest('.sub-Panel, .sub-Main, .sub-Modal'))
  };
}"""


@pytest.fixture
def page(page: Page, studio: StudioLab) -> Page:
    """Dana's lab, the panel open."""
    page.goto(studio.address(person="dana"))
    settle(page)
    go_to(page, TITLE)
    return page


def tab_through(page: Page, most: int = 60) -> list[str]:
    """Press Tab until the keyboard leaves our view; what it stood on, each with a name and seen."""
    names = []
    for _ in range(most):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if not focus["inside"]:
            return names
        assert focus["name"], f"after {names[-3:]} something has no name"
        assert focus["shown"], f"one does not see that {focus['name']!r} has the focus"
        names.append(focus["name"])
    return names


def test_the_keyboard_walks_through_the_panel_and_opens_a_job(page: Page) -> None:
    panel(page).get_by_role("button", name="Change project").focus()
    names = tab_through(page)
    assert any("New job" in name for name in names)
    assert any("Jobs" in name for name in names), names
    panel(page).get_by_role("tab", name="Jobs").focus()
    page.keyboard.press("ArrowRight")
    expect(panel(page).get_by_role("tab", name="Project")).to_be_focused()
    expect(panel(page).get_by_role("tab", name="Project")).to_have_attribute(
        "aria-selected", "true"
    )


def test_the_keyboard_walks_through_the_main_views(page: Page, studio: StudioLab) -> None:
    for name, args in (
        ("open-job", {"id": studio.jobs["done"], "tab": "details"}),
        ("open-project", {"project": BASIN, "tab": "secrets"}),
        ("new-job", {}),
        ("open-teams", {}),
    ):
        command(f"submarine:{name}", **args)(page)
        view = page.locator(".sub-Main:visible").first
        expect(view.locator(".sub-Skeleton")).to_have_count(0)
        first = view.locator("button:visible, input:visible, select:visible").first
        first.focus()
        assert len(tab_through(page)) > 2, name


def test_own_colours_and_no_motion_keep_everything_readable(page: Page) -> None:
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    row = panel(page).get_by_role("listitem").first
    expect(row).to_be_visible()
    states = (
        panel(page)
        .locator(".sub-StateIcon")
        .evaluate_all("icons => icons.map(icon => getComputedStyle(icon).stroke)")
    )
    assert "none" not in states
    moving = page.evaluate(
        """() => document.getAnimations().filter(({ effect, playState }) =>
             playState === 'running' && effect.target.closest('.sub-Panel, .sub-Main') &&
             effect.getComputedTiming().iterations === Infinity).length"""
    )
    assert moving == 0
    selected = panel(page).get_by_role("tab", selected=True)
    other = panel(page).get_by_role("tab", selected=False).first
    looks = "tab => getComputedStyle(tab).borderBottomColor"
    assert selected.evaluate(looks) != other.evaluate(looks)


def test_twice_as_large_nothing_is_lost(page: Page, studio: StudioLab) -> None:
    page.set_viewport_size({"width": 640, "height": 400})  # what 200 % leaves of 1280 × 800
    command("application:toggle-left-area")(page)
    command("submarine:open-job", id=studio.jobs["done"], tab="details")(page)
    view = page.locator(".sub-Main:visible").first
    expect(view.get_by_role("tab", name="Details")).to_be_visible()
    assert cut_off(view) == []
