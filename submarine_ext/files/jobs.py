"""The folders of jobs: ``<root>/<job>/<attempt>/{work,artifacts,rank-0.log,…}``."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from submarine_ext.errors import NotFound


class Artifact(Struct, frozen=True):
    """A file that a job left: its path below the artifacts folder and its size in bytes."""

    path: str
    size: int


class JobFiles:
    """Folders of all jobs below ``root``. Job ids are made by the server, so they are safe."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, job: str, attempt: int) -> Path:
        """The attempt's own folder, which need not exist yet."""
        return self.root / job / str(attempt)

    def log(self, job: str, attempt: int, rank: int) -> Path:
        """Everything that rank printed, byte for byte."""
        return self.folder(job, attempt) / f"rank-{rank}.log"

    def artifacts(self, job: str, attempt: int) -> list[Artifact]:
        """Regular files below ``artifacts``, by path; links are not followed.

        What track is still copying (``.submarine-…``) is not there yet.
        """
        root = self.folder(job, attempt) / "artifacts"
        found = []
        for folder, _, names in os.walk(root):
            for name in names:
                path = (Path(folder) / name).relative_to(root).as_posix()
                with contextlib.suppress(FileNotFoundError):  # a running job may remove it
                    info = (root / path).lstat()
                    if stat.S_ISREG(info.st_mode) and not path.startswith(".submarine-"):
                        found.append(Artifact(path, info.st_size))
        return sorted(found, key=lambda artifact: artifact.path)

    def artifact(self, job: str, attempt: int, path: str) -> Path:
        """The file of a listed artifact. Raises NotFound for anything that is not listed."""
        if path not in {artifact.path for artifact in self.artifacts(job, attempt)}:
            raise NotFound
        return self.folder(job, attempt) / "artifacts" / path

    def remove(self, job: str) -> None:
        """Delete everything of a job; what is already gone is no error."""
        shutil.rmtree(self.root / job, ignore_errors=True)


def opened(path: Path) -> BinaryIO:
    """The regular file itself: no link and no pipe that a job put in its place. Or NotFound."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags)
    except OSError:
        raise NotFound from None
    file = os.fdopen(descriptor, "rb")
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return file
    file.close()
    raise NotFound
