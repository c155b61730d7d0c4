"""Whether a pod fits a node, and what the scheduler says where it fits none.

Pure functions of nodes, pods and claims. The texts are those of recordings/scheduling.json;
the order of the checks is that of the default plugins, a node counts under the first that
refuses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .quantities import Amounts, Quantity, amounts, greatest, total
from .status import Object

HOSTNAME = "kubernetes.io/hostname"
UNHELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
TERMINAL = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Refusal:
    """Why a node does not do. ``final``: the end of other pods would not help."""

    reasons: tuple[str, ...]
    final: bool = True


def requests(pod: Object) -> Amounts:
    """What the pod asks of a node."""

    def of(container: Object) -> Amounts:
        resources = container.get("resources") or {}
        return amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})

    spec = pod["spec"]
    running = total(*map(of, spec["containers"]))
    starting = greatest({}, *map(of, spec.get("initContainers") or ()))
    return {**greatest(running, starting), "pods": Quantity.of(1)}


def occupies(pod: Object, node: str) -> bool:
    """Whether the pod takes room on the node."""
    on_it = pod["spec"].get("nodeName") == node
    return on_it and (pod.get("status") or {}).get("phase") not in TERMINAL


def refusal(
    pod: Object, node: Object, others: Sequence[Object], used: Amounts | None = None
) -> Refusal | None:
    """The first thing that speaks against the node; ``others`` are the pods that are on it,
    ``used`` what they ask for together.
    """
    spec = pod["spec"]
    if node["spec"].get("unschedulable"):
        return Refusal(("node(s) were unschedulable",))
    if not tolerates(spec.get("tolerations") or (), _hard_taints(node)):
        return Refusal(("node(s) had untolerated taint(s)",))
    if not _matches(spec, node["metadata"].get("labels") or {}):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",))
    wanted = _host_ports([pod])
    if wanted and wanted & _host_ports(others):
        text = "node(s) didn't have free ports for the requested pod ports"
        return Refusal((text,), final=False)
    used = total({}, *map(requests, others)) if used is None else used
    return _no_room(pod, node, used) or _apart(pod, node, others)


def _hard_taints(node: Object) -> list[Object]:
    taints = node["spec"].get("taints") or []
    return [taint for taint in taints if taint["effect"] in {"NoSchedule", "NoExecute"}]


def tolerates(tolerations: Iterable[Object], taints: Iterable[Object]) -> bool:
    """Whether each taint is tolerated."""
    return all(any(_one(each, taint) for each in tolerations) for taint in taints)


def _one(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in {None, "", taint["effect"]}:
        return False
    if toleration.get("key") not in {None, "", taint["key"]}:
        return False
    exists = toleration.get("operator", "Equal") == "Exists"
    return exists or toleration.get("value", "") == taint.get("value", "")


def _matches(spec: Object, labels: Mapping[str, str]) -> bool:
    selector = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    terms = required["nodeSelectorTerms"]
    return any(all(fits(e, labels) for e in t.get("matchExpressions") or ()) for t in terms)


def fits(expression: Object, labels: Mapping[str, str]) -> bool:
    """One ``matchExpressions`` entry."""
    value, wanted = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and int(value) > int(wanted[0])
        case _:
            return value is not None and int(value) < int(wanted[0])


def _host_ports(pods: Iterable[Object]) -> set[int]:
    containers = [container for pod in pods for container in pod["spec"]["containers"]]
    ports = [port.get("hostPort") for c in containers for port in c.get("ports") or ()]
    return {port for port in ports if port}


def _no_room(pod: Object, node: Object, used: Amounts) -> Refusal | None:
    has = amounts(node["status"]["allocatable"])
    none = Quantity()
    wanted = {name: amount for name, amount in requests(pod).items() if amount.value}
    short = [n for n, a in wanted.items() if has.get(n, none) < used.get(n, none) + a]
    if not short:
        return None
    never = any(has.get(name, none) < wanted[name] for name in short)
    reasons = ["Too many pods" if name == "pods" else f"Insufficient {name}" for name in short]
    return Refusal(tuple(reasons), final=never)


def _apart(pod: Object, node: Object, others: Sequence[Object]) -> Refusal | None:
    spec, labels = pod["spec"], node["metadata"].get("labels") or {}
    for spread in spec.get("topologySpreadConstraints") or ():
        if spread["whenUnsatisfiable"] == "DoNotSchedule" and spread["topologyKey"] not in labels:
            text = "node(s) didn't match pod topology spread constraints (missing required label)"
            return Refusal((text,))
    away = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    for term in away.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
        selector = term.get("labelSelector") or {}
        if term["topologyKey"] in labels and any(_selected(selector, each) for each in others):
            return Refusal(("node(s) didn't match pod anti-affinity rules",), final=False)
    return None


def _selected(selector: Object, pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    exact = (selector.get("matchLabels") or {}).items()
    rules = selector.get("matchExpressions") or ()
    return all(labels.get(k) == v for k, v in exact) and all(fits(r, labels) for r in rules)


def message(refusals: Sequence[Refusal], *, preempting: bool = False) -> str:
    """The words of PodScheduled=False and of FailedScheduling."""
    count = f"0/{len(refusals)} nodes are available"
    reasons = _counted(reason for refusal in refusals for reason in refusal.reasons)
    if preempting:
        return f"{count}: {reasons}."
    tries = _counted(UNHELPFUL if refusal.final else NO_VICTIMS for refusal in refusals)
    return f"{count}: {reasons}. no new claims to deallocate, preemption: {count}: {tries}."


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))


def claim_problem(pod: Object, claims: Mapping[str, Object]) -> str | None:
    """What is wrong with the pod's volumes before any node is asked."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" not in volume:
            continue
        name = volume["persistentVolumeClaim"]["claimName"]
        if name not in claims:
            return f'persistentvolumeclaim "{name}" not found'
        if (claims[name].get("status") or {}).get("phase") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None


def priority(pod: Object) -> int:
    return int(pod["spec"].get("priority") or 0)


def victims(pod: Object, node: Object, others: Sequence[Object]) -> list[Object] | None:
    """The fewest pods of lower priority that must end; None where even all do not help."""
    lower = sorted((p for p in others if priority(p) < priority(pod)), key=priority)
    for count in range(1, len(lower) + 1):
        if refusal(pod, node, [p for p in others if p not in lower[:count]]) is None:
            return lower[:count]
    return None
