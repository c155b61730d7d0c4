"""The client on a connected server: processes of their own, found and told apart as in life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from submarine_ext.client.client import Client
from submarine_ext.errors import Unavailable
from tests.magics.conftest import Running, jupyter_server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with jupyter_server(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def connected(service: Running, tmp_path: Path) -> Iterator[Running]:
    file = tmp_path / "token"
    file.write_text(service.token)
    config = {"SubmarineExtension": {"service_url": service.url, "service_token_file": str(file)}}
    home = tmp_path / "connected"
    home.mkdir()
    with jupyter_server(home, config=config) as running:
        yield running


class TestAJob:
    def test_runs_with_the_service_under_its_interpreter(self, connected, monkeypatch, tmp_path):
        """Paths of this machine, the own interpreter's above all, mean nothing there."""
        monkeypatch.setattr("sys.executable", str(tmp_path / "another" / "python"))
        folder = tmp_path / "work"
        folder.mkdir()
        (folder / "train.py").write_text("print('hello from afar')")
        with Client(connected.url, connected.token) as client:
            job = client.run(script="train.py", folder=folder)
            assert job.wait().state == "succeeded"
            assert "hello from afar" in job.logs()
            assert job.job.spec.environment is None

    def test_is_seen_by_who_asks_the_service_itself(self, connected, service):
        with Client(connected.url, connected.token) as client:
            job = client.run(command=["true"], folder=None)
            job.wait()
        with Client(service.url, service.token) as client:
            assert job.id in [each.id for each in client.jobs.list()]


class TestAServiceThatIsAway:
    def test_is_said_in_its_own_words(self, tmp_path, monkeypatch):
        file = tmp_path / "token"
        file.write_text("of-nobody")
        url = "http://127.0.0.1:9/services/submarine"
        config = {"SubmarineExtension": {"service_url": url, "service_token_file": str(file)}}
        with (
            jupyter_server(tmp_path, config=config) as server,
            Client(server.url, server.token) as client,
        ):
            monkeypatch.setattr("submarine_ext.client.transport.PAUSES", ())
            with pytest.raises(Unavailable, match=f"The team service at {url} does not answer"):
                client.me()
            monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])
            with Client() as found, pytest.raises(Unavailable, match="The team service"):
                found.me()
