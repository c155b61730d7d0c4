"""Which server to talk to, and with which credential, when nobody said so.

In order: what was given; ``SUBMARINE_URL``/``SUBMARINE_TOKEN``; the JupyterHub server this
process belongs to; the Jupyter server that started this kernel or terminal; any server of
this user that runs, the one whose folder holds the working folder first, then the newest.
Only candidates are found here; :mod:`submarine_ext.client.transport` tries them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from jupyter_core.paths import jupyter_runtime_dir
from msgspec import Struct

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_EVERYWHERE = {"", "*", "0.0.0.0", "::"}  # noqa: S104  addresses to recognise, not to listen on


class Server(Struct, frozen=True):
    """A Jupyter server: ``url`` with its base path and a closing slash.

    ``local`` says that it runs on this machine, so that its paths mean the same here.
    """

    url: str
    token: str = ""
    local: bool = False

    def __repr__(self) -> str:
        """Without the token: what is shown in a notebook is saved and shared."""
        return f"Server({self.url!r})"

    @property
    def loopback(self) -> bool:
        """Whether the connection never leaves this machine (so no proxy may be asked)."""
        return urlsplit(self.url).hostname in LOOPBACK


def given(url: str | None, token: str | None, environ: Mapping[str, str]) -> Server | None:
    """The server somebody named, in the call or in the environment; None: nobody did."""
    url = url or environ.get("SUBMARINE_URL")
    if not url:
        return None
    token = token or environ.get("SUBMARINE_TOKEN")
    known = next((s for s in running() if _same(s.url, url)), None)
    if token is None:
        token = known.token if known else ""
    named = Server(url.rstrip("/") + "/", token)
    return Server(named.url, token, local=known is not None or named.loopback)


def candidates(token: str | None, environ: Mapping[str, str]) -> Iterator[Server]:
    """Servers worth trying, the most likely first, each once."""
    token = token or environ.get("SUBMARINE_TOKEN")
    seen = set()
    for server in (*_of_hub(environ), *_of_parent(environ), *running()):
        if server.url not in seen:
            seen.add(server.url)
            yield Server(server.url, token or server.token, server.local)


def running() -> list[Server]:
    """Jupyter servers of this user that seem alive, by their runtime files."""
    infos = [info for info in _runtime_files() if _alive(info)]
    infos.sort(key=_likeliness, reverse=True)
    return [_server(info) for info in infos]


def _of_hub(environ: Mapping[str, str]) -> list[Server]:
    url, token = environ.get("JUPYTERHUB_SERVICE_URL"), environ.get("JUPYTERHUB_API_TOKEN")
    if not url or not token or not environ.get("JUPYTERHUB_USER"):
        return []
    return [Server(_reachable(url), token, local=True)]


def _of_parent(environ: Mapping[str, str]) -> list[Server]:
    """The server that started this kernel (by its process id) or terminal (by its URL)."""
    pid, url = environ.get("JPY_PARENT_PID"), environ.get("JUPYTER_SERVER_URL", "")
    infos = list(_runtime_files())
    kernels = [i for i in infos if str(i.get("pid")) == pid]
    terminals = [i for i in infos if url and _same(str(i["url"]), url)]
    return [_server(info) for info in (*kernels, *terminals)]


def _runtime_files() -> Iterator[dict[str, Any]]:
    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            info = json.loads(path.read_text())
            if info["url"] and not info.get("sock"):
                yield {**info, "changed": path.stat().st_mtime}
        except (OSError, ValueError, KeyError, TypeError):
            continue  # being written, or not ours


def _alive(info: dict[str, Any]) -> bool:
    try:
        os.kill(int(info["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, KeyError):
        return False
    return True


def _likeliness(info: dict[str, Any]) -> tuple[int, float]:
    root = str(info.get("root_dir", ""))
    inside = Path.cwd().is_relative_to(root) if root else False
    return len(root) if inside else -1, info["changed"]


def _server(info: dict[str, Any]) -> Server:
    return Server(_reachable(info["url"]), str(info.get("token") or ""), local=True)


def _reachable(url: str) -> str:
    """A URL to connect to: a server bound to every address is met on loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _EVERYWHERE:
        netloc = f"127.0.0.1:{parts.port}" if parts.port else "127.0.0.1"
        parts = parts._replace(netloc=netloc)
    return urlunsplit(parts._replace(query="", fragment="")).rstrip("/") + "/"


def _same(one: str, other: str) -> bool:
    a, b = urlsplit(_reachable(one)), urlsplit(_reachable(other))
    local = a.hostname in LOOPBACK and b.hostname in LOOPBACK
    return (a.port, a.path) == (b.port, b.path) and (local or a.hostname == b.hostname)
