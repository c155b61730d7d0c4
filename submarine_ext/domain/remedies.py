"""Changed specs that are worth running after a job could not run, the same for all engines.

A remedy keeps everything but what was the trouble. No engine is known here, and no sentence
is made.
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import cpu_millis, memory_bytes

_GIB = 1024**3


def more_memory(spec: JobSpec, most: int | None = None, used: int = 0) -> JobSpec | None:
    """The spec with memory doubled until it holds ``used`` bytes; None if it can't be.

    ``used`` and ``most`` (None: nobody knows) are bytes of all nodes together. Whole GiB
    where it is two or more.
    """
    if spec.resources.memory is None:
        return None
    nodes, asked = spec.distributed.nodes, memory_bytes(spec.resources.memory)
    wanted = asked * 2
    while wanted * nodes <= used:
        wanted *= 2
    if most is not None:
        wanted = min(wanted, most // nodes)
    return _with_memory(spec, wanted) if wanted >= asked * 1.2 else None


def at_most_memory(spec: JobSpec, most: int) -> JobSpec | None:
    """The spec with ``most`` bytes for each node, if it asked for more; None below 1 MiB."""
    asked = spec.resources.memory
    if asked is None or not 1024**2 <= most < memory_bytes(asked):
        return None
    return _with_memory(spec, most)


def at_most_gpus(spec: JobSpec, most: int) -> JobSpec | None:
    """The spec with ``most`` GPUs for each node, if it asked for more; None below one."""
    if not 1 <= most < spec.resources.gpu:
        return None
    return replace(spec, resources=replace(spec.resources, gpu=most))


def at_most_cpus(spec: JobSpec, most: int) -> JobSpec | None:
    """The spec with ``most`` thousandths of a CPU for each node, if it asked for more."""
    if not 1 <= most < cpu_millis(spec.resources.cpu):
        return None
    cpu = most // 1000 if most % 1000 == 0 else f"{most}m"
    return replace(spec, resources=replace(spec.resources, cpu=cpu))


def in_environment(spec: JobSpec, environment: str | None) -> JobSpec | None:
    """The spec with another environment; None where it names that one already."""
    return None if spec.environment == environment else replace(spec, environment=environment)


def _with_memory(spec: JobSpec, size: int) -> JobSpec:
    memory = f"{math.floor(size / _GIB)}Gi" if size >= 2 * _GIB else f"{size // 1024**2}Mi"
    return replace(spec, resources=replace(spec.resources, memory=memory))
