"""What this engine refuses, each by the name of the field and with the way out."""

from __future__ import annotations

import os
from pathlib import Path

from submarine_ext.domain.jobs import Framework, JobSpec
from submarine_ext.engines.local import slots
from submarine_ext.errors import Invalid


def check(spec: JobSpec, machine: slots.Amount) -> None:
    """Raise ``Invalid`` for the first thing this machine can't honour."""
    _resources(spec)
    _distributed(spec)
    _interpreter(spec)
    _program(spec)
    slots.check(spec, machine)


def check_from_afar(spec: JobSpec, machine: slots.Amount | None) -> None:
    """The same where the machine is another one; None: nobody knows what it has."""
    _resources(spec)
    _distributed(spec)
    _interpreter(spec)
    if machine is not None:
        slots.check(spec, machine)


def _refuse(field: str, why: str) -> None:
    raise Invalid(f"{field}: {why}", field=field)


def _resources(spec: JobSpec) -> None:
    if spec.queue is not None:
        _refuse("queue", "this machine has no named queues. Leave it out.")
    if spec.resources.gpu_type is not None:
        _refuse("resources.gpu_type", "this machine can't choose among GPUs. Leave it out.")
    if "CUDA_VISIBLE_DEVICES" in spec.secrets:
        _refuse("secrets", "GPUs are assigned here. Call CUDA_VISIBLE_DEVICES something else.")
    if "CUDA_VISIBLE_DEVICES" in spec.env:
        _refuse("env.CUDA_VISIBLE_DEVICES", "GPUs are assigned here. Ask with resources.gpu.")


def _distributed(spec: JobSpec) -> None:
    shape = spec.distributed
    if shape.framework is Framework.MPI:
        _refuse(
            "distributed.framework",
            '"mpi" does not run on this machine. Use "none" and mpirun as the command.',
        )
    if spec.notebook is not None and shape.ranks > 1:
        _refuse("distributed", "a notebook runs as one process. Use a script.")


def _interpreter(spec: JobSpec) -> None:
    if spec.environment is not None and not Path(spec.environment).is_absolute():
        _refuse("environment", "give the absolute path of a Python interpreter.")


def _program(spec: JobSpec) -> None:
    """Whether the interpreter is on this machine."""
    path = Path(spec.environment) if spec.environment is not None else None
    if path is not None and not (path.is_file() and os.access(path, os.X_OK)):
        _refuse("environment", f"there is no program {spec.environment!r} on this machine.")
