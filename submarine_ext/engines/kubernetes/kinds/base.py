"""What every kind is asked: make the object, read its state, tell which pod is which node.

No I/O here: a manifest is a function of a :class:`Draft`, a state of an object.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec

Object = dict[str, Any]


class Resource(Struct, frozen=True):
    """Where the API server keeps objects of a kind. ``group`` is empty for core/v1."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """As it stands in ``apiVersion``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str | None = None) -> str:
        """The URL path of the collection, or of one object, of a namespace."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        tail = f"/{name}" if name is not None else ""
        return f"{root}/namespaces/{namespace}/{self.plural}{tail}"


def field(path: str) -> Object:
    """An environment variable's source: a field of the pod itself (Kubernetes' downward API)."""
    return {"fieldRef": {"fieldPath": path}}


class Draft(Struct, frozen=True, kw_only=True):
    """All that a manifest is made of. ``template`` is the pod template that all kinds share
    (``template.py``): container ``main``, volumes, security. ``queue`` is set where Kueue
    is to admit the job; ``suspend`` unless a queue's webhook decides that.
    """

    name: str
    namespace: str
    labels: dict[str, str]
    annotations: dict[str, str]
    spec: JobSpec
    template: Object
    queue: str | None
    ttl_seconds: int
    runtime: str  # of a TrainJob


class Verdict(StrEnum):
    """How the controller says that it is over."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Top(Struct, frozen=True, kw_only=True):
    """The state of a job's top object, the same for all kinds.

    ``verdict`` may be known while pods still end; ``settled`` when the controller says that
    none is left. ``reason`` and ``message`` are the controller's (``BackoffLimitExceeded``).
    """

    uid: str
    suspended: bool = False
    verdict: Verdict | None = None
    settled: bool = False
    reason: str | None = None
    message: str | None = None
    deleting: bool = False


class Kind(Protocol):
    """One module of this folder."""

    @property
    def name(self) -> str:
        """What a placement remembers it by."""
        ...

    @property
    def resource(self) -> Resource:
        """Where its objects are kept."""
        ...

    def manifest(self, draft: Draft) -> Object:
        """The suspended top object. Pods carry the template's labels."""
        ...

    def read(self, top: Object) -> Top:
        """The object's state."""
        ...

    def node(self, pod: Object) -> int | None:
        """Which node of the job (0 to nodes - 1) the pod is; None: it runs no rank and its
        log is not the job's (an MPI worker, a data initializer).
        """
        ...

    def unsuspend(self) -> Object:
        """The merge patch that lets it run."""
        ...

    def hosts(self, name: str, nodes: int) -> list[str]:
        """The nodes' host names as pods know them; none where the operator tells them."""
        ...

    def service(self, draft: Draft) -> Object | None:
        """The selector of a headless Service named like the job; None where none is needed."""
        ...
