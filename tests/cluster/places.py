"""Where a pod's mounts, names and ports lie on this machine, and the text that says so.

A local process has no mount namespace and no cluster DNS. So the mount paths in commands,
arguments, variables and ConfigMap texts are replaced by folders, the names of pods and
Services by 127.0.0.1, and their ports by free ones, the same for everybody who names them.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Object = dict[str, Any]
#: Replaced in every pod, mounted or not.
ALWAYS = ("/submarine", "/workspace", "/tmp")
#: They exist on this machine as well as in a container.
REAL = ("/dev/shm",)
PORT = re.compile(r"(?:^|_)PORT$")


class Ports:
    """A free port of this machine for each host name and port of the cluster."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], tuple[int, socket.socket]] = {}

    def __getitem__(self, of: tuple[str, str]) -> str:
        if of not in self._given:
            held = socket.socket()
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", 0))
            self._given[of] = (held.getsockname()[1], held)
            held.close()
        return str(self._given[of][0])


class Names:
    """The DNS names of a namespace's Services and of the pods behind them."""

    def __init__(self, namespace: str, services: Iterable[Object], ports: Ports) -> None:
        known = "|".join(re.escape(service["metadata"]["name"]) for service in services)
        domain = rf"(?:\.{re.escape(namespace)}(?:\.svc(?:\.cluster\.local)?)?)?"
        name = rf"((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)?(?:{known})){domain}(?![\w-]|\.\w)"
        self._with_port = re.compile(rf"(?<![\w.-]){name}:(\d+)(?!\d)") if known else None
        self._alone = re.compile(rf"(?<![\w.-]){name}(?!:\d)") if known else None
        self._namespace, self._ports = namespace, ports

    def local(self, text: str, *, bare: bool) -> str:
        """The text with local addresses. ``bare``: also a Service's own name (in a variable);
        elsewhere such a word may mean something else.
        """
        if self._with_port is None or self._alone is None:
            return text

        def with_port(match: re.Match[str]) -> str:
            return f"127.0.0.1:{self._ports[self._full(match[1]), match[2]]}"

        def alone(match: re.Match[str]) -> str:
            return "127.0.0.1" if "." in match[1] or bare else match[0]

        return self._alone.sub(alone, self._with_port.sub(with_port, text))

    def variables(self, given: Mapping[str, str]) -> dict[str, str]:
        """All variables made local; a port of its own (MASTER_PORT) belongs to the one name."""
        hosts = [host for value in given.values() if (host := self._host(value))]
        found = {key: self.local(value, bare=True) for key, value in given.items()}
        for key, value in given.items():
            if hosts and PORT.search(key) and value.isdigit() and int(value):
                found[key] = self._ports[hosts[0], value]
        return found

    def _host(self, value: str) -> str | None:
        match = self._alone.fullmatch(value) if self._alone is not None else None
        return self._full(match[1]) if match else None

    def _full(self, name: str) -> str:
        return f"{name}.{self._namespace}"


class Folders:
    """The paths of one container: ``root`` stands for ``/``."""

    def __init__(self, root: Path, mounts: Iterable[str]) -> None:
        tops = {"/" + path.strip("/").split("/")[0] for path in mounts if path not in REAL}
        self.root = root
        self._tops = {top for top in {*tops, *ALWAYS} if top != "/dev"}
        words = "|".join(sorted((re.escape(top) for top in self._tops), reverse=True))
        self._pattern = re.compile(rf"(?<![\w.\-/])({words})(?![\w.\-])(/[\w.\-]+)?")

    def local(self, text: str) -> str:
        """The text with the folders of this machine in place of the container's."""
        text = text.replace("/dev/termination-log", str(self.root / "termination-log"))
        return self._pattern.sub(self._here, text)

    def _here(self, match: re.Match[str]) -> str:
        """A test may hand its own folder below /tmp to a pod: such a path is meant as it is."""
        top, below = match[1], match[2] or ""
        if top == "/tmp" and below and Path(top + below).exists():
            return match[0]
        return f"{self.root}{top}{below}"

    def path(self, inside: str) -> Path:
        """A path of the container on this machine."""
        if any(inside == top or inside.startswith(f"{top}/") for top in self._tops):
            return self.root / inside.lstrip("/")
        return Path(inside)
