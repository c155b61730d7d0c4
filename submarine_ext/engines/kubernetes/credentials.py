"""Where the cluster is and what proves who we are: from a kubeconfig, or a pod's files.

Blocking, so it runs in a worker thread. A kubeconfig is code: which file is read and which
plugin runs is decided here and in ``kubeconfig.py``/``plugins.py``; the package `kubernetes`
gets one context with one plain credential in it and never runs anything.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from submarine_ext.engines.kubernetes import kubeconfig, plugins
from submarine_ext.engines.kubernetes.kubeconfig import ClusterUnusable, Entry
from submarine_ext.engines.kubernetes.settings import Settings

POD_FILES = Path("/var/run/secrets/kubernetes.io/serviceaccount")
REREAD = 60.0  # seconds that a token from a file is used before the file is read again
EARLY = 60.0  # seconds before its end that a credential is renewed, at most a tenth of its life

__all__ = ["Access", "ClusterUnusable", "load"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Access:
    """All that a request needs. Times are seconds since the epoch; ``notes`` are sentences
    for an administrator, ``source`` says where it comes from.
    """

    host: str
    namespace: str
    source: str
    authorization: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: str | None = None
    identity: tuple[tuple[str, str], ...] = ()  # Impersonate-* of the kubeconfig's `as:`
    expires: float | None = None
    renew_at: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header that proves who we are."""
        return [] if self.authorization is None else [("Authorization", self.authorization)]


def load(settings: Settings, environ: Mapping[str, str] = os.environ) -> Access:
    """Read the credentials anew. Blocks: files, and a plugin that may take a minute.

    :raises ClusterUnusable: there are none, or they may not be used; says what to do.
    """
    paths = [] if settings.in_cluster else kubeconfig.paths(settings, environ)
    if settings.in_cluster or (settings.in_cluster is None and not paths and _in_pod(environ)):
        return _pod(settings, environ)
    if not paths:
        raise ClusterUnusable(
            "There is no kubeconfig: set the trait KubernetesEngine.kubeconfig or $KUBECONFIG."
        )
    try:
        return _kubeconfig(kubeconfig.read(paths, settings), settings, environ)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A list where a mapping belongs, and the like; its words might quote what is secret.
        raise ClusterUnusable(f"{paths[0]} is no kubeconfig: a part of it has no sense.") from error


def _in_pod(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (POD_FILES / "token").is_file()


def _pod(settings: Settings, environ: Mapping[str, str]) -> Access:
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        token = (POD_FILES / "token").read_text("utf-8").strip()
        tls = _context(str(POD_FILES / "ca.crt"), None, verify=True)
    except (OSError, ssl.SSLError) as error:
        raise ClusterUnusable(
            "This server has no service account of a cluster (trait KubernetesEngine."
            f"in_cluster): {error}"
        ) from error
    if not host:
        raise ClusterUnusable("$KUBERNETES_SERVICE_HOST is not set: this is no pod.")
    return Access(
        host=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=settings.namespace or _pod_namespace(),
        source="the service account of this pod",
        authorization=f"Bearer {token}",
        tls=tls,
        renew_at=time.time() + REREAD,
    )


def _pod_namespace() -> str:
    try:
        return (POD_FILES / "namespace").read_text("utf-8").strip() or "default"
    except OSError:
        return "default"


def _kubeconfig(entry: Entry, settings: Settings, environ: Mapping[str, str]) -> Access:
    if not entry.cluster.get("server"):  # the package would take this machine for it
        raise ClusterUnusable(f"{entry.origin} does not say where the cluster is: no `server`.")
    now = time.time()
    user, expires = dict(entry.user), None
    if plugin := user.pop("exec", None):
        found = plugins.run(plugin, entry, settings, environ)
        user, expires = {**user, **found.user}, found.expires
    with tempfile.TemporaryDirectory(prefix="submarine-kube-") as folder:
        read = _through_library(kubeconfig.alone(entry, user, Path(folder)))
        tls = _tls(read, entry)
    authorization = _authorization(read)
    _refuse_login(read.host, entry)
    _refuse_plain(read.host, authorization)
    reread = now + REREAD if "tokenFile" in user else None
    return Access(
        host=read.host,
        namespace=settings.namespace or entry.namespace,
        source=f"the context {entry.context} of {entry.origin}",
        authorization=authorization,
        tls=tls,
        server_name=entry.cluster.get("tls-server-name"),
        proxy=_proxy(read.host, entry),
        identity=entry.identity,
        expires=expires,
        renew_at=expires - min(EARLY, (expires - now) / 10) if expires else reread,
        notes=_notes(entry),
    )


def _through_library(config: dict[str, Any]) -> Any:
    """What the package makes of one context. Files only are named in it, so that the package
    keeps no copies of keys; credentials are plain, so that it has nothing to run.
    """
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config_from_dict

    read = Configuration()
    try:
        load_kube_config_from_dict(  # type: ignore[no-untyped-call]
            config, client_configuration=read, persist_config=False
        )
    except (ConfigException, OSError, ValueError) as error:
        raise ClusterUnusable(f"The kubeconfig cannot be used: {error}") from error
    return read


def _authorization(read: Any) -> str | None:
    setting = read.auth_settings().get("BearerToken")
    value = setting and setting["value"]
    if not value:
        return None
    if not value.isprintable() or value != value.strip():
        raise ClusterUnusable("The token of the kubeconfig is not one line of text.")
    return str(value)


def _tls(read: Any, entry: Entry) -> ssl.SSLContext | None:
    if not read.host.startswith("https://"):
        return None
    try:
        pair = (read.cert_file, read.key_file) if read.cert_file else None
        return _context(read.ssl_ca_cert, pair, verify=bool(read.verify_ssl))
    except (OSError, ssl.SSLError) as error:
        raise ClusterUnusable(
            f"A certificate or key of {entry.origin} cannot be used: {error}"
        ) from error


def _context(
    authority: str | None, pair: tuple[str, str | None] | None, *, verify: bool
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    # Certificates of many clusters lack what Python 3.13 began to demand (RFC 5280 strictly).
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if pair is not None:
        context.load_cert_chain(*pair)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refuse_login(host: str, entry: Entry) -> None:
    """The server's URL is shown to people."""
    if "@" in urlsplit(host).netloc:
        raise ClusterUnusable(
            f"The server's URL of {entry.origin} has a name or password in it: put them into "
            "`username` and `password` of its user."
        )


def _refuse_plain(host: str, authorization: str | None) -> None:
    if host.startswith("http://") and authorization and not _loopback(urlsplit(host).hostname):
        raise ClusterUnusable(f"{host} is not encrypted: no credentials are sent there. Use https.")


def _loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def _proxy(host: str, entry: Entry) -> str | None:
    """The kubeconfig's own, else the environment's, as kubectl has it."""
    place = urlsplit(host)
    proxy = entry.cluster.get("proxy-url")
    if proxy is None and not proxy_bypass(place.netloc):
        proxy = getproxies_environment().get(place.scheme)
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        raise ClusterUnusable(f"The proxy of {entry.origin} is neither http nor https.")
    return proxy or None


def _notes(entry: Entry) -> tuple[str, ...]:
    if not entry.cluster.get("insecure-skip-tls-verify"):
        return ()
    return (
        f"The server's certificate is not checked: {entry.origin} says "
        "insecure-skip-tls-verify. Anybody on the way can read and change everything; give "
        "the cluster's certificate-authority instead.",
    )
