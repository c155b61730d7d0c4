"""Browser-test fixtures: one JupyterLab for the run, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import Lab
from playwright.sync_api import BrowserContext, Page, expect
from screens import settle
from studio import StudioLab, studio_in

REPOSITORY = Path(__file__).parents[2]
CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, or the one that ``CHROMIUM`` names; never a download."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    return {**browser_type_launch_args, "executable_path": program, "args": CHROMIUM_ARGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A laptop's window; one for all tests, so that screenshots can be compared."""
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The one running JupyterLab of this run, the example's script in its folder."""
    fresh = Lab(tmp_path_factory.mktemp("lab"))
    shutil.copy(REPOSITORY / "examples" / "train_digits.py", fresh.root)
    with fresh.running() as running:
        yield running


@pytest.fixture(scope="session")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab that knows alice and bob."""
    with Lab(tmp_path_factory.mktemp("shared"), ("alice", "bob")).running() as running:
        yield running


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioLab]:
    """One JupyterLab in the middle of its life."""
    with studio_in(tmp_path_factory.mktemp("studio")) as lab:
        yield lab


@pytest.fixture
def desk(
    new_context: Callable[..., BrowserContext], shared_lab: Lab
) -> Iterator[Callable[[str], Page]]:
    """``desk("alice")``: a browser of her own with the lab open in it."""
    errors: list[str] = []

    def sit_down(person: str, path: str = "") -> Page:
        page = new_context().new_page()
        page.on("pageerror", lambda error: errors.append(f"{person}: {error}"))
        page.goto(shared_lab.address(path, person))
        settle(page)
        return page

    yield sit_down
    assert errors == []


@pytest.fixture(autouse=True)
def no_page_errors(page: Page) -> Iterator[None]:
    """An uncaught error in the page fails the test, whatever else it looked at."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield
    assert errors == []


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: a temporary folder, or the docs with ``UPDATE_SCREENSHOTS=1``."""
    if os.environ.get("UPDATE_SCREENSHOTS") != "1":
        return tmp_path_factory.mktemp("screenshots")
    folder = REPOSITORY / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
