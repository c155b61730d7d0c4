"""The lab of a server that is connected to a team service, which goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from screens import SLOW, open_lab, panel, row


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
