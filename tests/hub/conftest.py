"""One JupyterHub for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.hub.team import TeamHub, running

#: Seconds for a test, the Hub's start and stop included, on a machine that does other things.
LONGEST = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test waits for the Hub, and the last one for its end."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LONGEST), append=False)


@pytest.fixture(scope="session")
def started_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamHub]:
    """Its service keeps everything in a PostgreSQL."""
    folder = tmp_path_factory.mktemp("hub")
    with (
        databases.fresh("postgres", folder) as url,
        running(folder, {"SUBMARINE_DATABASE_URL": str(url)}) as started,
    ):
        yield started


@pytest.fixture
def hub(started_hub: TeamHub) -> Iterator[TeamHub]:
    yield started_hub
    started_hub.close()
