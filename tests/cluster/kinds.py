"""Which resources the fake serves: the built-in table, and what CRDs add to it.

Knows names only: nothing of objects, schemas or HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .status import qualified

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One resource in one served version; versions of one resource share ``id`` and objects."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    verbs: tuple[str, ...] = ALL_VERBS
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    #: subresource → verbs
    subresources: tuple[tuple[str, tuple[str, ...]], ...] = ()
    custom: bool = False
    #: Said as a ``Warning`` on every use.
    deprecated: str = ""
    #: Events are not kept in the watch cache: no bookmarks, and compaction ends their watches.
    cached: bool = True

    @property
    def id(self) -> str:
        """The name that code and RBAC use: ``jobs.batch``, ``pods``."""
        return qualified(self.group, self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def has_status(self) -> bool:
        return any(name == "status" for name, _ in self.subresources)


READ_WRITE = ("get", "patch", "update")
STATUS = (("status", READ_WRITE),)
CREATE = ("create",)
POD_PARTS = (
    ("attach", ("create", "get")),
    ("binding", CREATE),
    ("eviction", CREATE),
    ("exec", ("create", "get")),
    ("log", ("get",)),
    ("status", READ_WRITE),
)
RBAC = "rbac.authorization.k8s.io"
AUTHORIZATION = "authorization.k8s.io"
AUTHENTICATION = "authentication.k8s.io"

BUILT_IN = (
    Resource("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Resource("", "v1", "endpoints", "Endpoints", short=("ep",)),
    Resource("", "v1", "events", "Event", short=("ev",), cached=False),
    Resource("", "v1", "limitranges", "LimitRange", short=("limits",)),
    Resource("", "v1", "namespaces", "Namespace", False, short=("ns",), subresources=STATUS),
    Resource("", "v1", "nodes", "Node", False, short=("no",), subresources=STATUS),
    Resource(
        "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim",
        short=("pvc",), subresources=STATUS,
    ),
    Resource("", "v1", "pods", "Pod", short=("po",), categories=("all",), subresources=POD_PARTS),
    Resource("", "v1", "resourcequotas", "ResourceQuota", short=("quota",), subresources=STATUS),
    Resource("", "v1", "secrets", "Secret"),
    Resource(
        "", "v1", "serviceaccounts", "ServiceAccount",
        short=("sa",), subresources=(("token", CREATE),),
    ),
    Resource(
        "", "v1", "services", "Service", short=("svc",), categories=("all",), subresources=STATUS
    ),
    Resource(
        "batch", "v1", "cronjobs", "CronJob",
        short=("cj",), categories=("all",), subresources=STATUS,
    ),
    Resource("batch", "v1", "jobs", "Job", categories=("all",), subresources=STATUS),
    Resource(RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Resource(RBAC, "v1", "clusterroles", "ClusterRole", False),
    Resource(RBAC, "v1", "rolebindings", "RoleBinding"),
    Resource(RBAC, "v1", "roles", "Role"),
    Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False, short=("pc",)),
    Resource(AUTHORIZATION, "v1", "localsubjectaccessreviews", "LocalSubjectAccessReview",
             verbs=CREATE),
    Resource(AUTHORIZATION, "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False,
             verbs=CREATE),
    Resource(AUTHORIZATION, "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False,
             verbs=CREATE),
    Resource(AUTHORIZATION, "v1", "subjectaccessreviews", "SubjectAccessReview", False,
             verbs=CREATE),
    Resource(AUTHENTICATION, "v1", "selfsubjectreviews", "SelfSubjectReview", False, verbs=CREATE),
    Resource(AUTHENTICATION, "v1", "tokenreviews", "TokenReview", False, verbs=CREATE),
    Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions",
             "CustomResourceDefinition", False, short=("crd", "crds"), subresources=STATUS),
)  # fmt: skip


class Kinds:
    """The resources served now; ``revision`` counts changes, for discovery's ETag."""

    def __init__(self) -> None:
        self._served = {(r.group, r.version, r.plural): r for r in BUILT_IN}
        self._preferred = {r.id: r for r in BUILT_IN}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._served.values())

    def __getitem__(self, resource: str) -> Resource:
        """The preferred version of ``jobs.batch``."""
        return self._preferred[resource]

    def __contains__(self, resource: str) -> bool:
        return resource in self._preferred

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._served.get((group, version, plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of an object's apiVersion and kind."""
        matches = (r for r in self if r.kind == kind and r.api_version == api_version)
        return next(matches, None)

    def serves(self, group: str, version: str) -> bool:
        return any(r.group == group and r.version == version for r in self)

    def add(self, resource: Resource) -> None:
        """Serve it; the version added last is the preferred one."""
        self._served[resource.group, resource.version, resource.plural] = resource
        self._preferred[resource.id] = resource

    def remove(self, resource: str) -> None:
        self._preferred.pop(resource, None)
        self._served = {key: r for key, r in self._served.items() if r.id != resource}
