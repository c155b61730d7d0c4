"""Label and field selectors: text to a predicate, refused in the real server's words.

Knows nothing of storage. Field selectors allow what the kind allows, no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from .kinds import Resource
from .status import Object, bad_request

Matches = Callable[[Object], bool]
Labels = Mapping[str, str]

_TOKEN = re.compile(r"\s*(!=|==|=|!|\(|\)|,|>|<|[^\s=!(),<>]+)")

#: kind → fields that may be selected besides metadata.name and metadata.namespace.
FIELDS: dict[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
        "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ),
    "events.events.k8s.io": (
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid",
        "regarding.apiVersion", "regarding.resourceVersion", "regarding.fieldPath", "reason",
        "reportingController", "type",
    ),
    "jobs.batch": ("status.successful",),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
}  # fmt: skip


def matcher(labels: str, fields: str, resource: Resource) -> Matches:
    """One predicate of both selectors."""
    of_labels, of_fields = label_selector(labels), field_selector(fields, resource)
    if not of_labels and not of_fields:
        return lambda _: True

    def matches(obj: Object) -> bool:
        found = obj["metadata"].get("labels") or {}
        return all(rule(found) for rule in of_labels) and all(rule(obj) for rule in of_fields)

    return matches


def label_selector(text: str) -> list[Callable[[Labels], bool]]:
    """Rules of ``a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1``."""
    tokens = _Tokens(text)
    rules = []
    while tokens.left:
        rules.append(_requirement(tokens))
        if tokens.left:
            tokens.expect(",", "',' or 'end of string'")
    return rules


def _requirement(tokens: _Tokens) -> Callable[[Labels], bool]:
    if tokens.next == "!":
        tokens.take()
        return partial(_absent, tokens.take_word())
    key, operator = tokens.take_word(), tokens.next
    if operator in {"", ","}:
        return partial(_present, key)
    tokens.take()
    if operator in {"=", "=="}:
        return partial(_equal, key, tokens.take_value())
    if operator == "!=":
        return partial(_different, key, tokens.take_value())
    if operator in {"in", "notin"}:
        return partial(_in if operator == "in" else _not_in, key, tokens.take_set())
    if operator in {">", "<"}:
        return partial(_compared, key, int(tokens.take_value()), operator == ">")
    said = f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt"
    raise bad_request(f"unable to parse requirement: {said}")


def _present(key: str, labels: Labels) -> bool:
    return key in labels


def _absent(key: str, labels: Labels) -> bool:
    return key not in labels


def _equal(key: str, value: str, labels: Labels) -> bool:
    return labels.get(key) == value


def _different(key: str, value: str, labels: Labels) -> bool:
    return labels.get(key) != value


def _in(key: str, values: set[str], labels: Labels) -> bool:
    return labels.get(key) in values


def _not_in(key: str, values: set[str], labels: Labels) -> bool:
    return labels.get(key) not in values


def _compared(key: str, than: int, greater: bool, labels: Labels) -> bool:
    found = labels.get(key, "")
    return found.lstrip("-").isdigit() and (int(found) > than if greater else int(found) < than)


class _Tokens:
    """The lexer of label selectors."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)

    @property
    def left(self) -> bool:
        return bool(self._tokens)

    @property
    def next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self) -> str:
        return self._tokens.pop(0) if self._tokens else ""

    def take_word(self) -> str:
        found = self.take()
        if not found or found in "!=(),<>":
            raise bad_request(
                f"unable to parse requirement: found '{found}', expected: !, identifier, or "
                "'end of string'"
            )
        return found

    def take_value(self) -> str:
        """The value after an operator; empty before a comma or the end."""
        return "" if self.next in {"", ","} else self.take()

    def take_set(self) -> set[str]:
        self.expect("(", "'('")
        values = set()
        while True:
            values.add(self.take_value())
            if self.next == ")":
                self.take()
                return values
            self.expect(",", "',' or ')'")

    def expect(self, token: str, said: str) -> None:
        if self.next != token:
            text = f"unable to parse requirement: found '{self.next}', expected: {said}"
            raise bad_request(text)
        self.take()


def field_selector(text: str, resource: Resource) -> list[Matches]:
    """Rules of ``a.b=c,d!=e``."""
    return [_field_rule(part, resource) for part in text.split(",") if part]


def _field_rule(text: str, resource: Resource) -> Matches:
    found = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", text)
    if not found:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    path, operator, value = found.groups()
    _check_field(path, resource)
    return lambda obj: (_field(path, obj) == value) == (operator != "!=")


def _check_field(path: str, resource: Resource) -> None:
    if path in {"metadata.name", "metadata.namespace", *FIELDS.get(resource.id, ())}:
        return
    if resource.custom:
        raise bad_request(f"field label not supported: {path}")
    if resource.id in FIELDS:
        raise bad_request(f'field label "{path}" not supported for {resource.kind}')
    known = 'only "metadata.name", "metadata.namespace"'
    raise bad_request(f'"{path}" is not a known field selector: {known}')


def _field(path: str, obj: Object) -> str:
    if path == "status.successful":
        return str((obj.get("status") or {}).get("succeeded", 0))
    found: object = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if path == "source" and isinstance(found, dict):
        found = found.get("component")
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)
