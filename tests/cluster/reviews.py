"""Access reviews: questions about rights, answered with 201 and never stored.

Why it exists: the engine's preflight and its doctor ask what they may before they try.
Must not know: HTTP. An answer says nothing about whether the resource exists.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .access import Access
from .calls import User
from .rbac import Attributes, Object, decide, grants
from .status import Cause, invalid, not_found


def review(access: Access, kind: str, body: Object, user: User, namespace: str = "") -> Object:
    """Answer a review of ``kind`` that ``user`` posted; raises Refused."""
    answered = {**body, "metadata": body.get("metadata") or {}}
    match kind:
        case "SelfSubjectReview":
            answered["metadata"] = {**answered["metadata"], "creationTimestamp": _now()}
            answered["status"] = {"userInfo": _info(user)}
        case "SelfSubjectRulesReview":
            answered["status"] = _rules(access, user, (body.get("spec") or {}).get("namespace", ""))
            answered["spec"] = {}
        case "TokenReview":
            answered["status"] = _token(access, body["spec"].get("token", ""))
        case "SelfSubjectAccessReview":
            answered["spec"] = spec = _plain(body.get("spec") or {})
            answered["status"] = _verdict(access, user, _attributes(kind, spec))
        case _:
            answered["spec"] = spec = _plain(body.get("spec") or {})
            groups = tuple(spec.get("groups") or ())
            subject = User(spec.get("user", ""), groups, spec.get("uid", ""))
            answered["status"] = _verdict(access, subject, _attributes(kind, spec, namespace))
    return answered


def _info(user: User) -> Object:
    info: Object = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return {key: value for key, value in info.items() if value}


def _verdict(access: Access, user: User, asked: Attributes) -> Object:
    allowed, reason = decide(access.objects, user, asked)
    return {"allowed": allowed, "reason": reason} if reason else {"allowed": allowed}


def _attributes(kind: str, spec: Object, namespace: str = "") -> Attributes:
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    asked = spec.get("resourceAttributes")
    if asked is None:
        message = (
            "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes"
            " must be specified"
        )
        raise invalid(
            "authorization.k8s.io", kind, "",
            [Cause("spec.resourceAttributes", "FieldValueInvalid", message)],
        )  # fmt: skip
    return Attributes(
        asked.get("verb", ""),
        asked.get("resource", ""),
        asked.get("group", ""),
        namespace or asked.get("namespace", ""),
        asked.get("name", ""),
        asked.get("subresource", ""),
    )


def _plain(value: Object) -> Object:
    """Leave out what is empty, as Go's ``omitempty`` does."""
    nested = {k: _plain(v) if isinstance(v, dict) else v for k, v in value.items()}
    return {key: part for key, part in nested.items() if part not in ("", None, [])}


def _rules(access: Access, user: User, namespace: str) -> Object:
    resources, paths = [], []
    for grant in grants(access.objects, user, namespace):
        for rule in grant.rules:
            if rule.get("nonResourceURLs"):
                paths.append(_part(rule, "verbs", "nonResourceURLs"))
            if rule.get("resources"):
                resources.append(_part(rule, "verbs", "apiGroups", "resources", "resourceNames"))
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def _part(rule: Object, *keys: str) -> Object:
    return {key: rule[key] for key in keys if rule.get(key)}


def _token(access: Access, token: str) -> Object:
    try:
        user = access.authenticate({"Authorization": f"Bearer {token}"})  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - any refusal is the answer "no"
        return {"user": {}, "error": "[invalid bearer token]"}
    return {"authenticated": True, "user": _info(user)}


def token_request(access: Access, namespace: str, name: str, body: Object) -> Object:
    """Mint a ServiceAccount's token (subresource ``token``); raises 404."""
    spec = body.get("spec") or {}
    seconds = int(spec.get("expirationSeconds") or 3600)
    try:
        token = access.account_token(namespace, name, seconds)
    except KeyError:
        raise not_found("", "serviceaccounts", name) from None
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    audiences = spec.get("audiences") or ["https://kubernetes.default.svc"]
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": _now()},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
        "status": {"token": token, "expirationTimestamp": until.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
