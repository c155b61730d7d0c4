"""What a queue of Kueue gives: whether a workload fits, and what is said where it does not.

Pure functions. Texts after Kueue 0.19 (kubernetes.md, diagnosis table).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .quantities import Amounts, Quantity, amounts, total, written
from .scheduling import requests
from .status import Object

#: resource → the field of ``spec`` in which its replicas stand, by role.
ROLES = {
    "pytorchjobs.kubeflow.org": "pytorchReplicaSpecs",
    "tfjobs.kubeflow.org": "tfReplicaSpecs",
    "xgboostjobs.kubeflow.org": "xgbReplicaSpecs",
    "mpijobs.kubeflow.org": "mpiReplicaSpecs",
}
#: What Kueue looks after where it is installed with its defaults.
BY_DEFAULT = ("jobs.batch", "trainjobs.trainer.kubeflow.org", "mpijobs.kubeflow.org")


@dataclass(frozen=True)
class Fit:
    """``flavor`` where it fits; else ``message``, and whether others could make room."""

    flavor: str = ""
    message: str = ""
    hopeless: bool = False


def pod_sets(resource: str, obj: Object) -> list[Object]:
    """The pods of a job, as its Workload lists them."""
    spec = obj["spec"]
    if resource == "jobs.batch":
        return [_set("main", spec.get("parallelism", 1), spec["template"])]
    if resource in ROLES:
        roles = spec[ROLES[resource]].items()
        return [_set(role.lower(), r.get("replicas", 1), r["template"]) for role, r in roles]
    trainer = spec.get("trainer") or {}
    container = {
        "name": "node",
        "image": "unknown",
        "resources": trainer.get("resourcesPerNode") or {},
    }
    template = {"spec": {"containers": [container]}}
    return [_set("node", trainer.get("numNodes", 1), template)]


def _set(name: str, count: int, template: Object) -> Object:
    return {"name": name, "count": count, "template": template}


def wanted(sets: Iterable[Object]) -> Amounts:
    """What all pods of a workload ask for together."""
    found: list[Amounts] = []
    for each in sets:
        pod = {name: a for name, a in requests(each["template"]).items() if name != "pods"}
        found += [pod] * each["count"]
    return total({}, *found)


def nominal(queue: Object) -> dict[str, Amounts]:
    """What a ClusterQueue has, by flavor."""
    found: dict[str, Amounts] = {}
    for group in queue["spec"].get("resourceGroups") or ():
        for flavor in group["flavors"]:
            quotas = {r["name"]: r["nominalQuota"] for r in flavor["resources"]}
            found.setdefault(flavor["name"], {}).update(amounts(quotas))
    return found


def fit(queue: Object, sets: Sequence[Object], used: dict[str, Amounts]) -> Fit:
    """Whether the workload may run now in a ClusterQueue of which so much is used."""
    need = {name: a for name, a in wanted(sets).items() if a.value}
    problems: list[str] = []
    hopeless = True
    flavors = nominal(queue)
    covered = {name for amounts_ in flavors.values() for name in amounts_}
    for name in need.keys() - covered:
        said = f"resource {name} unavailable in ClusterQueue"
        return Fit(message=_said(sets, [said]), hopeless=True)
    for flavor, has in flavors.items():
        found = [_problem(name, flavor, need[name], has, used.get(flavor, {})) for name in need]
        texts = [problem for problem in found if problem]
        if not texts:
            return Fit(flavor=flavor)
        hopeless = hopeless and any("maximum capacity" in text for text in texts)
        problems += texts
    return Fit(message=_said(sets, problems), hopeless=hopeless)


def _problem(name: str, flavor: str, need: Quantity, has: Amounts, used: Amounts) -> str:
    most, taken = has.get(name, Quantity()), used.get(name, Quantity())
    if most < need:
        return (
            f"insufficient quota for {name} in flavor {flavor}, previously considered podsets"
            f" requests (0) + current podset request ({need}) > maximum capacity ({most})"
        )
    more = taken + need - most
    if more.value > 0:
        return f"insufficient unused quota for {name} in flavor {flavor}, {more} more needed"
    return ""


def _said(sets: Sequence[Object], problems: Sequence[str]) -> str:
    name = sets[0]["name"]
    return f"couldn't assign flavors to pod set {name}: {', '.join(problems)}"


def admission(queue: str, sets: Sequence[Object], flavor: str) -> Object:
    """``status.admission`` of a workload."""
    found = []
    for each in sets:
        usage = {n: a for n, a in wanted([each]).items() if a.value}
        found.append({
            "name": each["name"],
            "count": each["count"],
            "flavors": dict.fromkeys(usage, flavor),
            "resourceUsage": written(usage),
        })  # fmt: skip
    return {"clusterQueue": queue, "podSetAssignments": found}
