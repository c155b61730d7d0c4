"""What this machine has, what each task needs of it, and who holds what.

CPUs are counted in thousandths, memory in bytes, GPUs as whole devices with their ids.
A task that names no memory reserves none. Nothing here waits or starts anything.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import cpu_millis, human_bytes, human_cpus, memory_bytes
from submarine_ext.errors import Invalid

KINDS = ("cpu", "memory", "gpu")


class Amount(Struct, frozen=True):
    """So much of the machine: thousandths of CPUs, bytes, GPUs."""

    cpu: int = 0
    memory: int = 0
    gpu: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.cpu + other.cpu, self.memory + other.memory, self.gpu + other.gpu)

    def times(self, number: int) -> Amount:
        """The same for ``number`` nodes."""
        return Amount(self.cpu * number, self.memory * number, self.gpu * number)

    def of(self, kind: str) -> int:
        """The amount of one of :data:`KINDS`."""
        number: int = getattr(self, kind)
        return number


def human(kind: str, number: int) -> str:
    """``1 GPU``, ``1.5 CPUs``, ``2 GiB of memory``: for sentences shown to people."""
    if kind == "cpu":
        return human_cpus(number)
    if kind == "memory":
        return f"{human_bytes(number)} of memory"
    return f"{number} GPU" if number == 1 else f"{number} GPUs"


def per_node(spec: JobSpec) -> Amount:
    """What one node of the job needs."""
    wanted = spec.resources
    memory = memory_bytes(wanted.memory) if wanted.memory is not None else 0
    return Amount(cpu_millis(wanted.cpu), memory, wanted.gpu)


def need(spec: JobSpec) -> Amount:
    """What the whole job needs: its nodes are processes of this one machine."""
    return per_node(spec).times(spec.distributed.nodes)


def check(spec: JobSpec, machine: Amount) -> None:
    """Refuse what this machine could not even run alone."""
    node = per_node(spec)
    for kind in KINDS:
        if node.of(kind) > machine.of(kind):
            raise Invalid(
                f"resources.{kind}: the job asks for {human(kind, node.of(kind))}, this machine "
                f"has {human(kind, machine.of(kind))}. Ask for less, or use another engine.",
                field=f"resources.{kind}",
            )
        if need(spec).of(kind) > machine.of(kind):
            raise Invalid(
                f"distributed.nodes: {spec.distributed.nodes} nodes ask for "
                f"{human(kind, need(spec).of(kind))}, this machine has "
                f"{human(kind, machine.of(kind))}. Use fewer nodes, or another engine.",
                field="distributed.nodes",
            )


def machine(cpu: float | None, memory: int | None, gpu: int | None) -> tuple[Amount, list[str]]:
    """What there is and the GPUs' ids; given numbers (CPUs, bytes, GPUs) replace found ones."""
    ids = gpu_ids() if gpu is None else [str(n) for n in range(gpu)]
    millis = _cpus() if cpu is None else round(cpu * 1000)
    return Amount(millis, _memory() if memory is None else memory, len(ids)), ids


def _cpus() -> int:
    with contextlib.suppress(AttributeError):  # not on macOS
        return len(os.sched_getaffinity(0)) * 1000
    return (os.cpu_count() or 1) * 1000


def _memory() -> int:
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            found.append(int(Path("/sys/fs/cgroup", limit).read_text()))
    return min(found)


def gpu_ids() -> list[str]:
    """NVIDIA devices that the server itself may use, by their number in the device folder.

    Read from the device files, since asking the driver's tool takes a second at start.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name and name != "-1"]
    devices = [p for p in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", p.name)]
    return [str(n) for n in range(len(devices))]


class Holding(Struct, frozen=True):
    """What one task holds, and for whom."""

    owner: str
    amount: Amount
    gpus: list[str]


class Slots:
    """Who holds what of the machine."""

    def __init__(self, total: Amount, gpus: list[str]) -> None:
        self.total = total
        self._gpus = gpus
        self.holdings: dict[str, Holding] = {}

    @property
    def in_use(self) -> Amount:
        """The sum of what is held; adopted tasks can make it more than there is."""
        return sum((h.amount for h in self.holdings.values()), Amount())

    def take(self, name: str, owner: str, amount: Amount, gpus: list[str] | None = None) -> None:
        """Hold the amount; ``gpus`` only for a task that has its devices already."""
        taken = {gpu for holding in self.holdings.values() for gpu in holding.gpus}
        if gpus is None:
            gpus = [gpu for gpu in self._gpus if gpu not in taken][: amount.gpu]
        self.holdings[name] = Holding(owner, amount, gpus)

    def release(self, name: str) -> None:
        """Give back what the task held, if anything."""
        self.holdings.pop(name, None)
