"""The bytes of shared projects: a folder of real files each, and content-addressed versions."""

from __future__ import annotations

from pathlib import Path


class ProjectFiles:
    """``root/<project>/`` is the folder that kernels work in; ``root/.blobs`` keeps versions."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, project: str) -> Path:
        """The project's working folder."""
        return self._root / project
