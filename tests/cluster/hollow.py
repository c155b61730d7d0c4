"""A container that runs nothing: a test writes its output and ends it.

For a thousand pods at once, and for output that must stand in the log byte for byte.
"""

from __future__ import annotations

import asyncio
import signal
import time

from .containers import Exit
from .logs import ContainerLog


class Hollow:
    """Stands for ``containers.Container``. SIGTERM ends it with 143, as Python does."""

    def __init__(self, log: ContainerLog) -> None:
        self._log = log
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    def write(self, data: bytes, stream: str = "stdout") -> None:
        self._log.write(stream, data, time.time_ns())

    def exit(self, code: int, *, oom: bool = False) -> None:
        if not self.ended.done():
            self.ended.set_result(Exit(code, oom))

    def signal(self, number: int) -> None:
        self.exit(128 + (number or signal.SIGKILL))
