"""What the API server refuses in a Job, and what of a Job may change later."""

from __future__ import annotations

import json
from collections.abc import Iterator

from . import validation_pods
from .status import Cause, Object

INVALID = "FieldValueInvalid"
UNSUPPORTED = "FieldValueNotSupported"
IDENTITY = ("batch.kubernetes.io/controller-uid", "controller-uid")


def of_new(obj: Object) -> list[Cause]:
    return [
        *_identity(obj),
        *_pod_names(obj),
        *_numbers(obj["spec"]),
        *_template(obj),
        *_failure_policy(obj["spec"]),
        *_success_policy(obj["spec"]),
    ]


def warnings(obj: Object) -> list[str]:
    if "." not in obj["metadata"]["name"]:
        return []
    return [
        "metadata.name: this is used in Pod names and hostnames, which can result in surprising"
        " behavior; a DNS label is recommended: [must not contain dots]"
    ]


def _identity(obj: Object) -> Iterator[Cause]:
    """The name is a label's value too (after the recordings: said twice, as two labels)."""
    name = obj["metadata"]["name"]
    if len(name) > 63:
        said = f'Invalid value: "{name}": must be no more than 63 bytes'
        yield Cause("spec.template.labels", INVALID, said)
        yield Cause("spec.template.labels", INVALID, said)


def _pod_names(obj: Object) -> Iterator[Cause]:
    spec, name = obj["spec"], obj["metadata"]["name"]
    if spec.get("completionMode") != "Indexed" or not spec.get("completions"):
        return
    last = f"{name}-{spec['completions'] - 1}"
    if len(last) > 63:
        said = (
            f'Invalid value: "{name}": will not able to create pod with invalid DNS label: {last}'
        )
        yield Cause("metadata.name", INVALID, said)


def _numbers(spec: Object) -> Iterator[Cause]:
    for field in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds",
                  "ttlSecondsAfterFinished"):  # fmt: skip
        value = spec.get(field)
        if value is not None and value < 0:
            said = f"Invalid value: {value}: must be greater than or equal to 0"
            yield Cause(f"spec.{field}", INVALID, said)
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        said = "Required value: when completion mode is Indexed"
        yield Cause("spec.completions", "FieldValueRequired", said)


def _template(obj: Object) -> list[Cause]:
    spec, path = obj["spec"]["template"]["spec"], "spec.template.spec"
    found = validation_pods.of_spec(spec, path)
    policy = obj["spec"].get("podFailurePolicy")
    if spec.get("restartPolicy") not in {"OnFailure", "Never"}:
        said = 'Required value: valid values: "OnFailure", "Never"'
        found.append(Cause(f"{path}.restartPolicy", "FieldValueRequired", said))
    elif policy and spec["restartPolicy"] != "Never":
        said = (
            f'Invalid value: "{spec["restartPolicy"]}": only "Never" is supported when'
            " podFailurePolicy is specified"
        )
        found.append(Cause(f"{path}.restartPolicy", INVALID, said))
    return found


def _failure_policy(spec: Object) -> Iterator[Cause]:
    policy = spec.get("podFailurePolicy")
    if not policy:
        return
    template = spec["template"]["spec"]
    names = {c.get("name") for kind in ("containers", "initContainers")
             for c in template.get(kind) or []}  # fmt: skip
    for index, rule in enumerate(policy.get("rules") or []):
        yield from _exit_codes(rule, f"spec.podFailurePolicy.rules[{index}].onExitCodes", names)
    replacement = spec.get("podReplacementPolicy")
    if replacement != "Failed":
        said = f'Unsupported value: "{replacement}": supported values: "Failed"'
        yield Cause("spec.podReplacementPolicy", UNSUPPORTED, said)


def _exit_codes(rule: Object, path: str, names: set[str | None]) -> Iterator[Cause]:
    codes = rule.get("onExitCodes") or {}
    container = codes.get("containerName")
    if container is not None and container not in names:
        said = "must be one of the container or initContainer names in the pod template"
        yield Cause(f"{path}.containerName", INVALID, f'Invalid value: "{container}": {said}')
    if codes.get("operator") == "In" and 0 in (codes.get("values") or []):
        place = codes["values"].index(0)
        said = "Invalid value: 0: must not be 0 for the In operator"
        yield Cause(f"{path}.values[{place}]", INVALID, said)


def _success_policy(spec: Object) -> Iterator[Cause]:
    policy = spec.get("successPolicy")
    if not policy:
        return
    if spec.get("completionMode") != "Indexed":
        shown = [
            {"SucceededIndexes": r.get("succeededIndexes"),
             "SucceededCount": r.get("succeededCount")}
            for r in policy.get("rules", [])
        ]  # fmt: skip
        said = json.dumps({"Rules": shown}, separators=(",", ":"))
        yield Cause("spec.successPolicy", INVALID,
                    f"Invalid value: {said}: requires indexed completion mode")  # fmt: skip
        return
    for index, rule in enumerate(policy.get("rules", [])):
        text = rule.get("succeededIndexes") or ""
        for part in filter(None, text.replace("-", ",").split(",")):
            if int(part) >= spec["completions"]:
                said = f'error parsing succeededIndexes: too large index: "{part}"'
                path = f"spec.successPolicy.rules[{index}].succeededIndexes"
                yield Cause(path, INVALID, f'Invalid value: "{text}": {said}')


def of_other_uid(obj: Object, uid: str) -> list[Cause]:
    """The labels and the selector that were made of the uid."""
    spec = obj["spec"]
    labels = json.dumps(spec["template"]["metadata"]["labels"], separators=(",", ":"))
    selector = json.dumps(spec["selector"], separators=(",", ":"))
    said = f"Invalid value: {labels}: must be '{uid}'"
    path = "spec.template.metadata.labels"
    return [
        *(Cause(f"{path}[{name}]", INVALID, said) for name in reversed(IDENTITY)),
        Cause(
            "spec.selector", INVALID, f"Invalid value: {selector}: `selector` not auto-generated"
        ),
    ]


def of_change(obj: Object, was: Object) -> list[Cause]:
    """Immutable fields; the template's scheduling may change before a suspended Job starts."""
    new, old = obj["spec"], was["spec"]
    found = [*_numbers(new), *_failure_policy(new)]
    for field in ("completions", "selector", "completionMode", "podFailurePolicy",
                  "successPolicy", "backoffLimitPerIndex", "managedBy"):  # fmt: skip
        if new.get(field) != old.get(field) and not _elastic(field, new, old):
            shown = json.dumps(new.get(field), separators=(",", ":"))
            found.append(Cause(f"spec.{field}", INVALID,
                               f"Invalid value: {shown}: field is immutable"))  # fmt: skip
    free = bool(old.get("suspend")) and not (was.get("status") or {}).get("startTime")
    if _fixed(new["template"], free=free) != _fixed(old["template"], free=free):
        shown = json.dumps(new["template"].get("spec"), separators=(",", ":"))
        path = "spec.template.spec" if free else "spec.template"
        found.append(Cause(path, INVALID,
                           f"Invalid value: {shown}: field is immutable"))  # fmt: skip
    return found


def _elastic(field: str, new: Object, old: Object) -> bool:
    """Elastic Indexed Jobs: completions may follow parallelism."""
    indexed = old.get("completionMode") == "Indexed"
    return field == "completions" and indexed and new["completions"] == new["parallelism"]


def _fixed(template: Object, *, free: bool) -> Object:
    """What of a template may not change; less while a suspended Job never started."""
    if not free:
        return template
    spec = dict(template["spec"])
    for field in ("nodeSelector", "tolerations", "affinity", "schedulingGates"):
        spec.pop(field, None)
    for kind in ("containers", "initContainers"):
        spec[kind] = [{**c, "resources": {}} for c in spec.get(kind) or []]
    return {"spec": spec}
