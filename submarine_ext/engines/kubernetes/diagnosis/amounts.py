"""Kubernetes' names of resources and its numbers, in the words that people use in a spec."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import amount, cpu_millis, human_bytes, memory_bytes
from submarine_ext.domain.remedies import at_most_cpus, at_most_gpus, at_most_memory
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain, quoted
from submarine_ext.errors import Invalid


class Kind(StrEnum):
    """What a resource is to the person who asks for it."""

    GPU = "gpu"
    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    OTHER = "other"


#: The spec's field, what to do to need less, and what there is too little of.
FIELDS = {
    Kind.GPU: "resources.gpu",
    Kind.CPU: "resources.cpu",
    Kind.MEMORY: "resources.memory",
}
FEWER = {
    Kind.GPU: "fewer GPUs",
    Kind.CPU: "fewer CPUs",
    Kind.MEMORY: "less memory",
}
_COUNTED = {
    "pods": "machines of jobs",
    "jobs.batch": "jobs",
    "configmaps": "bundles of files",
    "secrets": "jobs with secrets",
    "services": "jobs of several machines",
    "persistentvolumeclaims": "volumes",
}


def bare(resource: str) -> str:
    """Without what a quota puts before it: ``requests.nvidia.com/gpu`` → ``nvidia.com/gpu``."""
    for prefix in ("requests.", "limits.", "count/"):
        resource = resource.removeprefix(prefix)
    return resource


def kind(resource: str) -> Kind:
    """What the resource is; Kubernetes knows GPUs only by their makers' names."""
    name = bare(resource)
    if name in ("cpu", "memory"):
        return Kind(name)
    if name in ("ephemeral-storage", "storage"):
        return Kind.DISK
    maker, slash, thing = name.partition("/")
    is_gpu = slash and ("gpu" in name or maker in ("nvidia.com", "amd.com"))
    return Kind.GPU if is_gpu or thing == "gpu" else Kind.OTHER


def number(text: str) -> Decimal | None:
    """The number that a quantity stands for; None where it is none."""
    try:
        return amount(text)
    except Invalid:
        return None


def figure(resource: str, text: str) -> str:
    """The number as people write it: ``2``, ``9 GiB``; what is no number is shown as text."""
    value = number(text)
    if value is None:
        return plain(text, 40)
    if kind(resource) in (Kind.MEMORY, Kind.DISK):
        return human_bytes(int(value))
    return f"{value.normalize():f}"


def words(resource: str, text: str) -> str:
    """``2 GPUs``, ``9 GiB of memory``, ``1 CPU``; unknown resources are quoted."""
    what, said = kind(resource), figure(resource, text)
    if what in (Kind.MEMORY, Kind.DISK):
        return f"{said} of {what}"
    if what is Kind.OTHER:
        return f"{said} {noun(resource)}"
    return f"{said} {what.upper()}" + ("" if said == "1" else "s")


def noun(resource: str) -> str:
    """``GPUs``, ``memory``, ``jobs``: what is counted."""
    nouns = {Kind.GPU: "GPUs", Kind.CPU: "CPUs", Kind.MEMORY: "memory", Kind.DISK: "disk"}
    name = bare(resource)
    return nouns.get(kind(resource)) or _COUNTED.get(name) or f"of {quoted(name, 80)}"


def asked(spec: JobSpec, what: Kind) -> str:
    """What one machine of the job asks for: ``2 GPUs``; ``no memory`` where nothing is."""
    if what is Kind.GPU:
        return words("nvidia.com/gpu", str(spec.resources.gpu))
    if what is Kind.CPU:
        return words("cpu", f"{cpu_millis(spec.resources.cpu)}m")
    if what is Kind.MEMORY and spec.resources.memory is not None:
        return words("memory", str(memory_bytes(spec.resources.memory)))
    return f"no {what}"


def at_most_each(spec: JobSpec, resource: str, most: Decimal) -> JobSpec | None:
    """The spec with no more than ``most`` of a resource for each node, if it asked for more."""
    what = kind(resource)
    if what is Kind.GPU:
        return at_most_gpus(spec, int(most))
    if what is Kind.CPU:
        return at_most_cpus(spec, int(most * 1000))
    return at_most_memory(spec, int(most)) if what is Kind.MEMORY else None


def at_most(spec: JobSpec, resource: str, most: Decimal) -> JobSpec | None:
    """The spec with no more than ``most`` of a resource for all of its nodes together."""
    return at_most_each(spec, resource, most / spec.distributed.nodes)
