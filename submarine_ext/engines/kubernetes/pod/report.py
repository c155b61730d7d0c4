"""What the launcher leaves as its container's termination message, read without trust.

The message is a file that the job's own process may write, and without a report Kubernetes
puts the log's last lines there: whatever is no report is none.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

#: A kubelet keeps 4 KiB of a container's message, 12 KiB of a pod's.
LONGEST = 16_384
Sentence = Annotated[str, Meta(max_length=2000)]
Time = Annotated[float, Meta(ge=0, lt=253_402_300_800)]  # up to the year 9999
Code = Annotated[int, Meta(ge=-255, le=255)]
Bytes = Annotated[int, Meta(ge=0, le=2**53)]


class Report(Struct, frozen=True, kw_only=True):
    """How a pod's ranks ended.

    ``kind``: ``exited`` (``rank`` and ``code`` of the first that failed, or code 0),
    ``stopped`` (SIGTERM from outside), ``timeout``, ``unstartable`` (``error`` is the whole
    sentence; no retry helps), ``unprepared`` (the same, but a retry may help).
    ``code`` is negative for a signal, and the first rank's where none failed by itself.
    ``error``: the last traceback's last line. ``oom``: the kernel killed something of it for
    want of memory; ``used``: the most bytes it had. ``started``/``finished``: epoch seconds,
    None if it never ran. ``cpu``: seconds of processor time. ``notes``: sentences about
    what could not be kept.
    """

    kind: str
    rank: Annotated[int, Meta(ge=0, lt=2**16)] | None = None
    code: Code | None = None
    error: Sentence | None = None
    oom: bool = False
    used: Bytes | None = None
    cpu: Annotated[float, Meta(ge=0, le=1e12)] | None = None
    started: Time | None = None
    finished: Time | None = None
    notes: list[Sentence] = []


KINDS = frozenset({"exited", "stopped", "timeout", "unstartable", "unprepared"})
_decode = msgspec.json.Decoder(Report).decode


def read(message: str | None) -> Report | None:
    """The report in a termination message, if it is one."""
    if not message or len(message) > LONGEST:
        return None
    try:
        report = _decode(message)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return report if report.kind in KINDS else None


def as_view(report: Report) -> dict[str, Any]:
    """As :class:`~submarine_ext.engines.kubernetes.diagnosis.view.View` holds it."""
    return msgspec.structs.asdict(report)
