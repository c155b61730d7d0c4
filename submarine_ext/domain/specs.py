"""Everything about a JobSpec that its types cannot say. Errors name the field.

What depends on an engine (how many GPUs there are) is the engine's ``check``; what depends
on the bundle's content is in ``services.jobs``.
"""

from __future__ import annotations

import itertools
import re
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from submarine_ext.domain.jobs import Framework, JobSpec
from submarine_ext.domain.paths import inside
from submarine_ext.domain.quantities import cpu_millis, memory_bytes
from submarine_ext.errors import Invalid

KINDS = ("command", "script", "notebook", "code")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# They would change how the supervisor, the loader or the interpreter itself starts.
_RESERVED = ("SUBMARINE_", "LD_", "DYLD_", "PYTHON", "JUPYTER", "JPY_")

_LAUNCHERS = (["torch.distributed.run"], ["torch.distributed.launch"])


def check(spec: JobSpec) -> None:
    """Raise Invalid for the first thing that is wrong."""
    _check_kind(spec)
    _check_texts(spec)
    _check_paths(spec)
    _check_env(spec.env)
    _check_secrets(spec)
    cpu_millis(spec.resources.cpu)
    if spec.resources.memory is not None:
        memory_bytes(spec.resources.memory)
    _check_distributed(spec)


def default_name(spec: JobSpec) -> str:
    """What the job is called when nobody said: its file, its program, or "cell"."""
    if spec.name is not None:
        return spec.name
    path = spec.script or spec.notebook or (spec.command[0] if spec.command else "cell")
    return PurePosixPath(path).name[:128] or "job"


def _check_kind(spec: JobSpec) -> None:
    given = [kind for kind in KINDS if getattr(spec, kind) is not None]
    if not given:
        raise Invalid("Say what to run: one of command, script, notebook or code.", field="command")
    if len(given) > 1:
        raise Invalid(
            f"Give exactly one of {', '.join(KINDS)}; this has {' and '.join(given)}.",
            field=given[1],
        )
    if spec.args and spec.script is None:
        raise Invalid("args belong to a script; put a command's in command.", field="args")
    if spec.parameters and spec.notebook is None:
        raise Invalid("parameters belong to a notebook.", field="parameters")
    if (spec.script or spec.notebook) and spec.bundle is None:
        raise Invalid(
            f"A {given[0]} travels in a bundle with its folder: upload one (PUT /bundles/…) "
            "and name its sha256 here.",
            field="bundle",
        )


def _check_texts(spec: JobSpec) -> None:
    if spec.command is not None and not spec.command[0].strip():
        raise Invalid("command starts with the program to run; it is empty.", field="command")
    for field in ("command", "args"):
        for position, text in enumerate(getattr(spec, field) or []):
            _no_nul(text, f"{field}[{position}]")
    for field in ("name", "code", "environment"):
        _no_nul(getattr(spec, field) or "", field)
    for field, texts in (("name", [spec.name or ""]), ("tags", spec.tags)):
        if any(not text.isprintable() for text in texts):
            raise Invalid(f"{field} has characters that cannot be shown.", field=field)


def _no_nul(text: str, field: str) -> None:
    if "\0" in text:
        raise Invalid(f"{field} has a NUL character, which no process can receive.", field=field)


def _check_paths(spec: JobSpec) -> None:
    for field in ("script", "notebook", "workdir"):
        path = getattr(spec, field)
        if path is not None and not inside(path, field) and field != "workdir":
            raise Invalid(f"{field} must name a file.", field=field)
    if spec.notebook is not None and not spec.notebook.endswith(".ipynb"):
        raise Invalid("notebook must be a file that ends in .ipynb.", field="notebook")
    for position, pattern in enumerate(spec.outputs):
        inside(pattern, f"outputs[{position}]")
    for name in spec.parameters:
        if not name.isidentifier():
            raise Invalid(f"{name[:40]!r} is no parameter name.", field=f"parameters.{name[:40]}")


def check_variable(name: str, field: str) -> None:
    """Raise Invalid unless a job may be given an environment variable of this name."""
    if not _ENV_NAME.fullmatch(name):
        raise Invalid(
            f"{name[:64]!r} is no environment variable name: letters, digits and '_', "
            "not starting with a digit.",
            field=field,
        )
    if name.startswith(_RESERVED):
        raise Invalid(f"{name[:64]} may not be set: {_prefix(name)}* is reserved.", field=field)


def _check_env(env: dict[str, Any]) -> None:
    for name, value in env.items():
        field = f"env.{name[:64]}"
        check_variable(name, field)
        _no_nul(value, field)


def _check_secrets(spec: JobSpec) -> None:
    for position, name in enumerate(spec.secrets):
        field = f"secrets[{position}]"
        check_variable(name, field)
        if name in spec.env:
            raise Invalid(f"{name} is in env as well: a job gets one or the other.", field=field)
        if name in spec.secrets[:position]:
            raise Invalid(f"{name} is named twice.", field=field)


def _prefix(name: str) -> str:
    return next(prefix for prefix in _RESERVED if name.startswith(prefix))


def _check_distributed(spec: JobSpec) -> None:
    if spec.distributed.ranks == 1:
        return
    if spec.distributed.processes_per_node > 1 and _starts_ranks(spec.command or []):
        raise Invalid(
            "distributed.processes_per_node: torchrun starts its own processes. Give it "
            "--nproc-per-node in the command, and leave this at 1.",
            field="distributed.processes_per_node",
        )
    if spec.notebook is not None:
        raise Invalid("A notebook runs as one process; distribute a script.", field="distributed")
    if spec.distributed.framework is Framework.NONE and spec.code is not None:
        raise Invalid("A cell runs as one process; distribute a script.", field="distributed")


def _starts_ranks(command: list[str]) -> bool:
    """Whether this is torchrun: by its name, or ``python … -m torch.distributed.run …``."""
    program, *rest = (PurePosixPath(part).name for part in command) if command else ("",)
    if program == "torchrun":
        return True
    if not program.startswith("python"):
        return False
    options = itertools.takewhile(lambda part: part.startswith("-") and part != "-m", rest)
    module = rest[len(list(options)) :][:2]
    return module[:1] == ["-m"] and module[1:] in _LAUNCHERS


class Demand(Struct, frozen=True):
    """What a job asks for in all: thousandths of a CPU, bytes, GPUs."""

    cpu: int
    memory: int
    gpu: int


def demand(spec: JobSpec) -> Demand:
    """The sum over the job's nodes; ``resources`` are one node's."""
    nodes, asked = spec.distributed.nodes, spec.resources
    memory = memory_bytes(asked.memory) if asked.memory is not None else 0
    return Demand(cpu_millis(asked.cpu) * nodes, memory * nodes, asked.gpu * nodes)
