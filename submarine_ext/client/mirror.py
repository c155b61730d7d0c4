"""One job as its topic tells it: frames in, the Job out.

A frame counts only if its revision is newer than what is known, since a GET may have
overtaken it. Reading the job itself is left to a function, so that nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from submarine_ext.client.answers import received
from submarine_ext.client.socket import Frame
from submarine_ext.domain.jobs import Job

LIVE = ("progress", "latest")


class Mirror:
    """``fetch`` reads the whole job; it is asked at the start, after gaps and reconnects."""

    def __init__(self, job_id: str, fetch: Callable[[str], Job]) -> None:
        self.topic = f"jobs/{job_id}"
        self.job: Job | None = None
        self.deleted = False
        self._id, self._fetch = job_id, fetch
        self._known: dict[str, Any] = {}

    def apply(self, frame: Frame) -> bool:
        """Take a frame of the job's own topic in; whether anything changed."""
        if frame.type in ("subscribed", "gap"):
            return self._merge(msgspec.to_builtins(self._fetch(self._id)))
        if frame.type == "job":
            return self._merge(frame.data)
        if frame.type == "progress" and self._known:
            self._known |= {key: frame.data[key] for key in LIVE if key in frame.data}
            return self._convert()
        self.deleted = self.deleted or frame.type == "deleted"
        return self.deleted

    def _merge(self, data: dict[str, Any]) -> bool:
        if data.get("revision", 0) <= self._known.get("revision", 0):
            return False
        if not self._known and "spec" not in data:
            return False  # a change of a job that we have not read yet: the GET will tell
        self._known |= data
        return self._convert()

    def _convert(self) -> bool:
        self.job = received(self._known, Job)
        return True
