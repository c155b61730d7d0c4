"""Two people, two browsers, one server: sharing, two saves at once, a right that ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from screens import SLOW, notebook_of
from sharing import done, go_to, new_project, open_file, project_tab, save, share, write_in

Desk = Callable[[str], Page]
FILE = "/contents/vision/train.ipynb"


@pytest.fixture
def page(desk: Desk) -> Page:
    """Alice's; the fixtures that watch a page watch hers."""
    return desk("alice")


def content(lab: Lab, person: str) -> list[str]:
    """The sources of the shared notebook's cells, as the server has them."""
    cells = lab.api("GET", FILE, person=person)["content"]["cells"]
    return ["".join(cell["source"]) for cell in cells]


def test_alice_shares_both_save_bob_merges_alice_revokes(
    page: Page, desk: Desk, shared_lab: Lab, screenshots: Path
) -> None:
    alice, bob = page, desk("bob")
    panel_of_bob = bob.locator('.jp-SideBar .lm-TabBar-tab[title^="Submarine"]')
    panel_of_bob.click()

    new_project(alice, "vision")
    begun = notebook_of(["lr = 0.1", "epochs = 5"])
    body = {"type": "notebook", "format": "json", "content": begun}
    shared_lab.api("PUT", FILE, body, person="alice")
    share(alice, "bob", "Editor")
    done(alice)

    expect(bob.get_by_text("is shared with you now")).to_be_visible()
    go_to(bob, "vision")
    open_file(bob, "train.ipynb")
    open_file(alice, "train.ipynb")
    for desk_of in (alice, bob):
        expect(desk_of.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)

    write_in(alice, 0, "lr = 0.3")
    write_in(bob, 0, "lr = 0.01")
    write_in(bob, 1, "epochs = 50")
    save(alice)
    expect(alice.locator(".jp-Document .jp-DirtyIndicator, .jp-mod-dirty")).to_have_count(0)
    assert content(shared_lab, "alice") == ["lr = 0.3", "epochs = 5"]

    save(bob)
    dialog = bob.get_by_role("dialog")
    expect(dialog).to_contain_text("alice saved")
    bob.screenshot(path=screenshots / "conflict-light.png")
    dialog.get_by_role("button", name="Merge…").click()
    expect(bob.get_by_text("Conflicts left: 1 of 1")).to_be_visible()
    bob.screenshot(path=screenshots / "merge-light.png")
    bob.get_by_role("group", name="Which one to keep").get_by_role("button", name="Theirs").click()
    bob.get_by_role("button", name="Save merged").click()
    expect(bob.get_by_role("heading", name="Merge train.ipynb")).to_have_count(0)
    assert content(shared_lab, "bob") == ["lr = 0.3", "epochs = 50"]

    kinds = [v["kind"] for v in shared_lab.api("GET", f"{FILE}/checkpoints", person="alice")]
    assert kinds == ["saved", "saved", "conflict", "saved"]

    project_tab(alice).get_by_role("button", name="Share…").click()
    alice.get_by_role("dialog").get_by_role("button", name="Remove bob").click()
    done(alice)
    expect(bob.locator(".jp-NotebookPanel")).to_have_count(0)
    expect(panel_of_bob).to_be_visible()
    expect(bob.get_by_role("button", name="Change project")).to_contain_text("bob")
    bob.screenshot(path=screenshots / "revoked-light.png")
