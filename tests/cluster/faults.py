"""Faults on command: what goes wrong between a client and the server, and only there.

``serving`` asks here before it answers and for every line of a stream. A fault is one
object, put in by a test (``cluster.faults.add(CutStreams(…))``), and applies to the
requests that its ``when`` matches, ``times`` times (None: until it is removed).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from .calls import Call

Which = Callable[[Call], bool]
F = TypeVar("F", bound="Fault")


def every(_: Call) -> bool:
    return True


def watches(resource: str = "") -> Which:
    """Watches, of one resource (``jobs.batch``) or all."""
    return lambda call: call.verb == "watch" and resource in {"", _id(call)}


def logs(call: Call) -> bool:
    return call.subresource == "log"


def writes(call: Call) -> bool:
    return call.verb in {"create", "update", "patch", "delete", "deletecollection"}


def verbs(*names: str, resource: str = "") -> Which:
    return lambda call: call.verb in names and resource in {"", _id(call)}


def _id(call: Call) -> str:
    return call.resource.id if call.resource else ""


@dataclass(kw_only=True)
class Fault:
    """What every fault has: which calls it meets, and how often."""

    when: Which = every
    times: int | None = 1


@dataclass(kw_only=True)
class Answer(Fault):
    """An error instead of an answer: 429 and 503 as the recordings show them."""

    status: int = 429
    retry_after: float | None = 1


@dataclass(kw_only=True)
class Drop(Fault):
    """The connection is reset before (or, ``after=True``, once it was done) the answer."""

    after: bool = False


@dataclass(kw_only=True)
class Delay(Fault):
    """The answer comes late."""

    seconds: float = 0.1


@dataclass(kw_only=True)
class EndAtOnce(Fault):
    """A stream that answers 200 and ends without a line."""


@dataclass(kw_only=True)
class CutStream(Fault):
    """A stream that is reset in the middle of its next line after ``lines`` whole ones."""

    lines: int = 0


@dataclass(kw_only=True)
class CloseStream(Fault):
    """A stream that ends cleanly after ``lines`` whole lines."""

    lines: int = 0


@dataclass(kw_only=True)
class StallStream(Fault):
    """Half-open: after ``lines`` lines nothing more is sent, and nothing is closed."""

    lines: int = 0


@dataclass(kw_only=True)
class RepeatEvents(Fault):
    """Every line of a watch comes twice."""


@dataclass(kw_only=True)
class SwapEvents(Fault):
    """Two neighbouring lines of a watch that are ready together change places."""


@dataclass
class Faults:
    """The faults in force. Safe to call from a test's thread: lists are replaced whole."""

    active: list[Fault] = field(default_factory=list)
    #: Set to let every stalled stream go on (they end with the server anyway).
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, fault: Fault) -> Fault:
        self.active = [*self.active, fault]
        return fault

    def remove(self, fault: Fault) -> None:
        self.active = [found for found in self.active if found is not fault]

    def clear(self) -> None:
        self.active = []

    def take(self, kind: type[F], call: Call) -> F | None:
        """The first fault of that kind that meets this call; it counts as used."""
        for fault in self.active:
            if isinstance(fault, kind) and fault.when(call):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.remove(fault)
                return fault
        return None
