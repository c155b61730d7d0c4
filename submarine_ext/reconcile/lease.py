"""One process at a time looks after the jobs of a data folder.

The lease is a ``flock`` on a file: the kernel ends it with its holder, so no clock and no
time-out can make two processes believe that they hold it.
"""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path
from typing import IO

TRY_SECONDS = 1.0


class Lease:
    """``await acquire()`` returns once this process holds it; ``release()`` gives it back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    async def acquire(self) -> None:
        """Wait until the lease is ours."""
        while not self._try():  # noqa: ASYNC110 - the event is in another process
            await asyncio.sleep(TRY_SECONDS)

    def _try(self) -> bool:
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None
