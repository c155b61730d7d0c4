"""Runs a kubeconfig's `exec` plugin, if the administrator allowed its command.

The protocol is client.authentication.k8s.io, v1 and v1beta1: a request in an environment
variable, an ``ExecCredential`` on standard output. We run it ourselves because the package
`kubernetes` has no time limit and hands over our whole environment.
"""

from __future__ import annotations

import base64
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from submarine_ext.engines.kubernetes.diagnosis.quoting import plain
from submarine_ext.engines.kubernetes.kubeconfig import ClusterUnusable, Entry, forbidden
from submarine_ext.engines.kubernetes.settings import Settings

log = logging.getLogger(__name__)

GROUP = "client.authentication.k8s.io"
LIMIT = 60.0  # seconds; a plugin may ask a slow login service
LARGEST = 1 << 20  # bytes of its answer
NAMES = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "SYSTEMROOT"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "KUBECONFIG", "KUBECACHEDIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
}
PREFIXES = ("LC_", "XDG_", "AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "OCI_")


@dataclass(frozen=True)
class Credential:
    """What a plugin gave: parts of a kubeconfig's user, and when they end (epoch, UTC)."""

    user: dict[str, str]
    expires: float | None

    def __repr__(self) -> str:
        """Without what it holds."""
        return "Credential()"


def run(
    plugin: dict[str, Any], entry: Entry, settings: Settings, environ: Mapping[str, str]
) -> Credential:
    """Run it; blocks for up to a minute.

    :raises ClusterUnusable: it is not allowed, fails, or answers otherwise than it must.
    """
    command = str(plugin.get("command") or "")
    if command not in settings.credential_plugins:
        raise ClusterUnusable(
            f"{entry.origin} wants to run the program {command!r} for credentials, which is "
            "not allowed: an administrator can add it to the trait "
            "KubernetesEngine.credential_plugins."
        )
    version = str(plugin.get("apiVersion"))
    if version not in {f"{GROUP}/v1", f"{GROUP}/v1beta1"}:
        raise ClusterUnusable(f"{entry.origin} asks for plugins of {version}; v1 is needed.")
    if plugin.get("interactiveMode") == "Always":
        raise ClusterUnusable(f"The program {command!r} wants a terminal; a server has none.")
    argv = [_program(command, entry, settings, environ), *map(str, plugin.get("args") or [])]
    answer = _output(argv, _environment(plugin, entry, environ, version), entry.folder)
    return _credential(answer, version, command)


def _program(command: str, entry: Entry, settings: Settings, environ: Mapping[str, str]) -> str:
    """Its path: by $PATH, or relative to the kubeconfig where it has a slash, as kubectl."""
    if os.sep in command:
        found: str | None = str(entry.folder / command)
    else:
        folders = environ.get("PATH", os.defpath).split(os.pathsep)
        found = shutil.which(
            command, path=os.pathsep.join(part for part in folders if Path(part).is_absolute())
        )
    if found is None or not os.access(found, os.X_OK):
        raise ClusterUnusable(f"The program {command!r} of {entry.origin} is not installed.")
    if folder := forbidden(Path(found), settings.forbidden_folders):
        raise ClusterUnusable(f"The program {found} lies in {folder}, where people keep work.")
    return found


def _environment(
    plugin: dict[str, Any], entry: Entry, environ: Mapping[str, str], version: str
) -> dict[str, str]:
    """Little of ours: nothing of Jupyter's or this extension's secrets is among it."""
    own = {name: value for name, value in environ.items() if _harmless(name)}
    for item in plugin.get("env") or []:
        own[str(item.get("name"))] = str(item.get("value", ""))
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = _cluster(entry.cluster)
    told = {"apiVersion": version, "kind": "ExecCredential", "spec": spec}
    own["KUBERNETES_EXEC_INFO"] = msgspec.json.encode(told).decode()
    return own


def _harmless(name: str) -> bool:
    return name in NAMES or name.startswith(PREFIXES)


def _cluster(cluster: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: cluster[name]
        for name in ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
        if name in cluster
    }
    told["certificate-authority-data"] = cluster.get("certificate-authority-data")
    if not told["certificate-authority-data"] and cluster.get("certificate-authority"):
        authority = Path(cluster["certificate-authority"]).read_bytes()
        told["certificate-authority-data"] = base64.b64encode(authority).decode()
    for extension in cluster.get("extensions") or []:
        if extension.get("name") == f"{GROUP}/exec":
            told["config"] = extension.get("extension")
    return {name: value for name, value in told.items() if value is not None}


def _output(argv: list[str], environment: dict[str, str], folder: Path) -> bytes:
    try:
        process = subprocess.Popen(
            argv,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ClusterUnusable(f"The program {argv[0]} cannot be run: {error}") from error
    with process:
        try:
            out, complaint = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            raise ClusterUnusable(
                f"The program {argv[0]} gave no credentials within {LIMIT:.0f} seconds."
            ) from error
    if process.returncode != 0:
        # Everybody is told why a cluster is of no use; what a login says is not for everybody.
        log.warning("%s: %s", argv[0], plain(complaint[-500:].decode("utf-8", "replace"), 500))
        raise ClusterUnusable(
            f"The program {argv[0]} ended with code {process.returncode}; what it said is in the "
            "server's log."
        )
    if len(out) > LARGEST:
        raise ClusterUnusable(f"The program {argv[0]} answered with more than 1 MiB.")
    return out


def _credential(answer: bytes, version: str, command: str) -> Credential:
    try:
        told = msgspec.json.decode(answer, type=dict[str, Any])
        status = msgspec.convert(told.get("status"), dict[str, str | None])
        right = told.get("apiVersion") == version and told.get("kind") == "ExecCredential"
        expires = status.get("expirationTimestamp")
        until = datetime.fromisoformat(expires).timestamp() if expires else None
    except (msgspec.MsgspecError, ValueError) as error:
        raise ClusterUnusable(f"The program {command!r} answered no ExecCredential.") from error
    if not right:
        raise ClusterUnusable(f"The program {command!r} answered no ExecCredential {version}.")
    user = {}
    if token := status.get("token"):
        user["token"] = token
    certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
    if certificate and key:
        user["client-certificate-data"] = base64.b64encode(certificate.encode()).decode()
        user["client-key-data"] = base64.b64encode(key.encode()).decode()
    if not user:
        raise ClusterUnusable(f"The program {command!r} gave neither token nor certificate.")
    return Credential(user, until)
