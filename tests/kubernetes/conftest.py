"""A fake cluster for each test of the engine, and what is done on it behind the engine's back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """``@pytest.mark.parametrize("cluster", [{"crds": ["kueue"]}], indirect=True)`` for another."""
    with Cluster(**getattr(request, "param", {})) as cluster:
        yield cluster


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that is the workspace too, as on most servers."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
