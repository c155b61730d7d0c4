"""What a pod is told to do, and the files that do it there: the server's half of the launcher.

**The plan** is JSON, the same for all nodes, and lies beside the launcher in a ConfigMap:
nothing in it is secret. Environment variables and secrets reach the pod as its environment.

**The kit** is a miniature of this package: the same files in the same places, so the pod runs
what the tests here run, and ``from submarine_ext import track`` works there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from submarine_ext.engines.base import Task

_PACKAGE = Path(__file__).parents[3]
_POD = "engines/kubernetes/pod"
_FILES = (
    "domain/endings.py",
    "ranks.py",
    "runner.py",
    "track.py",
    "engines/local/job_path/submarine_ext/__init__.py",
    "engines/local/keep.py",
    "engines/local/nearest.py",
    "engines/local/pipes.py",
    "engines/local/ranks.py",
    "engines/local/scripts.py",
    "engines/local/tree.py",
    f"{_POD}/files.py",
    f"{_POD}/memory.py",
    f"{_POD}/program.py",
    f"{_POD}/stream.py",
    f"{_POD}/supervisor.py",
)


class Fetch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the pod gets a bundle (tar.gz) that is too large for ConfigMaps.

    Either ``path``, a file on a mounted volume, or ``url_from``, the name of an environment
    variable with a presigned URL: whoever has the URL has the files, so it travels in the
    job's Secret. ``sha256`` and ``size`` are the archive's.
    """

    sha256: str
    size: int
    path: str | None = None
    url_from: str | None = None


class Deliver(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the pod leaves files that are too large for its log.

    Each node makes one tar.gz. Either it becomes ``<folder>/node-<n>.tar.gz`` on a mounted
    volume, or it is put to one of the presigned URLs in the environment variable
    ``urls_from``, separated by spaces, one a node.
    """

    folder: str | None = None
    urls_from: str | None = None


def plan(
    task: Task,
    *,
    grace_seconds: float,
    max_framed: int,
    hosts: Sequence[str] = (),
    fetch: Fetch | None = None,
    deliver: Deliver | None = None,
) -> bytes:
    """The plan as JSON. ``hosts`` are the nodes' names in the cluster, by node; none where
    the operator tells them. ``grace_seconds`` is the pod's own, ``max_framed`` bytes.
    """
    spec = task.spec
    shape = spec.distributed
    told: dict[str, Any] = {
        "job": task.job,
        "attempt": task.attempt,
        "project": task.project,
        "framework": shape.framework,
        "nodes": shape.nodes,
        "processes": shape.processes_per_node,
        "hosts": list(hosts),
        "kind": spec.kind,
        spec.kind: getattr(spec, spec.kind),
        "args": spec.args,
        "parameters": spec.parameters,
        "workdir": spec.workdir,
        "outputs": spec.outputs,
        "timeout": spec.timeout_seconds,
        "own_home": "HOME" not in spec.env and "HOME" not in task.secrets,
        "grace": grace_seconds,
        "max_framed": max_framed,
        "fetch": fetch,
        "deliver": deliver,
    }
    return msgspec.json.encode(told)


def kit() -> dict[str, str]:
    """Path below ``<kit>`` → text. ``launcher.py`` is what the pod starts."""
    files = {f"submarine_ext/{name}": (_PACKAGE / name).read_text("utf-8") for name in _FILES}
    files["submarine_ext/__init__.py"] = ""  # an installed one must not be taken for the kit's
    files["launcher.py"] = (_PACKAGE / _POD / "launcher.py").read_text("utf-8")
    return files


def key(path: str) -> str:
    """The ConfigMap key of a kit's file (no slashes are allowed there)."""
    return posixpath.normpath(path).replace("/", "--")
