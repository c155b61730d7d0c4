"""Zeppelin notes come in as notebooks, and notebooks go out as notes."""

from __future__ import annotations

from typing import Any

from submarine_ext.domain.access import Principal
from submarine_ext.domain.versions import Version
from submarine_ext.services.documents import Documents


class Notes:
    """The service; files are saved through :class:`Documents`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def take(self, who: Principal, project: str, path: str, note: dict[str, Any]) -> Version:
        """Save a note as a new notebook. Raises Invalid, Conflict where the path exists."""
        raise NotImplementedError

    async def give(self, who: Principal, project: str, path: str) -> bytes:
        """A notebook as a ``.zpln`` note."""
        raise NotImplementedError
