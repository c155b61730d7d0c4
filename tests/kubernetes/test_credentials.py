"""Which credentials are used, and that a kubeconfig runs nothing that nobody allowed (kubeconfig
is code). The plugins here are real programs.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from submarine_ext.engines.kubernetes import credentials, plugins
from submarine_ext.engines.kubernetes.credentials import ClusterUnusable, load
from submarine_ext.engines.kubernetes.refresh import Keeper
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import ApiError
from tests.kubernetes.scripted import kubeconfig

SERVER = "https://cluster.example:6443"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that is the workspace too, as on most servers."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def around(home: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], **more}


def with_token(path: Path, token: str, **context: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return kubeconfig(path, SERVER, {"token": token}, **context)


def pair() -> tuple[bytes, bytes]:
    """A certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "it")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(now)
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    bare = serialization.NoEncryption()
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, form, bare),
    )


# Which file


def test_the_traits_path_wins_over_the_environment_and_the_home_folder(home: Path) -> None:
    default = with_token(home / ".kube/config", "of-home")
    listed = with_token(home / ".other/config", "of-environment")
    chosen = with_token(home / ".third/config", "of-trait")
    environment = around(home, KUBECONFIG=str(listed))
    assert load(Settings(), around(home)).authorization == "Bearer of-home"
    assert load(Settings(), environment).authorization == "Bearer of-environment"
    found = load(Settings(kubeconfig=str(chosen)), environment)
    assert found.authorization == "Bearer of-trait"
    assert found.host == SERVER
    assert found.namespace == "team-a"
    assert str(chosen) in found.source
    assert str(default) not in found.source


def test_a_list_of_files_is_merged_and_the_first_wins(home: Path, tmp_path: Path) -> None:
    first = with_token(tmp_path / "a/config", "first")
    second = tmp_path / "b/config"
    with_token(second, "second")
    content = json.loads(second.read_text())
    extra = {"name": "extra", "context": {"cluster": "c", "user": "v"}}
    content["contexts"].append(extra)
    content["users"].append({"name": "v", "user": {"tokenFile": "token.txt"}})
    second.write_text(json.dumps(content))
    (tmp_path / "b/token.txt").write_text("from-a-file")
    listed = around(home, KUBECONFIG=f"{first}{os.pathsep}{tmp_path}/none{os.pathsep}{second}")
    assert load(Settings(), listed).authorization == "Bearer first"
    found = load(Settings(context="extra", namespace="mine"), listed)
    assert (found.authorization, found.namespace) == ("Bearer from-a-file", "mine")
    assert found.renew_at is not None  # the file is read again


def test_without_any_file_the_sentence_says_what_to_set(home: Path) -> None:
    with pytest.raises(ClusterUnusable, match=r"KubernetesEngine\.kubeconfig"):
        load(Settings(), around(home))
    with pytest.raises(ClusterUnusable, match="There is no kubeconfig /nowhere/config"):
        load(Settings(kubeconfig="/nowhere/config"), around(home))
    with_token(home / ".kube/config", "t")
    with pytest.raises(ClusterUnusable, match="'other'"):
        load(Settings(context="other"), around(home))


@pytest.mark.parametrize("name", ["config", "./config", "../config"])
def test_a_relative_path_is_refused(name: str, home: Path) -> None:
    for settings, environment in (
        (Settings(kubeconfig=name), around(home)),
        (Settings(), around(home, KUBECONFIG=name)),
    ):
        with pytest.raises(ClusterUnusable, match="relative path"):
            load(settings, environment)


@pytest.mark.parametrize("inside", ["work/config", "config", ".kube/../config", "link/config"])
def test_a_kubeconfig_among_peoples_files_is_never_loaded(inside: str, home: Path) -> None:
    """The canary in it would run, were it loaded; also when the command is allowed."""
    canary = home / ".ran"
    (home / ".kube").mkdir()
    (home / "work").mkdir()
    (home / "link").symlink_to(home / "work")
    path = Path(os.path.normpath(home / inside))
    plugin = program(home / ".plugin", f"touch {canary}")
    kubeconfig(path, SERVER, {"exec": {"command": str(plugin), "apiVersion": V1}})
    settings = Settings(forbidden_folders=[str(home)], credential_plugins=[str(plugin)])
    for one in (
        (Settings(**{**fields(settings), "kubeconfig": f"{home}/{inside}"}), around(home)),
        (settings, around(home, KUBECONFIG=f"{home}/{inside}")),
    ):
        with pytest.raises(ClusterUnusable, match="where people keep their work"):
            load(*one)
    assert not canary.exists()


def test_links_do_not_hide_where_a_kubeconfig_lies(home: Path, tmp_path: Path) -> None:
    outside = with_token(tmp_path / "outside/config", "t")
    with_token(home / "work/config", "t")
    (home / ".kube").mkdir()
    (home / ".kube/config").symlink_to(home / "work/config")
    (home / "looks-fine").symlink_to(outside)
    (tmp_path / "elsewhere").symlink_to(home / "work")
    settings = {"forbidden_folders": [str(home)]}
    for path in (home / ".kube/config", home / "looks-fine", tmp_path / "elsewhere/config"):
        with pytest.raises(ClusterUnusable, match="where people keep their work"):
            load(Settings(kubeconfig=str(path), **settings), around(home))
    assert load(Settings(kubeconfig=str(outside), **settings), around(home)).host == SERVER


def test_a_hidden_folder_of_the_workspace_is_fine(home: Path) -> None:
    with_token(home / ".kube/config", "t")
    assert load(Settings(forbidden_folders=[str(home)]), around(home)).host == SERVER


@pytest.mark.parametrize("text", ["", "[]", "{", "a: !!python/object:os.system x", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_said_to_be_none(text: str, home: Path) -> None:
    (home / "config").write_text(text)
    with pytest.raises(ClusterUnusable, match=r"kubeconfig|current context"):
        load(Settings(kubeconfig=str(home / "config")), around(home))


# Plugins

V1 = "client.authentication.k8s.io/v1"


def program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def answer(**credential: str) -> str:
    told = {"apiVersion": V1, "kind": "ExecCredential", "status": credential}
    return f"cat <<'END'\n{json.dumps(told)}\nEND"


def fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


def plugged(home: Path, script: str, **entry: Any) -> tuple[Settings, Path]:
    """Settings that allow it, and the program."""
    plugin = program(home / "plugin", script)
    path = home / "config"
    run = {"command": str(plugin), "apiVersion": V1, **entry}
    kubeconfig(path, SERVER, {"exec": run})
    return Settings(kubeconfig=str(path), credential_plugins=[run["command"]]), plugin


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


# What a kubeconfig holds


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


# In a pod


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


# Renewal


async def test_many_requests_that_meet_an_expired_token_run_the_plugin_once(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    told = answer(token="t", expirationTimestamp=until.isoformat())
    settings, _ = plugged(home, f"echo x >> {home}/runs; {told}")
    keeper = await Keeper.open(settings)
    assert await keeper.current() is keeper.access
    expire(keeper, seconds=-1)
    found = await asyncio.gather(*(keeper.current() for _ in range(50)))
    assert len(set(map(id, found))) == 1
    assert (home / "runs").read_text() == "x\nx\n"


async def test_who_gives_up_waiting_does_not_make_the_plugin_run_twice(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    told = answer(token="t", expirationTimestamp=until.isoformat())
    gate, runs = home / "gate", home / "runs"
    wait = f"while [ -e {gate} ]; do sleep 0.02; done"
    settings, _ = plugged(home, f"echo x >> {runs}; {wait}; {told}")
    keeper = await Keeper.open(settings)
    old = keeper.access
    gate.touch()
    expire(keeper, seconds=-1)
    first = asyncio.create_task(keeper.current())
    while runs.read_text() != "x\nx\n":
        await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)  # it begins to wait
    gate.unlink()
    assert (await second).authorization == "Bearer t"
    assert keeper.access is not old
    assert runs.read_text() == "x\nx\n"


async def test_a_plugin_that_fails_is_overlooked_until_the_old_token_ends(home: Path) -> None:
    until = datetime.now(UTC) + timedelta(hours=1)
    settings, plugin = plugged(home, answer(token="t", expirationTimestamp=until.isoformat()))
    keeper = await Keeper.open(settings)
    program(plugin, "exit 3")
    expire(keeper, seconds=30)
    assert (await keeper.current()).authorization == "Bearer t"
    expire(keeper, seconds=-1)
    with pytest.raises(ApiError, match="ended with code 3") as failed:
        await keeper.current()
    assert (failed.value.status, failed.value.transient) == (401, True)


def expire(keeper: Keeper, *, seconds: float) -> None:
    """As if time had passed: it is due for renewal, and ends in so many seconds."""
    keeper._loaded -= 60
    values = {name: getattr(keeper.access, name) for name in keeper.access.__dataclass_fields__}
    ends = {"expires": time.time() + seconds, "renew_at": time.time() - 1}
    keeper.access = type(keeper.access)(**{**values, **ends})


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
