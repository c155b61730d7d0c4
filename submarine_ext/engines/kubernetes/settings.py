"""What an administrator decides of the Kubernetes engine, in plain values.

``app.cluster`` makes it from traits. A person's JobSpec can choose among what is allowed
here and can reach nothing else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field


class Choice(StrEnum):
    """Which kind of object a job becomes; ``auto``: what discovery finds, the best first."""

    AUTO = "auto"
    JOB = "job"
    TRAINJOB = "trainjob"
    OPERATOR = "operator"  # PyTorchJob, TFJob, XGBoostJob, MPIJob (kubeflow.org)


class GpuType(Struct, frozen=True, forbid_unknown_fields=True):
    """How pods get one type of GPU: the nodes' labels, and the resource's name."""

    labels: dict[str, str]
    resource: str = "nvidia.com/gpu"
    tolerations: list[dict[str, Any]] = []


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The meaning of each field stands in the help of the trait of the same name."""

    kubeconfig: str | None = None
    context: str | None = None
    in_cluster: bool | None = None  # None: where no kubeconfig is found and a pod's files are
    credential_plugins: list[str] = []
    forbidden_folders: list[str] = []  # no kubeconfig from here: people's own files

    namespace: str | None = None  # None: the context's, or the pod's own
    namespaces: dict[str, str] = {}  # "project:NAME" or "team:NAME" to namespace
    impersonate: bool = False
    impersonate_user: str = "{owner}"
    impersonate_groups: str = "{team}"

    kind: Choice = Choice.AUTO
    runtime: str = "torch-distributed"  # of TrainJobs
    queue: str | None = None  # the Kueue LocalQueue of jobs that name none
    service_account: str | None = None
    image: str = "python:3.12"
    images: list[str] = []  # globs; empty: every image
    pull_secrets: list[str] = []
    run_as_user: int | None = 1000
    node_selector: dict[str, str] = {}
    tolerations: list[dict[str, Any]] = []
    gpu_resource: str = "nvidia.com/gpu"
    gpu_types: dict[str, GpuType] = {}
    shared_memory: str = "1Gi"  # /dev/shm, at most half of the job's memory
    scratch: str | None = None  # size limit of the work folder

    max_timeout_seconds: int | None = None
    ttl_seconds: Annotated[int, Meta(ge=60)] = 259_200  # a weekend away
    grace_seconds: Annotated[int, Meta(ge=1)] = 30
    max_log_streams: Annotated[int, Meta(ge=1)] = 2000
    max_framed_bytes: int = 4 << 20

    staging_claim: str | None = None
    staging_path: str | None = None
    staging_url: str | None = None
    staging_options: dict[str, Any] = field(default_factory=dict)
