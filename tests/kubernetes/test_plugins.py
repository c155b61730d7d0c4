"""A kubeconfig runs nothing that nobody allowed. The plugins here are real programs."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from submarine_ext.engines.kubernetes import plugins
from submarine_ext.engines.kubernetes.credentials import ClusterUnusable, load
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes.kubeconfigs import (
    SERVER,
    V1,
    answer,
    around,
    pair,
    plugged,
    program,
)
from tests.kubernetes.scripted import (
    kubeconfig,
)


def test_a_plugin_that_is_not_allowed_never_runs(home: Path) -> None:
    canary = home / "ran"
    settings, plugin = plugged(home, f"touch {canary}; {answer(token='t')}")
    for allowed in ([], ["plugin"], [f"{plugin}x"], [str(home)], ["*"]):
        with pytest.raises(ClusterUnusable, match=r"KubernetesEngine\.credential_plugins") as no:
            load(Settings(kubeconfig=settings.kubeconfig, credential_plugins=allowed), around(home))
        assert str(plugin) in no.value.detail
    assert not canary.exists()
    assert load(settings, around(home)).authorization == "Bearer t"
    assert canary.exists()  # the canary would have sung


def test_a_bare_command_is_found_on_the_path_but_not_among_peoples_files(home: Path) -> None:
    canary = home / "ran"
    program(home / "get-token", f"touch {canary}; {answer(token='t')}")
    path = kubeconfig(
        home / ".config", SERVER, {"exec": {"command": "get-token", "apiVersion": V1}}
    )
    allowed = {"kubeconfig": str(path), "credential_plugins": ["get-token"]}
    environment = around(home, PATH=f".:{home}:{os.environ['PATH']}")
    with pytest.raises(ClusterUnusable, match="where people keep work"):
        load(Settings(**allowed, forbidden_folders=[str(home)]), environment)
    assert not canary.exists()
    assert load(Settings(**allowed), environment).authorization == "Bearer t"
    with pytest.raises(ClusterUnusable, match="not installed"):
        load(Settings(**allowed), around(home))


def test_a_plugin_gets_the_protocol_and_nothing_secret(home: Path) -> None:
    settings, _ = plugged(
        home,
        f"env > {home}/environment; {answer(token='t')}",
        env=[{"name": "OWN", "value": "yes"}],
        provideClusterInfo=True,
    )
    secrets = {"JUPYTER_TOKEN": "s", "JPY_API_TOKEN": "s", "SUBMARINE_KEY": "s", "DB_PASSWORD": "s"}
    load(settings, around(home, AWS_PROFILE="p", **secrets))
    lines = (home / "environment").read_text().splitlines()
    got = dict(line.split("=", 1) for line in lines if "=" in line)
    assert got["OWN"] == "yes"
    assert got["AWS_PROFILE"] == "p"
    assert not set(secrets) & set(got)
    told = json.loads(got["KUBERNETES_EXEC_INFO"])
    assert (told["apiVersion"], told["kind"]) == (V1, "ExecCredential")
    assert told["spec"] == {"interactive": False, "cluster": {"server": SERVER}}


def test_a_plugins_end_of_life_is_known(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    settings, _ = plugged(home, answer(token="t", expirationTimestamp=until.isoformat()))
    found = load(settings, around(home))
    assert found.expires == pytest.approx(until.timestamp())
    assert found.expires - found.renew_at == pytest.approx(60, abs=1)


def test_a_plugin_may_give_a_certificate(home: Path) -> None:
    certificate, key = (part.decode() for part in pair())
    settings, _ = plugged(home, answer(clientCertificateData=certificate, clientKeyData=key))
    found = load(settings, around(home))
    assert found.authorization is None
    assert found.tls is not None


BAD_PLUGINS = {
    "exit 3": "ended with code 3",
    "echo nonsense": "no ExecCredential",
    "echo '[]'": "no ExecCredential",
    answer(): "neither token nor certificate",
    answer(token="t").replace("/v1", "/v1beta1"): "no ExecCredential",
    answer(token="two\nlines"): "not one line",
    "head -c 2000000 /dev/zero": "more than 1 MiB",
}


@pytest.mark.parametrize("script", BAD_PLUGINS)
def test_a_plugin_that_fails_is_said_to_fail(script: str, home: Path) -> None:
    settings, _ = plugged(home, script)
    with pytest.raises(ClusterUnusable, match=BAD_PLUGINS[script]):
        load(settings, around(home))


def test_a_plugin_that_hangs_is_ended_with_all_its_children(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "LIMIT", 0.2)
    settings, _ = plugged(home, "sleep 600 & sleep 600")
    with pytest.raises(ClusterUnusable, match="no credentials within"):
        load(settings, around(home))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"interactiveMode": "Always"}, "wants a terminal"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "v1 is needed"),
    ],
)
def test_what_a_plugin_cannot_have_is_said(entry: Any, words: str, home: Path) -> None:
    settings, _ = plugged(home, "exit 1", **entry)
    with pytest.raises(ClusterUnusable, match=words):
        load(settings, around(home))


def test_an_auth_provider_is_refused_and_its_command_never_runs(home: Path) -> None:
    canary = home / "ran"
    plugin = program(home / "gcloud", f"touch {canary}")
    provider = {"name": "gcp", "config": {"cmd-path": str(plugin)}}
    path = kubeconfig(home / "config", SERVER, {"auth-provider": provider, "token": "t"})
    with pytest.raises(ClusterUnusable, match="auth-provider"):
        load(Settings(kubeconfig=str(path), credential_plugins=[str(plugin)]), around(home))
    assert not canary.exists()
