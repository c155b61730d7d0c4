"""The lab with the extension in it starts and shows the panel's icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from conftest import Lab


def test_the_panel_s_icon_stands_in_the_sidebar(lab: Lab, page: Page) -> None:
    page.goto(lab.address())
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=60_000)
    expect(page.locator('.jp-SideBar .lm-TabBar-tab[title^="Submarine"]')).to_be_visible()
