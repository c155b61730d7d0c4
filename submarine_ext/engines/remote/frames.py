"""What the service and a machine say to each other, and over what. MessagePack, one struct each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec
from msgspec import Struct

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Ended, EngineInfo, Started, Waiting

#: Grows when one side would misunderstand the other.
PROTOCOL = 1
#: The most bytes of a log, an output or a bundle in one frame, so that others come between.
PIECE = 256 * 1024
#: The longest frame: a piece, or a spec with its environment.
LONGEST = 16 * 1024 * 1024
#: Seconds between two signs of life from the machine, and after which silence is its absence.
BEAT, SILENCE = 20.0, 60.0
#: Why a socket is closed; the last two: what came makes no sense; another is in its place.
GOING_AWAY, BROKEN, NONSENSE, TAKEN = 1001, 1011, 4400, 4409


class LinkLost(ConnectionError):
    """The other side is gone."""


class Link(Protocol):
    """One open connection."""

    async def send(self, frame: bytes) -> None:
        """Returns when the other side takes it. Raises LinkLost."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and why."""


class Absent(StrEnum):
    """What it means for the service where a machine does not have an attempt."""

    BEGIN = "begin"  # it is to begin now
    WAIT = "wait"  # it may have begun; it is not to begin before the service says so
    LOST = "lost"  # it had begun, so nobody can know how it ended


# From the service


class Wanted(Struct, frozen=True, tag=True, kw_only=True):
    """An attempt that the service wants, and what of it has come: the logs' sizes by rank, and
    the outputs' by path. ``stop``: it is to end, with so many seconds of grace.
    """

    job: str
    attempt: int
    owner: str
    project: str
    spec: JobSpec
    absent: Absent
    secrets: Mapping[str, str] = {}
    stop: float | None = None
    logs: list[int] = []
    outputs: dict[str, int] = {}

    def __repr__(self) -> str:
        """Without what it is given."""
        return f"Wanted({self.job!r}, {self.attempt})"


class Known(Struct, frozen=True, tag=True):
    """The names of all attempts that the service wants here; each follows as :class:`Wanted`.
    What is not named is to end and go.
    """

    names: list[str]


class Stop(Struct, frozen=True, tag=True):
    """An attempt is to end."""

    name: str
    grace_seconds: float


class Recorded(Struct, frozen=True, tag=True):
    """An attempt's end is on record, with all that it left: it may go."""

    name: str


class Code(Struct, frozen=True, tag=True):
    """A piece of what was asked for, in order; an empty one: that was all. None: it is gone."""

    number: int
    data: bytes | None


# From the machine


class Hello(Struct, frozen=True, tag=True):
    """The first frame. ``machine`` names the folder in which the jobs lie, for ever."""

    machine: str
    info: EngineInfo
    protocol: int = PROTOCOL


class Load(Struct, frozen=True, tag=True):
    """How the machine is; also a sign of life."""

    info: EngineInfo


class Seen(Struct, frozen=True, tag=True):
    """How an attempt stands. An end comes after everything that the attempt left."""

    observation: Waiting | Started | Ended


class Log(Struct, frozen=True, tag=True):
    """What a rank printed, from a byte on."""

    name: str
    rank: int
    offset: int
    data: bytes


class Output(Struct, frozen=True, tag=True):
    """A piece of a file that an attempt left; ``end``: the last one."""

    name: str
    path: str
    offset: int
    data: bytes
    end: bool


class NeedsCode(Struct, frozen=True, tag=True):
    """Send the bundle of an attempt. ``number`` tells this request from others for it."""

    number: int
    sha256: str


FromService = Known | Wanted | Stop | Recorded | Code
FromMachine = Hello | Load | Seen | Log | Output | NeedsCode

encode = msgspec.msgpack.Encoder().encode
from_service = msgspec.msgpack.Decoder(FromService).decode
from_machine = msgspec.msgpack.Decoder(FromMachine).decode
