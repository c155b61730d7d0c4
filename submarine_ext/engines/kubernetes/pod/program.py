"""What a node's ranks run, and what they see: the plan and the container's environment in,
argument vector and variables out. The same spec means here what it means locally.

Standard library only, Python 3.8: this runs in pods.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from submarine_ext import ranks
from submarine_ext.engines.local import scripts

KIT = Path(ranks.__file__).parent
_NODE_RANK = ("SUBMARINE_NODE_RANK", "JOB_COMPLETION_INDEX", "PET_NODE_RANK", "RANK")


class Folders:
    """Where everything is, below the pod's ``workspace``."""

    def __init__(self, workspace: Path) -> None:
        self.root = workspace
        self.work = workspace / "work"
        self.home = workspace / "home"
        self.artifacts = workspace / "artifacts"
        self.fifos = workspace / ".submarine"


def node_rank(env: Mapping[str, str]) -> int:
    """Which node this is, as the Job controller or an operator says; 0 where nobody does."""
    for name in _NODE_RANK:
        if env.get(name, "").isdigit():
            return int(env[name])
    task = _tf_config(env).get("task", {})
    before = len(_chiefs(env)) if task.get("type") == "worker" else 0
    return int(task.get("index", 0)) + before


def addresses(plan: Mapping[str, Any], env: Mapping[str, str]) -> list[str]:
    """Where ranks find each other: here, on the plan's hosts, or where the operator says."""
    if plan["nodes"] == 1:
        return ranks.on_this_machine(plan["processes"])
    hosts = plan["hosts"] or _tf_hosts(env)
    port = env.get("PET_MASTER_PORT") or env.get("MASTER_PORT") or str(ranks.MEETING_PORT)
    found = ranks.spread(hosts, plan["processes"], int(port))
    master = env.get("PET_MASTER_ADDR") or env.get("MASTER_ADDR")
    return [f"{master}:{port}", *found[1:]] if master else found


def _tf_config(env: Mapping[str, str]) -> dict[str, Any]:
    try:
        told = json.loads(env.get("TF_CONFIG") or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _chiefs(env: Mapping[str, str]) -> list[str]:
    cluster = _tf_config(env).get("cluster", {})
    return [*cluster.get("chief", []), *cluster.get("master", [])]


def _tf_hosts(env: Mapping[str, str]) -> list[str]:
    workers = _tf_config(env).get("cluster", {}).get("worker", [])
    return [address.rpartition(":")[0] for address in [*_chiefs(env), *workers]]


def environment(
    plan: Mapping[str, Any], folders: Folders, env: Mapping[str, str]
) -> dict[str, str]:
    """What all ranks of this node see: the container's environment, and ours."""
    seen = {name: value for name, value in env.items() if not name.startswith("SUBMARINE_")}
    if plan["own_home"]:
        seen["HOME"] = str(folders.home)
    shim = str(KIT / "engines" / "local" / "job_path")
    return {
        **seen,
        "PATH": _joined(str(Path(sys.executable).parent), seen.get("PATH", os.defpath)),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": _joined(seen.get("PYTHONPATH"), shim),
        "SUBMARINE_JOB": plan["job"],
        "SUBMARINE_ATTEMPT": str(plan["attempt"]),
        "SUBMARINE_PROJECT": plan["project"],
        "SUBMARINE_RANKS": str(plan["nodes"] * plan["processes"]),
        "SUBMARINE_ARTIFACTS": str(folders.artifacts),
    }


def _joined(*folders: str | None) -> str:
    return os.pathsep.join(filter(None, folders))


def argv(plan: Mapping[str, Any], folders: Folders) -> list[str]:
    """What is executed for the job's kind; writes what the runner reads."""
    python, runner = sys.executable, str(KIT / "runner.py")
    if plan["kind"] == "command":
        return list(plan["command"])
    if plan["kind"] == "script":
        path = folders.work / plan["script"]
        return [*scripts.interpreter(path, python), str(path), *plan["args"]]
    if plan["kind"] == "notebook":
        notebook = folders.work / plan["notebook"]
        parameters = folders.root / "parameters.json"
        parameters.write_text(json.dumps(plan["parameters"]), encoding="utf-8")
        executed = folders.artifacts / notebook.name
        return [python, runner, "notebook", str(notebook), str(executed), str(parameters)]
    cell = folders.root / "cell.py"
    cell.write_text(plan["code"], encoding="utf-8")
    return [python, runner, "cell", str(cell)]
