"""The client finds its server by itself, or says in one sentence what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from submarine_ext.client import Client, discovery
from submarine_ext.client.discovery import Server
from submarine_ext.errors import Forbidden, NotFound, Unavailable


@pytest.fixture(autouse=True)
def no_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SUBMARINE", "JPY_", "JUPYTERHUB", "JUPYTER_SERVER")):
            monkeypatch.delenv(name)


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runtime folder."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    return folder


def announce(runtime: Path, url: str, *, pid: int | None = None, **more: object) -> None:
    """Write the file that a running server writes."""
    info = {
        "url": url,
        "token": "secret",
        "pid": pid or os.getpid(),
        "root_dir": "/nowhere",
        "sock": "",
    }
    (runtime / f"jpserver-{len(list(runtime.iterdir()))}.json").write_text(json.dumps(info | more))


def urls(**environment: str) -> list[str]:
    return [server.url for server in discovery.candidates(None, environment)]


class TestCandidates:
    def test_the_server_that_started_this_kernel_comes_first(self, runtime):
        announce(runtime, "http://127.0.0.1:1/")
        announce(runtime, "http://127.0.0.1:2/", pid=os.getppid())
        assert urls(JPY_PARENT_PID=str(os.getppid()))[0] == "http://127.0.0.1:2/"

    def test_the_server_of_this_terminal_comes_first(self, runtime):
        announce(runtime, "http://127.0.0.1:1/")
        announce(runtime, "http://127.0.0.1:2/at/")
        assert urls(JUPYTER_SERVER_URL="http://localhost:2/at/")[0] == "http://127.0.0.1:2/at/"

    def test_the_server_of_this_jupyterhub_user_comes_before_all(self, runtime):
        announce(runtime, "http://127.0.0.1:1/")
        hub = {
            "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/alice/",
            "JUPYTERHUB_API_TOKEN": "hub",
            "JUPYTERHUB_USER": "alice",
        }
        first = next(discovery.candidates(None, hub))
        assert first == Server("http://127.0.0.1:8888/user/alice/", "hub", local=True)

    def test_else_the_one_whose_folder_holds_the_working_folder(
        self, runtime, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        announce(runtime, "http://127.0.0.1:1/")
        announce(runtime, "http://127.0.0.1:2/", root_dir=str(tmp_path))
        announce(runtime, "http://127.0.0.1:3/")
        assert urls()[0] == "http://127.0.0.1:2/"

    def test_a_server_that_died_is_none(self, runtime):
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        announce(runtime, "http://127.0.0.1:1/", pid=gone.pid)
        assert urls() == []

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "x"}', "null"])
    def test_a_file_that_makes_no_sense_is_passed_over(self, runtime, text):
        (runtime / "jpserver-1.json").write_text(text)
        assert urls() == []

    def test_a_server_for_every_address_is_met_on_loopback(self, runtime):
        announce(runtime, "http://0.0.0.0:1/x/")
        assert urls() == ["http://127.0.0.1:1/x/"]


class TestClient:
    def test_what_is_given_wins(self, server, monkeypatch):
        monkeypatch.setenv("SUBMARINE_URL", "http://127.0.0.1:1/")
        with Client(server.url.rstrip("/"), server.token) as client:
            assert client.me().user

    def test_the_environment_comes_next(self, server, monkeypatch):
        monkeypatch.setenv("SUBMARINE_URL", server.url)
        monkeypatch.setenv("SUBMARINE_TOKEN", server.token)
        with Client() as client:
            assert client.server.url == server.url

    def test_a_named_server_of_this_user_needs_no_token(self, server, monkeypatch):
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])
        with Client(server.url) as client:
            assert client.me().user

    def test_else_it_is_found_by_its_runtime_file(self, server, monkeypatch):
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])
        with Client() as client:
            assert client.me().user

    def test_it_is_found_from_inside_a_kernel_of_the_server(self, server, kernel):
        outputs = kernel.run("import submarine_ext; print(submarine_ext.Client().server.url)")
        assert outputs[0]["text"] == f"{server.url}\n"

    def test_a_proxy_is_never_asked_about_this_machine(self, server, monkeypatch):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        with Client(server.url, server.token) as client:
            assert client.me().user

    def test_one_without_the_extension_is_passed_over_for_one_with_it(
        self, server, bare_server, runtime
    ):
        announce(runtime, bare_server.url, token=bare_server.token)
        announce(runtime, server.url, token=server.token)
        with Client() as client:
            assert client.server.url == server.url

    def test_no_server_at_all_is_one_sentence_with_what_to_do(self, runtime):
        with pytest.raises(Unavailable, match=r"No Jupyter server .* `jupyter lab`"):
            Client()

    def test_a_server_without_the_extension_is_one_sentence_with_what_to_do(
        self, bare_server, runtime
    ):
        announce(runtime, bare_server.url, token=bare_server.token)
        with pytest.raises(NotFound, match=r"without submarine-ext\. Install it .* restart"):
            Client()

    def test_a_named_server_without_the_extension_says_the_same(self, bare_server):
        with (
            Client(bare_server.url, bare_server.token) as client,
            pytest.raises(NotFound, match="pip"),
        ):
            client.me()

    def test_shows_its_token_to_nobody(self, server):
        with Client(server.url, server.token) as client:
            shown = [repr(thing) for thing in (client, client.server, client.jobs)]
        assert not any(server.token in text for text in shown)

    def test_a_wrong_token_is_one_sentence(self, server):
        with (
            Client(server.url, "wrong") as client,
            pytest.raises(Forbidden, match="does not accept this credential"),
        ):
            client.me()

    def test_a_named_server_that_does_not_answer_is_one_sentence(self, monkeypatch):
        monkeypatch.setattr("submarine_ext.client.transport.PAUSES", ())
        with (
            Client("http://127.0.0.1:9/", "x") as client,
            pytest.raises(Unavailable, match="Is it running"),
        ):
            client.me()


def test_a_server_without_a_token_is_spoken_to_without_one(open_server, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", open_server.environment["JUPYTER_RUNTIME_DIR"])
    with Client() as client:
        assert client.run(command=["echo", "hi"], folder=None).wait(60).logs() == "hi\n"
