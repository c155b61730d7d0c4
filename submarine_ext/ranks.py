"""What each rank of a distributed job finds in its environment, for each framework.

One definition for every engine, so that a spec means the same everywhere. It travels into
pods: standard library only, Python 3.8. It knows neither specs nor how ranks are started.

``torch``       the variables of torchrun's workers, and ``PET_*``, from which a command
                ``torchrun train.py`` learns the same without options
``tensorflow``  ``TF_CONFIG``: every rank is a worker
``xgboost``     where the tracker is (rank 0 starts it), and the rank's number
others          nothing but ``SUBMARINE_RANK``
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

MEETING_PORT = 29500  # torchrun's own default


class Shape(NamedTuple):
    """``nodes`` machines with ``processes`` ranks each. ``addresses`` are ``host:port``, one a
    rank; the first is where all meet, and may stand alone but for TensorFlow.
    """

    framework: str
    nodes: int
    processes: int
    addresses: Sequence[str]


def environment(shape: Shape, rank: int) -> dict[str, str]:
    """The variables of one rank (0 to nodes * processes - 1)."""
    make = _FRAMEWORKS.get(shape.framework)
    return {"SUBMARINE_RANK": str(rank), **(make(shape, rank) if make else {})}


def spread(hosts: Sequence[str], processes: int, port: int = MEETING_PORT) -> list[str]:
    """The addresses of ranks on these hosts: consecutive ports on each."""
    return [f"{host}:{port + local}" for host in hosts for local in range(processes)]


def on_this_machine(count: int) -> list[str]:
    """Addresses for ``count`` ranks here, with ports that are free now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]


def _torch(shape: Shape, rank: int) -> dict[str, str]:
    node, local = divmod(rank, shape.processes)
    host, port = _meeting(shape)
    return {
        "MASTER_ADDR": host,
        "MASTER_PORT": port,
        "RANK": str(rank),
        "WORLD_SIZE": str(shape.nodes * shape.processes),
        "LOCAL_RANK": str(local),
        "LOCAL_WORLD_SIZE": str(shape.processes),
        "GROUP_RANK": str(node),
        "NODE_RANK": str(node),
        "PET_NNODES": str(shape.nodes),
        "PET_NPROC_PER_NODE": str(shape.processes),
        "PET_NODE_RANK": str(node),
        "PET_MASTER_ADDR": host,
        "PET_MASTER_PORT": port,
    }


def _tensorflow(shape: Shape, rank: int) -> dict[str, str]:
    cluster = {"worker": list(shape.addresses)}
    task = {"type": "worker", "index": rank}
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})}


def _xgboost(shape: Shape, rank: int) -> dict[str, str]:
    host, port = _meeting(shape)
    size = str(shape.nodes * shape.processes)
    return {
        "DMLC_TRACKER_URI": host,
        "DMLC_TRACKER_PORT": port,
        "DMLC_NUM_WORKER": size,
        "DMLC_TASK_ID": str(rank),
        "MASTER_ADDR": host,
        "MASTER_PORT": port,
        "RANK": str(rank),
        "WORLD_SIZE": size,
    }


def _meeting(shape: Shape) -> tuple[str, str]:
    host, _, port = shape.addresses[0].rpartition(":")
    return host, port


_FRAMEWORKS = {"torch": _torch, "tensorflow": _tensorflow, "xgboost": _xgboost}
