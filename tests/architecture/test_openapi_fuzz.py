"""schemathesis against a real server: no 5xx, no answer that the description does not allow,
no operation that forgets who is asking. The seed is fixed; ``SUBMARINE_FUZZ`` sets how many
examples each operation gets (CI: 15)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

EXAMPLES = os.environ.get("SUBMARINE_FUZZ", "15")
TOKEN = "fuzz-token"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "ignored_auth,unsupported_method"
)


@pytest.fixture
def server(tmp_path: Path):
    """A Jupyter server of its own, on a free loopback port: its URL."""
    environment = {
        **os.environ,
        **{
            name: str(tmp_path / name.lower())
            for name in (
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_DATA_DIR",
                "JUPYTER_RUNTIME_DIR",
                "IPYTHONDIR",
            )
        },
        "JUPYTER_TOKEN": TOKEN,
    }
    (tmp_path / "root").mkdir()
    options = ["--port=0", "--ip=127.0.0.1", "--no-browser", "--allow-root", "--log-level=ERROR"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", *options,
                "--ServerApp.jpserver_extensions={'submarine_ext': True}",
                f"--ServerApp.root_dir={tmp_path / 'root'}",
                "--SubmarineExtension.cpu=1",
            ],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield _url(tmp_path / "jupyter_runtime_dir", process)
        finally:
            process.terminate()
            process.wait(20)


def _url(runtime: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        for found in runtime.glob("jpserver-*.json"):
            try:
                url = json.loads(found.read_bytes())["url"]
                httpx.get(f"{url}submarine/api/health").raise_for_status()
            except (ValueError, httpx.HTTPError):
                continue
            return url
        time.sleep(0.1)
    raise AssertionError("the server did not start")


#: Bytes as they are: schemathesis knows no way to write a gzipped tar.
HOOKS = """
import schemathesis

@schemathesis.serializer("application/gzip")
def gzipped(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
"""
CONFIG = """
parameters = {{ project = "default", job = "{waiting}" }}

[[operations]]
include-name = "DELETE /jobs/{{job}}"
parameters = {{ job = "{doomed}" }}
"""


@pytest.fixture
def jobs(server: str):
    """Two jobs that wait. A third holds the only CPU, so that nothing the fuzzer submits runs."""
    with httpx.Client(
        base_url=f"{server}submarine/api", headers={"Authorization": f"token {TOKEN}"}, timeout=30
    ) as client:

        def submit(*command: str) -> str:
            answer = client.post("/projects/default/jobs", json={"command": command})
            return answer.raise_for_status().json()["id"]

        blocker = submit("sleep", "600")
        _wait(client, blocker, "running")
        yield submit("true"), submit("true")
        for job in client.get("/projects/default/jobs?state=queued&limit=500").json()["items"]:
            client.post(f"/jobs/{job['id']}/stop", json={}).raise_for_status()
        client.post(f"/jobs/{blocker}/stop", json={"grace_seconds": 0}).raise_for_status()
        _wait(client, blocker, "cancelled")


def _wait(client: httpx.Client, job: str, state: str) -> None:
    deadline = time.monotonic() + 30
    while client.get(f"/jobs/{job}").json()["state"] != state:
        assert time.monotonic() < deadline, f"{job} never was {state}"
        time.sleep(0.05)


@pytest.mark.timeout(300)
def test_the_server_keeps_to_its_description(server: str, jobs: tuple[str, str], tmp_path: Path):
    (tmp_path / "hooks.py").write_text(HOOKS)
    waiting, doomed = jobs
    (tmp_path / "schemathesis.toml").write_text(CONFIG.format(waiting=waiting, doomed=doomed))
    result = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server}submarine/api/openapi.json",
            "--url", f"{server}submarine/api", "--checks", CHECKS,
            "--header", f"Authorization: token {TOKEN}",
            "--max-examples", EXAMPLES, "--seed", "20261122",
            "--phases", "examples,coverage,fuzzing",
            "--generation-database", "none", "--no-color", "--warnings", "off",
        ],
        cwd=tmp_path, env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks"},
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-12_000:] + result.stderr[-2000:]
