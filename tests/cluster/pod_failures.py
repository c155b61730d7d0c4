"""What a Job's podFailurePolicy says of a failed pod: the rule's action, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable

from .conditions import condition
from .status import Object


def match(policy: Object | None, pod: Object) -> tuple[str | None, str]:
    """The action of the first rule of a podFailurePolicy that fits, and the words for it."""
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    if policy is None or pod["status"]["phase"] != "Failed":
        return None, ""
    for number, rule in enumerate(policy["rules"]):
        action = rule["action"]
        tail = f"matching {action} rule at index {number}"
        for wanted in rule.get("onPodConditions") or ():
            found = condition(pod["status"], wanted["type"])
            if found is not None and found["status"] == wanted.get("status", "True"):
                return action, f"Pod {name} has condition {wanted['type']} {tail}"
        exits = _exit_codes(pod, rule["onExitCodes"]) if rule.get("onExitCodes") else ()
        for container, code in exits:
            text = f"Container {container} for pod {name} failed with exit code {code} {tail}"
            return action, text
    return None, ""


def _exit_codes(pod: Object, rule: Object) -> Iterable[tuple[str, int]]:
    """The containers that ended with a code of the rule; 0 is no failure."""
    status = pod["status"]
    for found in (status.get("initContainerStatuses") or []) + status.get("containerStatuses", []):
        ended = found["state"].get("terminated")
        if ended is None or not ended["exitCode"]:
            continue
        if rule.get("containerName") not in {None, found["name"]}:
            continue
        if (ended["exitCode"] in rule["values"]) == (rule["operator"] == "In"):
            yield found["name"], ended["exitCode"]
