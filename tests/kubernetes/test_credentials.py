"""What proves who we are: from a kubeconfig, or a pod's own files."""

from __future__ import annotations

import base64
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest

from submarine_ext.engines.kubernetes import credentials, plugins
from submarine_ext.engines.kubernetes.credentials import ClusterUnusable, load
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes.kubeconfigs import (
    SERVER,
    around,
    pair,
    with_token,
)
from tests.kubernetes.scripted import (
    kubeconfig,
)


def test_inline_certificates_work_and_leave_no_files(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(home))
    certificate, key = (base64.b64encode(part).decode() for part in pair())
    user = {"client-certificate-data": certificate, "client-key-data": key}
    extra = {"certificate-authority-data": certificate, "tls-server-name": "other.example"}
    path = kubeconfig(home / "config", SERVER, user, **extra)
    found = load(Settings(kubeconfig=str(path)), around(home))
    assert found.tls is not None
    assert found.tls.verify_mode == ssl.CERT_REQUIRED
    assert found.tls.cert_store_stats()["x509"] == 1
    assert found.server_name == "other.example"
    assert [one.name for one in home.iterdir()] == ["config"]


def test_relative_files_lie_beside_the_kubeconfig(home: Path) -> None:
    certificate, key = pair()
    (home / "ca.pem").write_bytes(certificate)
    (home / "key.pem").write_bytes(key)
    user = {"client-certificate": "ca.pem", "client-key": "key.pem"}
    path = kubeconfig(home / "config", SERVER, user, **{"certificate-authority": "ca.pem"})
    assert load(Settings(kubeconfig=str(path)), around(home)).tls is not None
    (home / "key.pem").unlink()
    with pytest.raises(ClusterUnusable, match=r"key\.pem"):
        load(Settings(kubeconfig=str(path)), around(home))


def test_a_name_and_password_are_sent(home: Path) -> None:
    path = kubeconfig(home / "config", SERVER, {"username": "u", "password": "p"})
    found = load(Settings(kubeconfig=str(path)), around(home))
    assert found.authorization == "Basic " + base64.b64encode(b"u:p").decode()


def test_an_unchecked_certificate_is_a_note_for_the_administrator(home: Path) -> None:
    path = kubeconfig(home / "config", SERVER, **{"insecure-skip-tls-verify": True})
    found = load(Settings(kubeconfig=str(path)), around(home))
    assert found.tls is not None
    assert found.tls.verify_mode == ssl.CERT_NONE
    (note,) = found.notes
    assert "insecure-skip-tls-verify" in note


def test_a_token_is_not_sent_in_the_clear_except_to_this_machine(home: Path) -> None:
    path = kubeconfig(home / "config", "http://cluster.example:8080")
    with pytest.raises(ClusterUnusable, match="not encrypted"):
        load(Settings(kubeconfig=str(path)), around(home))
    for local in ("http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"):
        kubeconfig(path, local)
        assert load(Settings(kubeconfig=str(path)), around(home)).host == local


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"as-user-extra": {"a": ["b"]}, "as": "x"}, "as-user-extra"),
        ({"as-groups": ["g"]}, "no `as`"),
        ({"as": "a\r\nX: y"}, "cannot be sent"),
        ({"token": "a\r\nX: y"}, "not one line"),
    ],
)
def test_what_is_not_honoured_is_refused_by_name(user: Any, words: str, home: Path) -> None:
    path = kubeconfig(home / "config", SERVER, {"token": "t", **user})
    with pytest.raises(ClusterUnusable, match=words):
        load(Settings(kubeconfig=str(path)), around(home))


def test_a_proxy_comes_from_the_kubeconfig_or_the_environment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kubeconfig(home / "config", SERVER, **{"proxy-url": "http://proxy.example:3128"})
    found = load(Settings(kubeconfig=str(path)), around(home))
    assert found.proxy == "http://proxy.example:3128"
    kubeconfig(path, SERVER, **{"proxy-url": "socks5://proxy.example"})
    with pytest.raises(ClusterUnusable, match="neither http nor https"):
        load(Settings(kubeconfig=str(path)), around(home))
    kubeconfig(path, SERVER)
    monkeypatch.setenv("https_proxy", "http://other.example:3128")
    assert load(Settings(kubeconfig=str(path)), around(home)).proxy == "http://other.example:3128"
    monkeypatch.setenv("no_proxy", "cluster.example")
    assert load(Settings(kubeconfig=str(path)), around(home)).proxy is None


def test_no_secret_shows_in_a_traceback(home: Path) -> None:
    path = kubeconfig(home / "config", SERVER, {"token": "very-secret"})
    assert "very-secret" not in repr(load(Settings(kubeconfig=str(path)), around(home)))
    assert "very-secret" not in repr(plugins.Credential({"token": "very-secret"}, None))


@pytest.fixture
def pod(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files and variables that Kubernetes gives a pod."""
    files = home / "pod"
    files.mkdir()
    (files / "token").write_text("of-the-pod\n")
    (files / "namespace").write_text("of-the-pod")
    (files / "ca.crt").write_bytes(pair()[0])
    monkeypatch.setattr(credentials, "POD_FILES", files)
    return around(home, KUBERNETES_SERVICE_HOST="fd00::1", KUBERNETES_SERVICE_PORT="443")


def test_a_pods_own_account_is_used_where_no_kubeconfig_is(pod: dict[str, str], home: Path) -> None:
    found = load(Settings(), pod)
    assert found.host == "https://[fd00::1]:443"
    assert (found.authorization, found.namespace) == ("Bearer of-the-pod", "of-the-pod")
    assert found.renew_at is not None
    with_token(home / ".kube/config", "of-home")
    assert load(Settings(), pod).authorization == "Bearer of-home"
    listed = {**pod, "KUBECONFIG": "relative"}
    assert load(Settings(in_cluster=True), listed).authorization == "Bearer of-the-pod"
    (home / ".kube/config").unlink()
    with pytest.raises(ClusterUnusable, match="no kubeconfig"):
        load(Settings(in_cluster=False), pod)


def test_a_pod_without_an_account_is_said_to_have_none(pod: dict[str, str], home: Path) -> None:
    (home / "pod/token").unlink()
    with pytest.raises(ClusterUnusable, match=r"KubernetesEngine\.in_cluster"):
        load(Settings(in_cluster=True), pod)


def test_files_of_keys_are_private_while_they_exist(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    through = credentials._through_library

    def watched(config: Any) -> Any:
        key = Path(config["users"][0]["user"]["client-key"])
        modes.append(stat.S_IMODE(key.parent.stat().st_mode))
        return through(config)

    monkeypatch.setattr(credentials, "_through_library", watched)
    certificate, key = (base64.b64encode(part).decode() for part in pair())
    user = {"client-certificate-data": certificate, "client-key-data": key}
    path = kubeconfig(home / "config", SERVER, user)
    load(Settings(kubeconfig=str(path)), around(home))
    assert modes == [0o700]
