"""Every view in every theme, from narrow to wide: nothing is cut off, and axe finds no barrier.

The pictures are to be looked at: ``LOOKS=folder`` says where to, else they go with the test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looking import barriers, cut_off, english
from playwright.sync_api import Browser, Page, expect
from screens import settle
from sharing import go_to
from studio import TITLE, StudioLab
from views import WIDTHS, View, command, use_width, views_of

THEMES = {
    "light": "JupyterLab Light",
    "dark": "JupyterLab Dark",
    "contrast": "JupyterLab Dark High Contrast",
}


@pytest.fixture(scope="module")
def desk_of_dana(browser: Browser, studio: StudioLab) -> Iterator[Page]:
    """One lab for all of this file, where the project with the long names is worked in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(studio.address(person="dana"))
    settle(page)
    go_to(page, TITLE)
    yield page
    context.close()


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go: there are too many for the docs."""
    return Path(os.environ.get("LOOKS") or tmp_path_factory.mktemp("looks"))


def walk(page: Page, views: list[View], look: Callable[[View], list[str]]) -> list[str]:
    """Show every view, look at it, and go on; all that was found."""
    found = []
    for view in views:
        try:
            root = view.show(page)
        except AssertionError as error:
            found.append(f"{view.name} does not open: {str(error).splitlines()[0]}")
            continue
        collapse(page, away=view.place != "side")
        expect(root).to_be_visible()
        found += [f"{view.name}: {problem}" for problem in look(view)]
        view.close(page)
        page.set_viewport_size({"width": 1280, "height": 800})
    return found


def collapse(page: Page, *, away: bool) -> None:
    """Make room for the main area, or for the panel."""
    if page.locator("#jp-left-stack").is_visible() == away:
        command("application:toggle-left-area")(page)
        expect(page.locator("#jp-left-stack")).to_be_visible(visible=not away)


def use_theme(page: Page, theme: str) -> None:
    command("apputils:change-theme", theme=theme)(page)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)


def right_to_left(page: Page, view: View) -> list[str]:
    """What is cut off or covered where one reads from right to left, in the narrowest view."""
    root = view.root(page)
    use_width(page, root, view.place, WIDTHS[view.place][0])
    page.evaluate("document.documentElement.dir = 'rtl'")
    found = [f"right to left: {problem}" for problem in cut_off(root)]
    page.evaluate("document.documentElement.removeAttribute('dir')")
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_every_view_in(studio: StudioLab, desk_of_dana: Page, looks: Path, theme: str) -> None:
    page = desk_of_dana
    use_theme(page, THEMES[theme])

    def look(view: View) -> list[str]:
        root = view.root(page)
        found = []
        for width in WIDTHS[view.place]:
            use_width(page, root, view.place, width)
            root.screenshot(path=looks / f"{view.name}-{theme}-{width}.png")
            found += [f"{width} px: {problem}" for problem in cut_off(root)]
        if theme == "light":
            found += right_to_left(page, view)
        return found + barriers(root)

    found = walk(page, views_of(studio), look)
    assert not found, "\n".join(found)


def test_every_view_speaks_german(studio: StudioLab, desk_of_dana: Page, looks: Path) -> None:
    page = desk_of_dana
    studio.use_language("de_DE")
    page.reload()
    settle(page)
    expect(page.locator(".sub-StatusLine")).to_contain_text("1 Job läuft")

    def look(view: View) -> list[str]:
        root = view.root(page)
        use_width(page, root, view.place, WIDTHS[view.place][0])
        root.screenshot(path=looks / f"{view.name}-german-{WIDTHS[view.place][0]}.png")
        return [f"in English: {text}" for text in english(root)] + cut_off(root)

    found = walk(page, views_of(studio), look)
    assert not found, "\n".join(found)
