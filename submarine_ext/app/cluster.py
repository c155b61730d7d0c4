"""The settings of the Kubernetes engine, as an administrator writes them.

Each trait becomes the field of the same name of ``engines.kubernetes.settings.Settings``;
that module, and all that speaks to clusters, is imported only where the engine is named.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from traitlets import Bool, Dict, Enum, Integer, List, TraitError, Unicode
from traitlets.config import Configurable

from submarine_ext.engines.base import Engine


class KubernetesEngine(Configurable):
    """Run jobs on a Kubernetes cluster: name 'kubernetes' in SubmarineExtension.engines."""

    kubeconfig = Unicode(
        None,
        allow_none=True,
        help="Absolute path of the kubeconfig. Default: $KUBECONFIG, then ~/.kube/config. "
        "One that lies where people keep their files is refused.",
    ).tag(config=True)
    context = Unicode(
        None, allow_none=True, help="The kubeconfig's context. Default: its current one."
    ).tag(config=True)
    in_cluster = Bool(
        None,
        allow_none=True,
        help="Use the service account of the pod that this server runs in. Default: where there "
        "is no kubeconfig and there is such an account.",
    ).tag(config=True)
    credential_plugins = List(
        Unicode(),
        help="Commands that a kubeconfig may have run for credentials (its `exec.command`, "
        "exactly as written there). Default: none.",
    ).tag(config=True)
    namespace = Unicode(
        None,
        allow_none=True,
        help="Namespace of jobs that 'namespaces' says nothing about. Default: the context's.",
    ).tag(config=True)
    namespaces = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="Namespaces by 'project:NAME' or 'team:NAME'; a project's goes first. A namespace "
        "is the boundary between teams: whoever may run jobs in it can read all that it holds.",
    ).tag(config=True)
    impersonate = Bool(
        default_value=False,
        help="Ask the cluster as the person whose job it is (Impersonate-User, -Group).",
    ).tag(config=True)
    impersonate_user = Unicode(
        "{owner}", help="The cluster's name of a person, such as '{owner}@example.org'."
    ).tag(config=True)
    impersonate_groups = Unicode(
        "{team}", help="The cluster's name of a team's group; empty: none are sent."
    ).tag(config=True)
    kind = Enum(
        ["auto", "job", "trainjob", "operator"],
        "auto",
        help="What a job of several nodes becomes: a TrainJob, an operator's job (PyTorchJob, "
        "TFJob, XGBoostJob, MPIJob), a plain Job, or the best that the cluster has.",
    ).tag(config=True)
    runtime = Unicode(
        "torch-distributed", help="The TrainingRuntime or ClusterTrainingRuntime of TrainJobs."
    ).tag(config=True)
    queue = Unicode(None, allow_none=True, help="The Kueue LocalQueue of jobs that name none.").tag(
        config=True
    )
    service_account = Unicode(
        None,
        allow_none=True,
        help="Service account of jobs. Its token is not mounted. Default: the namespace's.",
    ).tag(config=True)
    image = Unicode("python:3.12", help="Container image of jobs that name no `environment`.").tag(
        config=True
    )
    images = List(Unicode(), help="Images that jobs may name, as globs. Default: every image.").tag(
        config=True
    )
    pull_secrets = List(Unicode(), help="Names of the Secrets with which nodes fetch images.").tag(
        config=True
    )
    run_as_user = Integer(
        1000,
        allow_none=True,
        min=1,
        help="Numeric user of jobs; None: the image's, which must not be 0.",
    ).tag(config=True)
    node_selector = Dict(
        key_trait=Unicode(), value_trait=Unicode(), help="Labels of the nodes that jobs go to."
    ).tag(config=True)
    tolerations = List(Dict(), help="Kubernetes tolerations of all jobs.").tag(config=True)
    gpu_resource = Unicode(
        "nvidia.com/gpu", help="The resource that is a GPU, where a job names no type."
    ).tag(config=True)
    gpu_types = Dict(
        key_trait=Unicode(),
        help="What `gpu_type` may say: a name to {'labels': {…}, 'resource': …, "
        "'tolerations': […]}, the labels of nodes that have such GPUs.",
    ).tag(config=True)
    shared_memory = Unicode(
        "1Gi", help="Size of /dev/shm, at most half of the job's memory, which it counts as."
    ).tag(config=True)
    scratch = Unicode(
        None, allow_none=True, help="Largest size of a job's work folder. Default: the node's."
    ).tag(config=True)
    max_timeout_seconds = Integer(
        None,
        allow_none=True,
        min=1,
        help="The longest a job may run, and how long one that does not say. Default: no limit.",
    ).tag(config=True)
    ttl_seconds = Integer(
        259_200,
        min=60,
        help="How long ended jobs stay in the cluster: so long may this server be away.",
    ).tag(config=True)
    grace_seconds = Integer(30, min=1, help="The most that a stopped job gets to say goodbye.").tag(
        config=True
    )
    max_log_streams = Integer(
        2000, min=1, help="How many logs are followed at once; the others are read when asked for."
    ).tag(config=True)
    max_framed_bytes = Integer(
        4 << 20,
        min=0,
        help="Outputs up to so many bytes a job come back through its log; larger ones need a "
        "staging area.",
    ).tag(config=True)
    staging_claim = Unicode(
        None,
        allow_none=True,
        help="PersistentVolumeClaim for large bundles and outputs, in each namespace.",
    ).tag(config=True)
    staging_path = Unicode(
        None, allow_none=True, help="Where this server sees the volume of 'staging_claim'."
    ).tag(config=True)
    staging_url = Unicode(
        None,
        allow_none=True,
        help="Object store for large bundles and outputs, as an fsspec URL of a file system that "
        "can presign.",
    ).tag(config=True)
    staging_options = Dict(help="Options of that file system.").tag(config=True)


def kubernetes(application: Any) -> Callable[[Path], Engine]:
    """The entry point: what makes the engine. Raises TraitError for values that can't be."""
    from submarine_ext.engines.kubernetes.engine import KubernetesEngine as Cluster

    settings = _settings(application)
    return lambda root: Cluster(root, settings)


def _settings(application: Any) -> Any:
    from submarine_ext.engines.kubernetes.settings import Settings

    configured = KubernetesEngine(parent=application)
    values = {name: getattr(configured, name) for name in configured.traits(config=True)}
    values["forbidden_folders"] = _peoples_folders(application)
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise TraitError(f"KubernetesEngine: {error}") from None


def _peoples_folders(application: Any) -> list[str]:
    """Where files of other people, or of notebooks, may come to lie."""
    # The team service shows nobody its own files.
    contents = getattr(application, "settings", {}).get("contents_manager")
    shown = getattr(contents, "root_dir", None)
    return [str(Path(folder).absolute()) for folder in (shown, application.data_dir) if folder]
