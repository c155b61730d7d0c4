"""Two versions side by side, and three merged into one."""

from __future__ import annotations

from submarine_ext.domain.access import Principal
from submarine_ext.domain.versions import Diff, Merge
from submarine_ext.services.documents import Documents


class Comparisons:
    """The service; it reads through :class:`Documents` and saves nothing."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def diff(
        self, who: Principal, project: str, path: str, before: str, after: str | None
    ) -> Diff:
        """What changed between two versions (``after`` None: the current one)."""
        raise NotImplementedError

    async def merge(
        self, who: Principal, project: str, path: str, base: str, mine: str, theirs: str | None
    ) -> Merge:
        """A three-way merge; ``base`` is an ETag, the others are versions."""
        raise NotImplementedError
