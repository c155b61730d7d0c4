"""What this engine refuses, each by the name of the field and with the way out.

What depends on the cluster is checked as far as discovery knows (``served``; None: not
yet). Quotas and the like change by the minute: those are preflight's.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NoReturn

from submarine_ext.domain.jobs import Framework, JobSpec
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.engines.kubernetes.kinds.choose import Served, choose, queue
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.errors import Invalid

#: All variables together, in bytes: an object has to hold them.
MAX_ENV = 512 * 1024
_MPIRUN = ("mpirun", "mpiexec", "mpiexec.hydra", "orterun")

# [host[:port]/]path[:tag][@digest], as container registries read it.
_HOST = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:{_HOST}(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128}))?"
)
_LONGEST_IMAGE = 500
_QUEUE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

#: Variables by which GPUs are given out: whoever sets them takes others'.
_DEVICES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES",
            "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")  # fmt: skip
_OURS = ("PET_", "JOB_COMPLETION_INDEX", "TERMINATION_LOG")
_RANKS: dict[Framework, tuple[str, ...]] = {
    Framework.TORCH: ("MASTER_", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE",
                      "GROUP_RANK", "NODE_RANK"),
    Framework.TENSORFLOW: ("TF_CONFIG",),
    Framework.XGBOOST: ("DMLC_", "MASTER_", "RANK", "WORLD_SIZE", "WORKER_"),
    Framework.MPI: ("OMPI_MCA_", "I_MPI_", "HYDRA_"),
}  # fmt: skip


def check(spec: JobSpec, settings: Settings, served: Served | None) -> None:
    """Raise ``Invalid`` for the first thing that this engine can't honour."""
    _image(spec, settings)
    _gpu(spec, settings)
    _variables(spec)
    _time(spec, settings)
    if spec.priority:
        _refuse("priority", "the cluster's queues decide who goes first. Leave it out.")
    _distributed(spec)
    _queue(spec, settings, served)
    if served is not None:
        choose(spec, settings, served)


def _refuse(field: str, why: str) -> NoReturn:
    raise Invalid(f"{field}: {why}", field=field)


def _image(spec: JobSpec, settings: Settings) -> None:
    image = spec.environment
    if image is None or image == settings.image:
        return
    if image.startswith(("/", ".", "~")):
        _refuse(
            "environment",
            "jobs on the cluster run in a container image, not with a program of this machine. "
            f"Name an image, such as {settings.image}, or leave it out.",
        )
    if len(image) > _LONGEST_IMAGE or not _IMAGE.fullmatch(image):
        _refuse(
            "environment", f"{image[:80]!r} is no container image. Write one like {settings.image}."
        )
    if settings.images and not any(fnmatchcase(image, glob) for glob in settings.images):
        allowed = ", ".join([settings.image, *settings.images])
        _refuse("environment", f"the image {image[:80]} is not allowed here. Use {allowed}.")


def _gpu(spec: JobSpec, settings: Settings) -> None:
    kind = spec.resources.gpu_type
    if kind is None:
        return
    if kind not in settings.gpu_types:
        known = ", ".join(sorted(settings.gpu_types))
        hint = f"There is: {known}." if known else "Leave it out: no types are set up."
        _refuse("resources.gpu_type", f"there is no {kind!r} here. {hint}")
    if not spec.resources.gpu:
        _refuse("resources.gpu_type", "say how many you need in resources.gpu as well.")


def _variables(spec: JobSpec) -> None:
    for name in spec.env:
        _variable(name, f"env.{name[:64]}", spec)
    for name in spec.secrets:
        _variable(name, "secrets", spec)
    size = sum(len(name) + len(value.encode()) for name, value in spec.env.items())
    if size > MAX_ENV:
        _refuse(
            "env",
            f"the variables are {human_bytes(size)} together, and {human_bytes(MAX_ENV)} fit. Put "
            "what is long into a file of the job's folder.",
        )


def _variable(name: str, field: str, spec: JobSpec) -> None:
    if name in _DEVICES:
        _refuse(field, f"{name} says which GPUs are whose. Ask with resources.gpu.")
    ours = (*_OURS, *_RANKS.get(spec.distributed.framework, ()))
    for reserved in (*ours, "MASTER_") if spec.distributed.nodes > 1 else ours:
        if name == reserved or (reserved.endswith("_") and name.startswith(reserved)):
            _refuse(field, f"{name} is set by the engine, for each rank its own. Leave it out.")


def _time(spec: JobSpec, settings: Settings) -> None:
    longest, asked = settings.max_timeout_seconds, spec.timeout_seconds
    if longest is not None and asked is not None and asked > longest:
        _refuse("timeout_seconds", f"a job may run for {longest} seconds here. Ask for at most so.")


def _distributed(spec: JobSpec) -> None:
    shape = spec.distributed
    if spec.notebook is not None and shape.ranks > 1:
        _refuse("distributed", "a notebook runs as one process. Use a script.")
    if shape.framework is not Framework.MPI:
        return
    if spec.command is None or PurePosixPath(spec.command[0]).name not in _MPIRUN:
        _refuse(
            "distributed.framework",
            'with "mpi" the command is mpirun, which starts the ranks: ["mpirun", "python", …].',
        )


def _queue(spec: JobSpec, settings: Settings, served: Served | None) -> None:
    name = queue(spec, settings)
    if name is None:
        return
    if not _QUEUE.fullmatch(name):
        _refuse("queue", f"{name!r} is no queue's name: small letters, digits and '-'.")
    if served is not None and not served.kueue:
        out = "Leave it out." if spec.queue else "Ask an administrator to unset `queue`."
        _refuse("queue", f"the cluster has no queues (Kueue is not installed). {out}")
