"""All that is known of one attempt on the cluster, as the watches brought it."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.kubernetes.kinds.base import Object, Top
from submarine_ext.engines.kubernetes.settings import Settings


class View(Struct, frozen=True, kw_only=True):
    """``pods`` by node then age; ``events`` are Warnings about the top object, its pods and
    its Workload, the newest last; ``reports`` are what ``pod.py`` wrote as termination
    message, by node (see ``pod/report.py``); ``workload`` is Kueue's, ``position`` from 1.
    """

    spec: JobSpec
    settings: Settings
    namespace: str
    top: Top | None
    top_object: Object | None = None
    pods: list[Object] = []
    events: list[Object] = []
    reports: dict[int, dict[str, Any]] = {}
    workload: Object | None = None
    position: int | None = None
    queue: str | None = None


class Ending(Struct, frozen=True, kw_only=True):
    """How an attempt failed: the fields of ``engines.base.Ended`` of the same names."""

    reason: str
    exit_code: int | None = None
    retryable: bool = True
    remedy: JobSpec | None = None
    started: float | None = None
    finished: float | None = None


class Weight(IntEnum):
    """Whether what a job waits for passes by itself, takes others' ends, or takes a person."""

    PASSES = 0
    BUSY = 1
    STUCK = 2


class Said(Struct, frozen=True, kw_only=True):
    """Why a job waits: one plain sentence or two, and a changed spec that would not.

    ``field`` is the spec's, where one is in the way. Where several machines of a job wait,
    what weighs most is said.
    """

    text: str
    remedy: JobSpec | None = None
    field: str | None = None
    weight: Weight = Weight.PASSES
