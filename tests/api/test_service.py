"""``jupyter submarine serve`` without a Hub: whom it refuses to serve, its settings, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest
import websocket

SERVE = [sys.executable, "-m", "submarine_ext.app.command", "serve"]
CONFIG = """
c.SubmarineService.bind_url = "http://127.0.0.1:{port}"
c.SubmarineService.base_url = "/team/"
c.SubmarineService.data_dir = "{folder}/data"
c.SubmarineService.admins = {{"root-admin"}}
c.SubmarineService.engines = ["local"]
c.SubmarineService.stop_seconds = 60
c.SubmarineService.identity_provider_class = "submarine_ext.testing.identity.PeopleByToken"
c.PeopleByToken.people = {{"token-alice": "alice", "token-root-admin": "root-admin"}}
"""
HUB = ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_NAME")


def serve(folder, text: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """How a service that does not start ends."""
    (folder / "service.py").write_text(text)
    command = [*SERVE, "--config", str(folder / "service.py")]
    environ = {**os.environ, **environ}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


class TestItRefusesToStart:
    @pytest.mark.parametrize(
        "provider",
        [
            None,
            "jupyter_server.auth.identity.IdentityProvider",
            "jupyter_server.auth.identity.PasswordIdentityProvider",
            "jupyter_server.auth.identity.LegacyIdentityProvider",
        ],
    )
    def test_where_nobody_knows_people(self, tmp_path, provider):
        """The mutant serves everybody with the token as one owner (security.md B 20)."""
        text = f"c.SubmarineService.identity_provider_class = {provider!r}" if provider else ""
        ended = serve(tmp_path, text)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1, ended.stderr
        assert "does not know who people are" in ended.stderr

    @pytest.mark.parametrize("missing", HUB)
    def test_as_half_a_service_of_a_hub(self, tmp_path, missing):
        environ = dict.fromkeys(HUB, "x")
        environ[missing] = ""
        ended = serve(tmp_path, "", JUPYTERHUB_SERVICE_PREFIX="/services/x/", **environ)
        assert (ended.returncode, "does not know who people are" in ended.stderr) == (2, True)

    def test_with_a_setting_that_there_is_not(self, tmp_path):
        text = CONFIG.format(port=1, folder=tmp_path) + "c.SubmarineService.engine = ['local']\n"
        ended = serve(tmp_path, text)
        assert ended.returncode == 2
        assert "There is no setting SubmarineService.engine." in ended.stderr

    @pytest.mark.parametrize("url", ["https://127.0.0.1:1", "unix+http://%2Ftmp%2Fs", "1.2.3.4:5"])
    def test_where_it_cannot_listen_so(self, tmp_path, url):
        text = CONFIG.format(port=1, folder=tmp_path) + f"c.SubmarineService.bind_url = {url!r}\n"
        ended = serve(tmp_path, text)
        assert ended.returncode != 0
        assert "bind_url must be http://ADDRESS:PORT" in ended.stdout + ended.stderr

    def test_with_a_setting_of_the_hub_that_there_is_not(self, tmp_path):
        every = {**dict.fromkeys(HUB, "x"), "JUPYTERHUB_SERVICE_PREFIX": "/services/x/"}
        ended = serve(tmp_path, "c.HubIdentityProvider.max_ages = 5\n", **every)
        assert ended.returncode == 2
        assert "There is no setting HubIdentityProvider.max_ages." in ended.stderr


class Running:
    """A service in a process of its own."""

    def __init__(self, folder) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/team/"
        (folder / "service.py").write_text(CONFIG.format(port=port, folder=folder))
        self._log = (folder / "log").open("wb")
        command = [*SERVE, "--config", str(folder / "service.py")]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        while not self._answers():
            assert self.process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.ask("GET", "/health/ready").status_code == 200
        return False

    def ask(self, method: str, path: str, body=None, who: str = "alice") -> httpx.Response:
        headers = {"Authorization": f"token token-{who}"}
        url = f"{self.url}submarine/api{path}"
        return httpx.request(method, url, json=body, headers=headers, timeout=30)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._log.close()


@pytest.fixture
def running(tmp_path):
    made = Running(tmp_path)
    yield made
    made.close()


class TestLocalJobs:
    def test_are_for_administrators_and_the_others_are_told_so(self, running):
        """The mutant lets everybody run as the service's account."""
        job = {"command": ["true"]}
        refused = running.ask("POST", "/projects/alice/jobs", job)
        assert refused.status_code == 403
        assert "administrators only" in refused.json()["detail"]
        assert running.ask("POST", "/projects/alice/preflight", job).status_code == 403
        assert running.ask("GET", "/engines").json()["items"] == []
        mine = ("/projects/root-admin/jobs", job, "root-admin")
        assert running.ask("POST", *mine).status_code == 201
        assert len(running.ask("GET", "/engines", who="root-admin").json()["items"]) == 1


class TestAnAdministratorWhoIsNoneAnyMore:
    """Has the same consequences as leaving a group: what waits is stopped, what runs goes on."""

    @pytest.fixture
    def submit(self, running):
        running.ask("GET", "/me")
        self.appoint(running, admin=True)
        capacity = running.ask("GET", "/engines").json()["items"][0]["capacity"]
        spec = {"resources": {"cpu": capacity["cpu"]}}

        def submit(script: str, **more) -> str:
            job = {"command": ["sh", "-c", script], **spec, **more}
            answer = running.ask("POST", "/projects/alice/jobs", job)
            assert answer.status_code == 201, answer.text
            return f"/jobs/{answer.json()['id']}"

        return submit

    @staticmethod
    def appoint(running, *, admin: bool) -> None:
        answer = running.ask("PATCH", "/users/alice", {"admin": admin}, "root-admin")
        assert answer.status_code == 200

    @staticmethod
    def until(running, job: str, *states: str) -> dict:
        while (found := running.ask("GET", job).json())["state"] not in states:
            time.sleep(0.05)
        return found

    def test_has_what_waits_for_the_local_engine_stopped(self, running, submit):
        runs, waits = submit("sleep 600"), submit("true")
        self.until(running, runs, "running")
        self.until(running, waits, "queued")
        self.appoint(running, admin=False)
        told = self.until(running, waits, "cancelled", "running", "succeeded")
        assert told["state"] == "cancelled"
        assert told["reason"].startswith("alice is no administrator, and the engine local is for")
        assert running.ask("GET", runs).json()["state"] == "running"
        running.ask("POST", f"{runs}/stop", {"grace_seconds": 0})
        self.until(running, runs, "cancelled")

    def test_has_no_further_attempt_begun(self, running, submit, tmp_path):
        """The mutant looks only at what waits at the moment of the change."""
        go, began = tmp_path / "go", tmp_path / "began"
        job = submit(f"echo >> {began}; until [ -e {go} ]; do sleep 0.05; done; false", retries=2)
        self.until(running, job, "running")
        self.appoint(running, admin=False)
        go.touch()
        told = self.until(running, job, "cancelled", "failed", "succeeded")
        assert (told["state"], "administrators only" in told["reason"]) == ("cancelled", True)
        assert began.read_text() == "\n"


class TestTheEnd:
    def test_lets_a_request_end_tells_sockets_to_come_again_and_takes_no_new_ones(self, running):
        headers = {"Authorization": "token token-alice"}
        url = f"{running.url}submarine/api/events".replace("http", "ws", 1)
        listening = websocket.create_connection(url, header=headers, timeout=60)
        answers: list[int] = []
        begun, goes_on = threading.Event(), threading.Event()

        def body():
            yield b'{"name": "late", '
            begun.set()
            goes_on.wait(60)
            yield b'"title": "Late"}'

        def post() -> None:
            sent = {**headers, "Content-Type": "application/json"}
            path = f"{running.url}submarine/api/projects"
            answers.append(httpx.post(path, content=body(), headers=sent, timeout=60).status_code)

        posting = threading.Thread(target=post)
        posting.start()
        begun.wait(60)
        running.ask("GET", "/me")  # the service has read what was sent before
        running.process.send_signal(signal.SIGTERM)
        opcode, data = listening.recv_data()
        listening.shutdown()
        assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1001)
        with pytest.raises(httpx.ConnectError):
            running.ask("GET", "/me")
        goes_on.set()
        posting.join(60)
        assert answers == [201]
        assert running.process.wait(60) == 0
