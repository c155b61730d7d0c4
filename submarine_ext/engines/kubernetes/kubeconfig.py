"""Which kubeconfig is read, and the one context of it that is used.

A kubeconfig can name programs to run and hosts to send tokens to, so one from a folder in
which people keep their work is never read. Must not run or send anything.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_IWOTH
from typing import Any

from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.errors import SubmarineError

FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
LARGEST = 4 << 20  # bytes of a kubeconfig


class ClusterUnusable(SubmarineError):
    """There is no way to the cluster as it is set up; ``detail`` says what to change."""

    code = "cluster_unusable"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One context, its parts looked up; paths in it are absolute. ``origin`` is the file."""

    context: str
    origin: str
    folder: Path
    namespace: str
    cluster: dict[str, Any]
    user: dict[str, Any]
    identity: tuple[tuple[str, str], ...]


def paths(settings: Settings, environ: Mapping[str, str]) -> list[Path]:
    """The files to read, the first wins; empty where there is none.

    :raises ClusterUnusable: a path that is not allowed, or the chosen one does not exist.
    """
    if settings.kubeconfig:
        chosen = _allowed(settings.kubeconfig, settings, environ)
        if not chosen.is_file():
            raise ClusterUnusable(f"There is no kubeconfig {chosen}.")
        return [chosen]
    listed = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    named = listed or [str(_home(environ) / ".kube" / "config")]
    return [path for name in named if (path := _allowed(name, settings, environ)).is_file()]


def forbidden(path: Path, folders: list[str]) -> str | None:
    """The folder of people's files in which the path lies, itself or behind links; a hidden
    folder below it (``~/.kube``) is not people's: no Jupyter shows or writes it.
    """
    for folder in folders:
        for place, inside in (
            (Path(os.path.abspath(folder)), Path(os.path.abspath(path))),  # noqa: PTH100
            (Path(folder).resolve(), path.resolve()),
        ):
            if inside.is_relative_to(place):
                below = inside.relative_to(place).parts
                if not any(part.startswith(".") for part in below):
                    return folder
    return None


def read(files: list[Path], settings: Settings) -> Entry:
    """The context that is asked for, else the current one.

    :raises ClusterUnusable: it is not there, or holds what is not honoured.
    """
    documents = [(path, _parsed(path)) for path in files]
    wanted = settings.context or _current(documents)
    if not wanted:
        raise ClusterUnusable(
            f"{files[0]} has no current context: set the trait KubernetesEngine.context."
        )
    origin, context = _find(documents, "context", wanted)
    _, cluster = _find(documents, "cluster", str(context.get("cluster")))
    named = context.get("user")
    home, user = _find(documents, "user", str(named)) if named else (origin, {})
    if "auth-provider" in user:
        raise ClusterUnusable(
            f"{home} uses `auth-provider`, which Kubernetes removed: use an `exec` plugin."
        )
    return Entry(
        context=wanted,
        origin=str(home),
        folder=home.parent,
        namespace=str(context.get("namespace") or "default"),
        cluster=cluster,
        user=user,
        identity=_identity(user, home),
    )


def alone(entry: Entry, user: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A kubeconfig of just that context, its inline data written to private files in
    ``folder`` (mode 0700, by whoever made it).
    """
    keep = (*FILES, "token", "username", "password")
    return {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": _filed(entry.cluster, folder, entry.origin)}],
        "users": [
            {
                "name": "it",
                "user": {
                    name: value
                    for name, value in _filed(user, folder, entry.origin).items()
                    if name in keep
                },
            }
        ],
    }


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _allowed(name: str, settings: Settings, environ: Mapping[str, str]) -> Path:
    if name.startswith("~/"):
        name = str(_home(environ) / name[2:])
    path = Path(name)
    if not path.is_absolute():
        raise ClusterUnusable(
            f"The kubeconfig {name} is a relative path, which depends on where the server "
            "was started: give an absolute one."
        )
    if folder := forbidden(path, settings.forbidden_folders):
        raise ClusterUnusable(
            f"The kubeconfig {name} lies in {folder}, where people keep their work, and a "
            "kubeconfig can run programs: move it elsewhere, for example to ~/.kube/config."
        )
    return path


def _parsed(path: Path) -> dict[str, Any]:
    import yaml

    try:
        status = path.stat()
        if status.st_size > LARGEST:
            raise ClusterUnusable(f"{path} is no kubeconfig: it is larger than 4 MiB.")
        if status.st_mode & S_IWOTH:
            raise ClusterUnusable(
                f"Everybody on this machine may change {path}, and a kubeconfig can run programs: "
                f"chmod o-w {path}"
            )
        content = yaml.safe_load(path.read_text("utf-8"))  # type: ignore[no-untyped-call]
    except OSError as error:
        raise ClusterUnusable(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        # What YAML says of an error quotes the lines around it, which may hold the token.
        raise ClusterUnusable(f"{path} is no kubeconfig{_line(error)}.") from None
    if not isinstance(content, dict):
        raise ClusterUnusable(f"{path} is no kubeconfig.")
    return content


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f": line {mark.line + 1} is no YAML" if mark is not None else ""


def _current(documents: list[tuple[Path, dict[str, Any]]]) -> str | None:
    return next((str(name) for _, d in documents if (name := d.get("current-context"))), None)


def _find(
    documents: list[tuple[Path, dict[str, Any]]], kind: str, name: str
) -> tuple[Path, dict[str, Any]]:
    """The first entry of that name, and the file it stands in; relative paths made absolute."""
    for path, document in documents:
        for item in document.get(f"{kind}s") or []:
            if isinstance(item, dict) and item.get("name") == name:
                body = dict(item.get(kind) or {})
                for key in FILES:
                    if body.get(key):
                        body[key] = str(path.parent / str(body[key]))
                return path, body
    raise ClusterUnusable(f"{documents[0][0]} has no {kind} named {name!r}.")


def _identity(user: dict[str, Any], origin: Path) -> tuple[tuple[str, str], ...]:
    if user.get("as-user-extra"):
        raise ClusterUnusable(f"{origin} says `as-user-extra`, which is not supported.")
    name = user.get("as")
    if not name:
        if user.get("as-groups") or user.get("as-uid"):
            raise ClusterUnusable(f"{origin} says `as-groups` or `as-uid` but no `as`.")
        return ()
    found = [("Impersonate-User", str(name))]
    found += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    found += [("Impersonate-Uid", str(user["as-uid"]))] if user.get("as-uid") else []
    if not all(value.isprintable() and value == value.strip() for _, value in found):
        raise ClusterUnusable(f"{origin} says `as` with a name that cannot be sent.")
    return tuple(found)


def _filed(part: dict[str, Any], folder: Path, origin: str) -> dict[str, Any]:
    """``x-data: <base64>`` becomes ``x: <path>``; data wins over a path, as with kubectl."""
    filed = {name: value for name, value in part.items() if not name.endswith("-data")}
    for name in FILES:
        data = part.get(f"{name}-data")
        if data:
            path = folder / name
            try:
                path.write_bytes(base64.b64decode(data, validate=True))
            except (binascii.Error, ValueError, TypeError) as error:
                raise ClusterUnusable(f"{name}-data of {origin} is no base64.") from error
            filed[name] = str(path)
    return filed
