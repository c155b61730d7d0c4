"""Admission: what the API server writes into new objects, and what policy refuses.

Why it exists: the rules between a valid object and its storage, in the API server's order:
first what changes objects (defaults, ServiceAccount, LimitRange), then what refuses them
(LimitRange, Pod Security, owners, and ResourceQuota last, for it counts).
Must not know: HTTP, and how a refusal or a warning travels.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from . import limits, podsecurity, quota
from .access import Access
from .calls import Call
from .inside import Inside
from .kinds import Resource
from .quantities import amounts
from .rbac import Attributes
from .registry import Registry
from .server import Server
from .status import Cause, Object, forbidden, invalid

_POLICY = "pod-security.kubernetes.io/"
_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
#: Kinds whose pods are warned about, and where their pod template is.
_TEMPLATES = {
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}


class Admission:
    """The plugins over one registry; each method is one, named as Kubernetes names it."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._access = registry, Access(registry.storage, {})
        self._client = Inside(registry, "admission")
        #: OwnerReferencesPermissionEnforcement: off by default, on in some distributions.
        self.owners_need_permission = False
        registry.mutating += [self.defaults, self.service_account, self.limit_ranger]
        registry.validating += [
            self.resources,
            self.limit_ranges,
            self.pod_security,
            self.owners,
            self.resource_quota,
        ]

    def defaults(self, call: Call, obj: Object, old: Object | None) -> None:
        """Amounts in canonical form, requests defaulting to limits, limits of LimitRanges."""
        if _is(call, "limitranges"):
            for item in obj["spec"].get("limits") or []:
                limits.complete(item)
        if old is None and _is(call, "pods"):
            for container in _containers(obj["spec"]):
                limits.canonical(container.setdefault("resources", {}))
        for container in _containers(_template(call.served, obj) or {}):
            container.setdefault("resources", {})

    def service_account(self, call: Call, obj: Object, old: Object | None) -> None:
        """Every pod runs as a ServiceAccount that exists, and mounts its token by default."""
        if old is not None or not _is(call, "pods"):
            return
        spec = obj["spec"]
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = self._registry.storage.get("serviceaccounts", call.namespace, name)
        if account is None:
            why = (
                f"error looking up service account {call.namespace}/{name}: "
                f'serviceaccount "{name}" not found'
            )
            raise forbidden("", "pods", obj["metadata"].get("name", ""), why)
        wanted = spec.get("automountServiceAccountToken")
        if wanted is None:
            wanted = account.object.get("automountServiceAccountToken", True)
        if wanted:
            _mount_token(spec)

    def limit_ranger(self, call: Call, obj: Object, old: Object | None) -> None:
        """Defaults of the namespace's LimitRanges."""
        if old is None and _is(call, "pods"):
            limits.fill(obj, self._objects("limitranges", call.namespace))

    def resources(self, call: Call, obj: Object, old: Object | None) -> None:
        """A request may not be above its limit (validation, after the defaults)."""
        if old is not None or not _is(call, "pods"):
            return
        causes = [
            Cause(f"spec.containers[{index}].resources.requests", "FieldValueInvalid", text)
            for index, container in enumerate(obj["spec"].get("containers") or [])
            for text in _above_limit(container)
        ]
        if causes:
            raise invalid("", "Pod", obj["metadata"].get("name", ""), causes)

    def limit_ranges(self, call: Call, obj: Object, old: Object | None) -> None:
        """Refuse pods out of the namespace's ranges."""
        if old is None and _is(call, "pods"):
            why = limits.refusals(obj, self._objects("limitranges", call.namespace))
            if why:
                raise forbidden("", "pods", obj["metadata"]["name"], why)

    def pod_security(self, call: Call, obj: Object, old: Object | None) -> None:
        """Refuse pods, and warn of pods to come, that break the namespace's level."""
        if old is not None or call.subresource:
            return
        enforce, warn = self._levels(call.namespace)
        if _is(call, "pods"):
            broken = podsecurity.violations(obj["spec"], enforce)
            if broken:
                why = f'violates PodSecurity "{enforce}:latest": {broken}'
                raise forbidden("", "pods", obj["metadata"]["name"], why)
        spec = obj["spec"] if _is(call, "pods") else _template(call.served, obj)
        broken = podsecurity.violations(spec, warn) if spec is not None else ""
        if broken:
            call.warn(f'would violate PodSecurity "{warn}:latest": {broken}')

    def _levels(self, namespace: str) -> tuple[str, str]:
        space = self._registry.storage.get("namespaces", "", namespace)
        labels = (space.object["metadata"].get("labels") or {}) if space else {}
        enforce = labels.get(f"{_POLICY}enforce", "privileged")
        return enforce, labels.get(f"{_POLICY}warn", enforce)

    def owners(self, call: Call, obj: Object, old: Object | None) -> None:
        """Blocking an owner's deletion needs a right on its finalizers, where enforced."""
        if not self.owners_need_permission:
            return
        before = {r["uid"] for r in _references(old or {}) if r.get("blockOwnerDeletion")}
        for reference in _references(obj):
            if reference.get("blockOwnerDeletion") and reference["uid"] not in before:
                self._demand_finalizers(call, obj, reference)

    def _demand_finalizers(self, call: Call, obj: Object, reference: Object) -> None:
        owner = self._registry.kinds.of_kind(reference["apiVersion"], reference["kind"])
        if owner is not None:
            namespace = call.namespace if owner.namespaced else ""
            asked = Attributes(
                "update", owner.plural, owner.group, namespace, reference["name"], "finalizers"
            )
            if self._access.may(call.user, asked):
                return
        why = (
            "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't"
            " set finalizers on: , <nil>"
        )
        raise forbidden(call.served.group, call.served.plural, obj["metadata"]["name"], why)

    def resource_quota(self, call: Call, obj: Object, old: Object | None) -> None:
        """Refuse what is above a quota; count in what is not."""
        if old is not None or call.subresource:
            return
        plural, group = call.served.plural, call.served.group
        quotas = self._objects("resourcequotas", call.namespace)
        for one in quotas:
            why = quota.refusal(one, plural, group, obj)
            if why:
                raise forbidden(group, plural, obj["metadata"]["name"], why)
        if not call.dry_run and not self._exists(call, obj):
            for one in quotas:
                self._charge(call, one, obj)

    def _exists(self, call: Call, obj: Object) -> bool:
        key = (call.namespace, obj["metadata"]["name"])
        return self._registry.storage.get(call.served.id, *key) is not None

    def _charge(self, call: Call, one: Object, obj: Object) -> None:
        status = one.get("status") or {}
        if not status.get("used"):
            return
        charged = quota.charged(one, call.served.plural, call.served.group, obj)
        if charged != status:
            self._client.change(
                "resourcequotas",
                call.namespace,
                one["metadata"]["name"],
                lambda found: {**found, "status": charged},
                "status",
            )

    def _objects(self, resource: str, namespace: str) -> list[Object]:
        if not namespace:
            return []
        return [record.object for record in self._registry.storage.records(resource, namespace)]


def install(server: Server) -> None:
    """Join the server. Option: ``owners_need_permission`` (off)."""
    admission = Admission(server.registry)
    admission.owners_need_permission = server.settings.more.get("owners_need_permission", False)


def _is(call: Call, resource: str) -> bool:
    return call.served.id == resource and not call.subresource


def _containers(spec: Object) -> Iterator[Object]:
    yield from spec.get("containers") or []
    yield from spec.get("initContainers") or []


def _references(obj: Object) -> list[Object]:
    return (obj.get("metadata") or {}).get("ownerReferences") or []


def _template(resource: Resource, obj: Object) -> Object | None:
    path = _TEMPLATES.get(resource.id)
    if path is None:
        return None
    found = obj
    for key in (*path, "spec"):
        found = found.get(key) or {}
    return found


def _above_limit(container: Object) -> Iterator[str]:
    resources = container.get("resources") or {}
    most = amounts(resources.get("limits"))
    for name, asked in sorted(amounts(resources.get("requests")).items()):
        if most.get(name, asked) < asked:
            must = f"must be less than or equal to {name} limit of {most[name]}"
            yield f'Invalid value: "{asked}": {must}'


def _mount_token(spec: Object) -> None:
    """The projected token volume, in every container that mounts nothing there."""
    name = f"kube-api-access-{secrets.token_hex(3)[:5]}"
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        },
    ]
    mount = {"name": name, "readOnly": True, "mountPath": _TOKENS}
    for container in _containers(spec):
        mounts = container.setdefault("volumeMounts", [])
        if not any(found["mountPath"] == _TOKENS for found in mounts):
            mounts.append(dict(mount))
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 420}}
    spec["volumes"] = [*(spec.get("volumes") or []), volume]
