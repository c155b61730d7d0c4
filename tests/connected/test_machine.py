"""alice's server offers its machine to the team's: processes of their own, as in life."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from submarine_ext.client.client import Client
from submarine_ext.errors import Forbidden
from tests.magics.conftest import PEOPLE, Running, jupyter_server, wait_for

MACHINE = "machine:alice"
TRAINS = """
import os, pathlib, sys
from submarine_ext import track
track.log_metric("loss", 0.5)
print("runs in", os.getcwd(), "as", os.getuid(), flush=True)
pathlib.Path("model.bin").write_bytes(b"weights" * 100_000)
pathlib.Path(sys.argv[1]).touch()
while not pathlib.Path(sys.argv[2]).exists():
    pathlib.Path(sys.argv[1]).exists()
    import time; time.sleep(0.02)
print("done", flush=True)
"""


class Place:
    """A server that can be killed and started again in the same place."""

    def __init__(self, home: Path, config: dict, token: str) -> None:
        self._home, self._config, self._token = home, config, token
        self._stack = contextlib.ExitStack()
        self._port = 0
        home.mkdir()

    def start(self) -> Running:
        made = jupyter_server(self._home, token=self._token, port=self._port, config=self._config)
        self.running = self._stack.enter_context(made)
        self._port = int(self.running.url.split(":")[2].split("/")[0])
        return self.running

    def kill(self) -> None:
        os.kill(self.running.pid, signal.SIGKILL)

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Place]:
    people = {f"token-{name}": name for name in PEOPLE}
    config = {
        "ServerApp": {"identity_provider_class": "submarine_ext.testing.identity.PeopleByToken"},
        "PeopleByToken": {"people": people},
        "SubmarineExtension": {"admins": ["root-admin"]},
    }
    place = Place(tmp_path / "service", config, "token-root-admin")
    place.start()
    yield place
    place.close()


@pytest.fixture
def own(service: Place, tmp_path: Path) -> Iterator[Place]:
    """alice's server, connected to the service."""
    file = tmp_path / "token"
    file.write_text("token-alice")
    ours = {
        "service_url": service.running.url,
        "service_token_file": str(file),
        "offer_local_engine": True,
        "data_dir": str(tmp_path / "alices"),
        "cpu": 2.0,
    }
    place = Place(tmp_path / "own", {"SubmarineExtension": ours}, "of-her-server")
    place.start()
    yield place
    place.close()


@pytest.fixture
def people(service: Place) -> Iterator[dict[str, Client]]:
    """``people["bob"]``: somebody at the service itself."""
    with contextlib.ExitStack() as stack:
        made = {n: Client(service.running.url, f"token-{n}") for n in PEOPLE}
        yield {name: stack.enter_context(client) for name, client in made.items()}


def offered(client: Client, *, healthy: bool = True):
    """The machine, once it is there (or gone)."""

    def look():
        found = [info for info in client.engines() if info.name == MACHINE]
        if not found or found[0].healthy is not healthy:
            raise ValueError("not yet")
        return found[0]

    return wait_for(look, Alive())


class Alive:
    """Of what ``wait_for`` asks whether it still runs: the test's own time limit ends it."""

    returncode = None

    def poll(self) -> None:
        return None


@pytest.mark.timeout(180)
class TestAMachine:
    def test_runs_its_owners_jobs_as_one_of_the_team_s(self, own, people, tmp_path):
        alice, bob = people["alice"], people["bob"]
        with Client(own.running.url, own.running.token) as here:
            info = offered(here)
            assert (info.title, info.capacity.cpu) == ("This machine (alice's server)", 2)
            vision = alice.projects.create("vision", title="Vision").name
            bob.me()
            alice.projects.share(vision, "user:bob", "viewer")
            job = begun(here, vision, tmp_path)
            assert MACHINE not in [each.name for each in bob.engines()]
            assert bob.jobs.get(job.id).job.engine == MACHINE
            (tmp_path / "go on").touch()
            assert job.wait().state == "succeeded"
            assert f"runs in {tmp_path / 'alices'}" in job.logs()
            assert job.logs().endswith("done\n")
            assert [each.path for each in bob.jobs.get(job.id).artifacts()] == ["model.bin"]
            assert bob.jobs.get(job.id).job.latest == {"loss": 0.5}
        wait_for(lambda: nothing_below(tmp_path / "alices" / "machine" / "jobs"), Alive())

    def test_is_nobody_elses(self, own, people):
        offered(people["alice"])
        for name in ("bob", "root-admin"):
            with pytest.raises(Forbidden, match="alice's own machine"):
                people[name].run(command=["true"], folder=None, engine=MACHINE)

    @pytest.mark.parametrize("who", ["own", "service"])
    def test_loses_nothing_when_either_server_is_killed(self, who, request, own, people, tmp_path):
        killed = request.getfixturevalue(who)
        alice = people["alice"]
        offered(alice)
        job = begun(alice, None, tmp_path)
        killed.kill()
        (tmp_path / "go on").touch()
        killed.start()
        assert alice.jobs.get(job.id).wait().state == "succeeded"
        assert job.logs().count("done") == 1
        assert [each.path for each in job.artifacts()] == ["model.bin"]


def begun(client: Client, project: str | None, tmp_path: Path):
    """A job on the machine that runs until the file ``go on`` is there."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "train.py").write_text(TRAINS)
    begins, go_on = tmp_path / "begun", tmp_path / "go on"
    more = {"project": project} if project else {}
    job = client.run(
        script="train.py",
        args=[str(begins), str(go_on)],
        folder=folder,
        engine=MACHINE,
        outputs=["*.bin"],
        **more,
    )
    wait_for(begins.stat, Alive())
    return job


def nothing_below(folder: Path) -> bool:
    """Once the service has everything, the machine keeps nothing."""
    if any(folder.iterdir()):
        raise ValueError("not yet")
    return True
