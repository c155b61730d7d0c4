"""A real ``jupyter lab`` on a free loopback port, with folders of its own.

The server keeps its token and its XSRF protection. Nothing of the person who runs the
tests is read: configuration, data, settings and workspaces lie in a temporary folder.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Lab:
    """One JupyterLab with its folders; ``root`` is what its file browser shows.

    With ``people`` it knows them by name, each with a token of their own; without, it has the
    one owner that a laptop's server has. With ``service`` it is connected to that one, and
    ``offers`` its machine to it.
    """

    def __init__(
        self,
        folder: Path,
        people: Sequence[str] = (),
        service: Lab | None = None,
        *,
        offers: bool = False,
    ) -> None:
        self.folder = folder
        self.service = service
        self.offers = offers
        self.tokens = {name: secrets.token_hex(16) for name in people}
        self.root = folder / "root"
        self.token = secrets.token_hex(16)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.root.mkdir()
        _write_settings(
            folder / "settings", "notification", fetchNews="false", checkForUpdates=False
        )

    def address(self, path: str = "", person: str | None = None) -> str:
        """The lab's address without any saved layout, signed in by the token.

        A person's lab has a workspace of its own, so that two do not share their layout.
        """
        if person is None:
            return f"{self.url}/lab{path}?reset&token={self.token}"
        return f"{self.url}/lab/workspaces/{person}{path}?reset&token={self.tokens[person]}"

    def use_theme(self, theme: str) -> None:
        """Choose the theme for pages opened from now on: "JupyterLab Dark", say."""
        _write_settings(self.folder / "settings", "themes", theme=theme)

    def use_language(self, locale: str) -> None:
        """Choose the language of pages opened from now on: "de_DE", say."""
        settings = self.folder / "settings"
        _write_settings(settings, "plugin", "translation-extension", locale=locale)

    def api(self, method: str, path: str, body: object = None, person: str | None = None) -> Any:
        """One request to ``/submarine/api``, as a program would send it."""
        token = self.token if person is None else self.tokens[person]
        request = urllib.request.Request(
            f"{self.url}/submarine/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "null")

    def forget(self, job: str) -> None:
        """Stop a job, wait for its end and delete it."""
        self.api("POST", f"/jobs/{job}/stop", {"grace_seconds": 0})
        while not self.api("GET", f"/jobs/{job}")["finished"]:
            time.sleep(0.05)
        self.api("DELETE", f"/jobs/{job}")

    @contextmanager
    def running(self) -> Iterator[Lab]:
        """Start the server, wait until it answers, and end everything it began."""
        with (self.folder / "lab.log").open("ab") as log:
            server = subprocess.Popen(
                self._command(), env=self._environment(), stdout=log, stderr=log,
                start_new_session=True, cwd=self.folder,  # extensions leave files where they are
            )  # fmt: skip
            try:
                self._wait_until_up(server)
                yield self
            finally:
                _end(server)

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={self.port}", "--ServerApp.port_retries=0"),
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
            *self._identity(),
            *self._connection(),
        ]

    def _connection(self) -> list[str]:
        if self.service is None:
            return []
        file = self.folder / "service-token"
        file.write_text(self.service.token)
        return [
            f"--SubmarineExtension.service_url={self.service.url}",
            f"--SubmarineExtension.service_token_file={file}",
            f"--SubmarineExtension.offer_local_engine={self.offers}",
        ]

    def _identity(self) -> list[str]:
        if not self.tokens:
            return []
        provider = "submarine_ext.testing.identity.PeopleByToken"
        known = (f"--PeopleByToken.people={token}={name}" for name, token in self.tokens.items())
        return [f"--ServerApp.identity_provider_class={provider}", *known]

    def _environment(self) -> dict[str, str]:
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        places = {variable: str(self.folder / name) for variable, name in folders.items()}
        return {**os.environ, **places, "JUPYTER_PREFER_ENV_PATH": "1"}

    def _wait_until_up(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/api", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError("jupyter lab did not start:\n" + (self.folder / "lab.log").read_text())


def _write_settings(
    folder: Path, plugin: str, of: str = "apputils-extension", **settings: object
) -> None:
    extension = folder / "@jupyterlab" / of
    extension.mkdir(parents=True, exist_ok=True)
    (extension / f"{plugin}.jupyterlab-settings").write_text(json.dumps(settings))


def _end(server: subprocess.Popen[bytes]) -> None:
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
