"""One JupyterHub for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hub.team import TeamHub, running


@pytest.fixture(scope="session")
def started_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamHub]:
    with running(tmp_path_factory.mktemp("hub")) as started:
        yield started


@pytest.fixture
def hub(started_hub: TeamHub) -> Iterator[TeamHub]:
    yield started_hub
    started_hub.close()
