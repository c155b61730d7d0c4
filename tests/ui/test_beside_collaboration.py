"""The lab with jupyter-collaboration in it: plain notebooks are shared live, projects' are ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import BrowserContext, Page, expect
from screens import SLOW, notebook_of
from sharing import go_to, notebook, open_file, save, saved, write_in

Desk = Callable[[str], Page]
FILE = "/contents/vision/train.ipynb"
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


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Instead of the one that the other tests share."""
    lab = CollaboratingLab(tmp_path_factory.mktemp("collaborating"), ("alice", "bob"))
    with lab.running() as running:
        yield running


@pytest.fixture
def page(desk: Desk) -> Page:
    """Alice's; the fixtures that watch a page watch hers."""
    return desk("alice")


@pytest.fixture
def vision(shared_lab: Lab) -> None:
    """A project of alice's, with a notebook that bob may read."""
    body = {"type": "notebook", "format": "json", "content": notebook_of(["lr = 0.1"])}
    shared_lab.api("POST", "/projects", {"name": "vision"}, person="alice")
    shared_lab.api("PUT", FILE, body, person="alice")
    grant = "/projects/vision/grants/user:bob"
    shared_lab.api("PUT", grant, {"role": "viewer"}, person="alice")


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


def test_a_projects_notebook_keeps_its_roles_and_authors(
    page: Page, shared_lab: Lab, vision: None, new_context: Callable[..., BrowserContext]
) -> None:
    # ipywidgets' own manager stumbles over a notebook without a kernel, such as a viewer's:
    # https://github.com/jupyter-widgets/ipywidgets/issues/3970.
    alice, bob = page, new_context().new_page()
    bob.goto(shared_lab.address("", "bob"))
    asked: list[str] = []
    for each in (alice, bob):
        each.on("request", lambda request: asked.append(request.url))
        each.on("websocket", lambda opened: asked.append(opened.url))
        go_to(each, "vision")
        open_file(each, "train.ipynb")
    expect(source(bob)).to_have_attribute("aria-readonly", "true")
    write_in(alice, 0, "lr = 0.3")
    save(alice)
    saved(alice)
    expect(source(bob)).to_have_text("lr = 0.3")  # it was saved, and bob has changed nothing
    versions = shared_lab.api("GET", f"{FILE}/checkpoints", person="alice")
    assert [(each["author"], each["kind"]) for each in versions] == [("alice", "saved")] * 2
    assert [url for url in asked if "collaboration" in url and "vision" in url] == []
    assert [url for url in asked if "/room/json:notebook" in url] == []
    expect(notebook(bob, "train.ipynb")).to_be_visible()
