"""Ways out of an engine's refusal: a changed spec that some engine agrees to. Pure but for
asking the engines; each one that is offered was tried on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import human_bytes, human_cpus
from submarine_ext.engines.base import Capacity, Fix
from submarine_ext.errors import Invalid
from submarine_ext.services.engines import Offered

#: Of many ways the first ones: nobody wants to read a list.
MOST = 2
_GIB, _MIB = 1024**3, 1024**2
#: What is left out where an engine does not have it.
_OPTIONAL = ("queue", "environment", "priority", "resources.gpu_type", "distributed.framework")


def ways_out(spec: JobSpec, error: Invalid, engines: Offered) -> list[Fix]:
    """Changes after which an engine agrees to the spec, the smallest first."""
    candidates = [*_smaller(spec, error, engines), *_elsewhere(spec, engines)]
    return [fix for fix in candidates if _agreed(spec, fix, engines)][:MOST]


def merged(spec: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """A spec as plain values with a JSON merge patch (RFC 7396) applied."""
    result: dict[str, Any] = dict(spec) if isinstance(spec, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value) if isinstance(value, dict) else value
    return result


def memory_fix(most: int) -> Fix:
    """Ask for at most so many bytes, in a round number."""
    unit, word = (_GIB, "Gi") if most >= _GIB else (_MIB, "Mi")
    number = most // unit
    label = f"Use {human_bytes(number * unit)}"
    return Fix(label=label, spec={"resources": {"memory": f"{number}{word}"}})


def cpu_fix(most: float) -> Fix:
    """Ask for at most so many CPUs, in tenths."""
    millis = int(most * 10) * 100
    cpu = millis // 1000 if millis % 1000 == 0 else f"{millis}m"
    return Fix(label=f"Use {human_cpus(millis)}", spec={"resources": {"cpu": cpu}})


def gpu_fix(most: int) -> Fix:
    """Ask for at most so many GPUs."""
    label = f"Use {most} GPU{'' if most == 1 else 's'}" if most else "Use no GPU"
    return Fix(label=label, spec={"resources": {"gpu": most}})


def _smaller(spec: JobSpec, error: Invalid, engines: Offered) -> Iterator[Fix]:
    field, nodes = error.field or "", spec.distributed.nodes
    capacity = engines.capacity(spec)
    if capacity is not None:
        yield from _fitting(field, capacity, nodes)
    if field in _OPTIONAL:
        yield Fix(label="Leave it out", spec=_nested(field, None))
    if field == "distributed.framework":
        yield Fix(label="Use no framework", spec={"distributed": {"framework": "none"}})
    if field == "distributed":
        yield Fix(label="Use one process", spec={"distributed": None})


def _fitting(field: str, capacity: Capacity, nodes: int) -> Iterator[Fix]:
    if field == "resources.cpu" and capacity.cpu / nodes >= 0.1:
        yield cpu_fix(capacity.cpu / nodes)
    if field == "resources.memory" and capacity.memory // nodes >= _MIB:
        yield memory_fix(capacity.memory // nodes)
    if field == "resources.gpu":
        yield gpu_fix(capacity.gpu // nodes)
    if field in ("distributed.nodes", "distributed") and nodes > 1:
        yield Fix(label="Use one node", spec={"distributed": {"nodes": 1}})


def _elsewhere(spec: JobSpec, engines: Offered) -> Iterator[Fix]:
    here = engines.name_of(spec)
    for name in engines.names:
        if name != here:
            label = f"Use the engine {name}"
            yield Fix(label=label, spec={"engine": name})
            if spec.environment is not None:
                yield Fix(label=label, spec={"engine": name, "environment": None})


def _nested(field: str, value: object) -> dict[str, Any]:
    outer, _, inner = field.rpartition(".")
    return {outer: {inner: value}} if outer else {inner: value}


def _agreed(spec: JobSpec, fix: Fix, engines: Offered) -> bool:
    changed = merged(msgspec.to_builtins(spec), fix.spec)
    try:
        engines.choose(msgspec.convert(changed, JobSpec))
    except (Invalid, msgspec.ValidationError):
        return False
    return True
