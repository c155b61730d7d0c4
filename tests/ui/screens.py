"""What a person does on the screen, in their words; found by role and name as they find it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lab import Lab
from playwright.sync_api import Locator, Page, Response, expect

SLOW = 60_000  # milliseconds: the first page of a cold server, a kernel's start


def open_lab(page: Page, lab: Lab, path: str = "", *, keep_layout: bool = False) -> None:
    """Open the lab, without a saved layout unless that is what is looked at."""
    address = lab.address(path)
    page.goto(address.replace("reset&", "") if keep_layout else address)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the lab has put something in front: it takes the focus from wherever it was."""
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=SLOW)
    expect(page.locator("#jp-main-dock-panel .jp-mod-current").first).to_be_visible(timeout=SLOW)


def open_notebook(page: Page, lab: Lab, name: str, cells: Sequence[str]) -> None:
    """Write a notebook, open it and wait for its kernel: a cell run earlier may get lost."""
    (lab.root / name).write_text(json.dumps(notebook_of(cells)))
    open_lab(page, lab, f"/tree/{name}")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=SLOW)


def run_cell(page: Page, number: int) -> Locator:
    """Run the cell with that number (from 0); the cell."""
    cell = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(number)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    return cell


@contextmanager
def remembered(page: Page, what: str) -> Iterator[None]:
    """Until the lab has saved a state with this text in its workspace, as a reload will find it.

    The lab saves after each change: the first save that comes may be of an earlier one.
    """

    def saved(answer: Response) -> bool:
        return "/api/workspaces/" in answer.url and what in (answer.request.post_data or "")

    with page.expect_response(saved):
        yield


def panel(page: Page) -> Locator:
    """The jobs panel, opened where it is not."""
    region = page.get_by_role("region", name="Submarine jobs")
    if not region.is_visible():
        page.locator('.jp-SideBar .lm-TabBar-tab[title^="Submarine"]').click()
    expect(region).to_be_visible()
    return region


def row(page: Page, name: str) -> Locator:
    """A job's row in the panel, by its exact name."""
    return panel(page).get_by_role("listitem").filter(has=page.get_by_text(name, exact=True))


def job_view(page: Page) -> Locator:
    """The job's view that is in front."""
    return page.locator(".sub-JobView:visible")


def open_job(page: Page, name: str) -> Locator:
    """Click the job's row; its view."""
    row(page, name).locator(".sub-JobRow-main").click()
    view = job_view(page)
    expect(view.get_by_role("heading", name=name)).to_be_visible()
    return view


def state(view: Locator) -> Locator:
    """The job's state as its view's head says it."""
    return view.locator(".sub-JobHeader").get_by_role("status")


def tab(view: Locator, name: str) -> Locator:
    """Open a tab of a job's view; its content."""
    view.get_by_role("tab", name=name).click()
    return view.get_by_role("tabpanel")


def dismiss_messages(page: Page) -> None:
    """Close the message that the job has ended, which covers a corner."""
    message = page.locator(".Toastify__toast").filter(has=page.get_by_text("Open", exact=True))
    expect(message).to_be_visible()
    message.locator(".jp-Notification-Toast-Close").click()
    expect(message).to_have_count(0)


def drawn(chart: Locator) -> bool:
    """Whether anything was drawn on the chart's canvas."""
    script = """chart => {
      const canvas = chart.querySelector('canvas');
      const pixels = canvas?.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      return Boolean(pixels?.some(value => value !== 0));
    }"""
    return bool(chart.evaluate(script))


def notebook_of(cells: Sequence[str]) -> dict[str, Any]:
    """A Python notebook with these code cells."""
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{n}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for n, source in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {
                "name": "python3",
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
            }
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
