"""The lab of a server that is connected to a team service, which goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from screens import SLOW, job_view, open_lab, panel, row, tab


@pytest.fixture
def service(tmp_path: Path) -> Lab:
    (tmp_path / "service").mkdir()
    return Lab(tmp_path / "service")


@pytest.fixture
def lab(tmp_path: Path, service: Lab) -> Iterator[Lab]:
    (tmp_path / "lab").mkdir()
    with Lab(tmp_path / "lab", service=service).running() as running:
        yield running


def submit(service: Lab, name: str) -> str:
    spec = {"name": name, "command": ["true"], "resources": {"cpu": 0.1}}
    job: str = service.api("POST", "/projects/default/jobs", spec)["id"]
    return job


def test_shows_the_services_jobs_and_says_when_it_is_away(
    lab: Lab, service: Lab, page: Page
) -> None:
    with service.running():
        submit(service, "before")
        open_lab(page, lab)
        expect(row(page, "before")).to_contain_text("Succeeded", timeout=SLOW)
        submit(service, "live")
        expect(row(page, "live")).to_contain_text("Succeeded", timeout=SLOW)
    expect(panel(page)).to_contain_text("The team service is away since", timeout=SLOW)
    expect(row(page, "live")).to_contain_text("Succeeded")
    with service.running():
        submit(service, "after")
        expect(row(page, "after")).to_contain_text("Succeeded", timeout=SLOW)
        expect(panel(page)).not_to_contain_text("The team service is away")


def test_offers_its_machine_and_says_when_it_is_out_of_sight(
    service: Lab, tmp_path: Path, page: Page
) -> None:
    with service.running():
        owner = service.api("GET", "/me")["user"]
        called = f"This machine ({owner}'s server)"
        (tmp_path / "own").mkdir()
        with Lab(tmp_path / "own", service=service, offers=True).running() as own:
            open_lab(page, own)
            expect(panel(page)).to_contain_text(called, timeout=SLOW)
            panel(page).get_by_role("button", name="New job").click()
            form = page.get_by_role("form", name="New job").locator("visible=true")
            form.get_by_role("radio", name="Command").check()
            form.get_by_role("textbox", name="Command").fill("pwd")
            form.get_by_label("Engine").select_option(called)
            check = form.get_by_role("region", name="Will it run there?")
            expect(check).to_contain_text(f"keep it from running on {called}", timeout=SLOW)
            form.get_by_role("button", name="Run", exact=True).click()
            view = job_view(page)
            expect(view).to_contain_text("Succeeded", timeout=SLOW)
            expect(tab(view, "Logs")).to_contain_text(str(tmp_path / "own"))
            details = tab(view, "Details")
            expect(details).to_contain_text(f"{owner}'s machine")
            open_lab(page, service)
            expect(panel(page)).to_contain_text(called, timeout=SLOW)
        expect(panel(page)).to_contain_text(f"{owner}'s server is stopped or cut off", timeout=SLOW)
