"""Reading a tar that somebody may have made to harm who reads it.

Python's ``tarfile`` reads what describes a file (long names, extended headers) into memory,
whatever length that claims, and a compressed gigabyte of zeros is small. Must not open or
write files.
"""

from __future__ import annotations

import tarfile
from typing import Any

#: Bytes of one description; a path has 1024 at most.
LONGEST = 1 << 20


class Header(tarfile.TarInfo):
    """For ``tarfile.open(…, tarinfo=Header)``: a description that is too long is an error."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if not self.isreg() and not self.isdir() and self.size > LONGEST:
            raise tarfile.ReadError("a file's description in it is too long")
        try:
            member = super()._proc_member(archive)  # type: ignore[misc]
        except RecursionError:  # each description may be followed by another
            raise tarfile.ReadError("a file in it is described too often") from None
        if member.size < 0:  # what sums up sizes would be told lies
            raise tarfile.ReadError("a file in it has less than no size")
        return member
