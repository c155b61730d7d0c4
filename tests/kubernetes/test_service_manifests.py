"""What is shipped for running the team service on a cluster (examples/service).

Its objects are valid, its pod is restricted, its rights are those of the page, and what the
Deployment gives to its container really starts a service.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from submarine_ext.api.routes import BASE, ROUTES
from submarine_ext.engines.kubernetes import rbac
from tests.cluster.podsecurity import violations
from tests.hub.team import blocks
from tests.kubernetes.schemas import problems
from tests.kubernetes.test_rbac import EVERYTHING

FOLDER = Path(__file__).parents[2] / "examples" / "service"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))
VALUES: dict[str, Any] = yaml.safe_load((FOLDER / "z2jh-values.yaml").read_text())


def of(kind: str) -> dict[str, Any]:
    (found,) = [each for each in OBJECTS if each["kind"] == kind]
    return found


POD = of("Deployment")["spec"]["template"]
CONTAINER = POD["spec"]["containers"][0]


class TestTheObjects:
    @pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj["kind"])
    def test_are_what_an_api_server_takes(self, obj):
        assert problems(obj) == []

    def test_are_all_that_is_needed(self):
        assert {each["kind"] for each in OBJECTS} >= {
            "ConfigMap",
            "Deployment",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Role",
            "Service",
        }

    def test_run_as_nobody_special_and_write_to_volumes_only(self):
        assert violations(POD["spec"], "restricted") == ""
        context = CONTAINER["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        written = {m["mountPath"] for m in CONTAINER["volumeMounts"] if not m.get("readOnly")}
        assert written == {"/tmp", "/var/lib/submarine"}

    def test_may_what_the_page_says_and_no_more(self):
        account = {"kind": "ServiceAccount", "namespace": "hub", "name": "submarine"}
        asked = rbac.yaml(rbac.role("training", EVERYTHING), rbac.binding("training", [account]))
        assert [of("Role"), of("RoleBinding")] == list(yaml.safe_load_all(asked))

    def test_find_each_other(self):
        labels = POD["metadata"]["labels"]
        for selector in (
            of("Deployment")["spec"]["selector"]["matchLabels"],
            of("Service")["spec"]["selector"],
            of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
            of("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        ):
            assert selector.items() <= labels.items()

    @pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
    def test_ask_routes_that_there_are(self, probe):
        path = CONTAINER[probe]["httpGet"]["path"]
        assert path.removeprefix(f"/services/submarine{BASE}") in ROUTES

    def test_hold_no_secret(self):
        given = {each["name"]: each.get("value") for each in CONTAINER["env"]}
        told = {name for name, value in given.items() if value and re.search("TOKEN|URL$", name)}
        assert told == {"JUPYTERHUB_API_URL"}
        assert "Secret" not in {each["kind"] for each in OBJECTS}


class TestTheChartsValues:
    def test_say_what_the_page_says(self):
        class Section:
            def __getattr__(self, name: str) -> Any:
                made: Any = {} if name == "environment" else Section()
                self.__dict__[name] = made
                return made

        told: Any = Section()
        exec(blocks()[0], {"c": told})
        page, chart = told.JupyterHub.services[0], VALUES["hub"]["services"]["submarine"]
        for name in ("oauth_no_confirm", "oauth_client_allowed_scopes"):
            assert chart[name] == page[name]
        roles = {each.pop("name"): each for each in told.JupyterHub.load_roles}
        assert VALUES["hub"]["loadRoles"] == roles
        scopes = VALUES["hub"]["config"]["Spawner"]["server_token_scopes"]
        assert scopes == told.Spawner.server_token_scopes
        assert VALUES["singleuser"]["extraEnv"].keys() == told.Spawner.environment.keys()


class TestTheImage:
    def test_is_no_ones_of_a_registry_and_runs_as_a_number(self):
        lines = (FOLDER / "Dockerfile").read_text().splitlines()
        words = dict(line.partition(" ")[::2] for line in lines if line[:1].isupper())
        assert "/" not in words["FROM"]
        assert words["USER"] == f"{POD['spec']['securityContext']['runAsUser']}:1000"
        assert "submarine" in words["ENTRYPOINT"]


class TestTheContainer:
    @pytest.mark.timeout(180)
    def test_serves_with_what_it_is_given(self, tmp_path):
        """The Hub, the database and the cluster are away: it lives, and says so in sentences."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        text = of("ConfigMap")["data"]["service.py"]
        text = text.replace("/var/lib/submarine", str(tmp_path / "data"))
        (tmp_path / "service.py").write_text(text.replace("0.0.0.0:8890", f"127.0.0.1:{port}"))
        given = {each["name"]: each.get("value", "a-secret-value") for each in CONTAINER["env"]}
        given["SUBMARINE_DATABASE_URL"] = "postgresql://submarine:canary-pw@127.0.0.1:1/submarine"
        given["JUPYTERHUB_API_URL"] = "http://127.0.0.1:1/hub/api"
        command = [sys.executable, "-m", "jupyter", "submarine", "serve"]
        command += ["--config", str(tmp_path / "service.py")]
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environ = {**os.environ, **given, "HOME": str(tmp_path), "PATH": path}
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        url = f"http://127.0.0.1:{port}"
        try:
            assert _status(process, url + CONTAINER["livenessProbe"]["httpGet"]["path"]) == 200
            asked = {"Authorization": "token x"}
            answer = httpx.get(f"{url}/services/submarine{BASE}/me", headers=asked, timeout=60)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            ready = httpx.get(url + CONTAINER["readinessProbe"]["httpGet"]["path"], timeout=60)
            assert ready.status_code == 503
        finally:
            process.terminate()
            assert process.wait(60) == 0, (tmp_path / "log").read_text()
        told = (tmp_path / "log").read_text()
        assert "canary-pw" not in told
        assert "a-secret-value" not in told


def _status(process: subprocess.Popen[bytes], url: str) -> int:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(url, timeout=10).status_code
        time.sleep(0.1)
    raise AssertionError("the container ended")
