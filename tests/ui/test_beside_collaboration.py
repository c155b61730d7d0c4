"""The lab with jupyter-collaboration in it: projects are shared live too, with their roles."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import BrowserContext, Page, expect
from screens import SLOW, notebook_of
from sharing import go_to, open_file, save, saved, write_in

Desk = Callable[[str], Page]
#: `make` puts it there, beside the environment.
COLLABORATION = Path(__file__).parents[2] / ".venv" / "collaboration"


class CollaboratingLab(Lab):
    """With jupyter-collaboration's server and lab extensions."""

    def _environment(self) -> dict[str, str]:
        known = super()._environment()
        return known | {
            "PYTHONPATH": f"{COLLABORATION}{os.pathsep}{known.get('PYTHONPATH', '')}",
            "JUPYTER_PATH": str(COLLABORATION / "share" / "jupyter"),
            "JUPYTER_CONFIG_PATH": str(COLLABORATION / "etc" / "jupyter"),
        }


_numbers = itertools.count()


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Instead of the one that the other tests share."""
    lab = CollaboratingLab(tmp_path_factory.mktemp("collaborating"), ("alice", "bob", "carol"))
    with lab.running() as running:
        yield running


@pytest.fixture
def page(desk: Desk) -> Page:
    """Alice's; the fixtures that watch a page watch hers."""
    return desk("alice")


@pytest.fixture
def vision(shared_lab: Lab) -> str:
    """A project of alice's, with a notebook that bob may change and carol may read."""
    body = {"type": "notebook", "format": "json", "content": notebook_of(["lr = 0.1"])}
    name = f"vision-{next(_numbers)}"
    shared_lab.api("POST", "/projects", {"name": name}, person="alice")
    shared_lab.api("PUT", file_of(name), body, person="alice")
    for who, role in (("bob", "editor"), ("carol", "viewer")):
        grant = f"/projects/{name}/grants/user:{who}"
        shared_lab.api("PUT", grant, {"role": role}, person="alice")
    return name


def file_of(project: str) -> str:
    return f"/contents/{project}/train.ipynb"


def source(page: Page) -> object:
    return page.locator(".jp-NotebookPanel .jp-Cell").first.locator(".cm-content")


def test_a_plain_notebook_is_shared_as_it_is_typed(desk: Desk, shared_lab: Lab) -> None:
    """Else it is not there, and the next test would say nothing."""
    (shared_lab.root / "plain.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [],'
        ' "execution_count": null, "source": "x"}], "metadata": {"kernelspec": {"name":'
        ' "python3", "display_name": "Python 3"}}, "nbformat": 4, "nbformat_minor": 5}'
    )
    pages = {}
    for name in ("alice", "bob"):
        pages[name] = desk(name)
        pages[name].goto(shared_lab.address("/tree/plain.ipynb", name))
        expect(pages[name].locator(".jp-NotebookPanel .jp-Cell")).to_have_count(1, timeout=SLOW)
    write_in(pages["alice"], 0, "seen = 'at once'")
    expect(source(pages["bob"])).to_have_text("seen = 'at once'")


def test_a_projects_notebook_is_typed_in_by_two_and_watched_by_a_third(
    page: Page,
    desk: Desk,
    shared_lab: Lab,
    vision: str,
    new_context: Callable[..., BrowserContext],
) -> None:
    alice, bob = page, desk("bob")
    # ipywidgets' own manager stumbles over a notebook without a kernel, such as a viewer's:
    # https://github.com/jupyter-widgets/ipywidgets/issues/3970.
    carol = new_context().new_page()
    carol.goto(shared_lab.address("", "carol"))
    for each in (alice, bob, carol):
        go_to(each, vision)
        open_file(each, "train.ipynb")
        expect(source(each)).to_have_text("lr = 0.1")
    expect(source(carol)).to_have_attribute("aria-readonly", "true")
    for each in (alice, bob):  # their labs write down the kernel's language then
        expect(each.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)

    write_in(alice, 0, "lr = 0.3")
    for each in (bob, carol):
        expect(source(each)).to_have_text("lr = 0.3")
    write_in(bob, 0, "lr = 0.5")
    for each in (alice, carol):
        expect(source(each)).to_have_text("lr = 0.5")
    with alice.expect_response(
        lambda answer: "checkpoints" in answer.url and answer.request.method == "POST"
    ):
        save(alice)
    saved(alice)
    versions = shared_lab.api("GET", f"{file_of(vision)}/checkpoints", person="alice")
    assert versions[-1]["author"] == "bob"
    # On a slow machine the room has saved by itself in between.
    assert {who for v in versions[1:] for who in (v["author"], *v["coauthors"])} == {"alice", "bob"}
    expect(alice.get_by_role("dialog")).to_have_count(0)

    shared_lab.api("POST", f"{file_of(vision)}/checkpoints/{versions[0]['id']}", {}, person="alice")
    for each in (alice, bob, carol):
        expect(source(each)).to_have_text("lr = 0.1")  # restored, without a word

    shared_lab.api("DELETE", f"/projects/{vision}/grants/user:bob", person="alice")
    expect(bob.locator(".jp-NotebookPanel")).to_have_count(0)


def test_what_others_print_is_no_script_here(page: Page, desk: Desk, vision: str) -> None:
    """Alice has run the cell and trusts it; bob then runs it too. (Mutant: no distrust.)"""
    alice, bob = page, desk("bob")
    for each in (alice, bob):
        go_to(each, vision)
        open_file(each, "train.ipynb")
        expect(each.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)
    script = (
        "from IPython.display import HTML; HTML('<img src=x onerror=\"window.ran=1\"><b>{}</b>')"
    )
    write_in(alice, 0, script.format("alice"))
    alice.keyboard.press("Control+Enter")
    for each in (alice, bob):
        expect(each.locator(".jp-OutputArea-output b")).to_have_text("alice")
    alice.wait_for_function("window.ran === 1")
    assert bob.evaluate("window.ran") is None
    alice.evaluate("delete window.ran")
    write_in(bob, 0, script.format("bob"))
    bob.keyboard.press("Control+Enter")
    for each in (alice, bob):
        expect(each.locator(".jp-OutputArea-output b")).to_have_text("bob")
    bob.wait_for_function("window.ran === 1")
    assert alice.evaluate("window.ran") is None
