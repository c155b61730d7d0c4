"""Zeppelin notes come in as notebooks, and notebooks go out as notes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from submarine_ext.domain import comparisons_forms as forms
from submarine_ext.domain import zeppelin, zeppelin_export
from submarine_ext.domain.access import Principal
from submarine_ext.domain.versions import Version, VersionKind
from submarine_ext.errors import Conflict, Invalid, NotFound, Stale
from submarine_ext.services.documents import Documents

_SUFFIX = ".ipynb"


class Notes:
    """The service; files are saved through :class:`Documents`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def take(self, who: Principal, project: str, path: str, note: dict[str, Any]) -> Version:
        """Save a note as a new notebook. Raises Invalid, Conflict where the path exists."""
        if not path.endswith(_SUFFIX):
            raise Invalid(
                f"A note becomes a notebook: its path must end in {_SUFFIX}.", field="path"
            )
        await self._free(who, project, path)
        body = await asyncio.to_thread(_notebook, note)
        try:
            version, _ = await self._documents.save(
                who, project, path, body, create_only=True, kind=VersionKind.IMPORTED
            )
        except Stale:
            raise _taken(path) from None
        return version

    async def _free(self, who: Principal, project: str, path: str) -> None:
        """Look before the save would keep a second body beside what is there."""
        try:
            _, writable = await self._documents.look(who, project, path)
        except NotFound:
            return  # of the file, or of the project: the save says which
        if writable:
            raise _taken(path)

    async def give(self, who: Principal, project: str, path: str) -> bytes:
        """A notebook as a ``.zpln`` note. Raises Invalid for other files."""
        content = await self._documents.read(who, project, path)
        return await asyncio.to_thread(_note, content.body, path)


def _taken(path: str) -> Conflict:
    return Conflict(f"{path[:80]!r} exists already: choose another name for the notebook.")


def _notebook(note: dict[str, Any]) -> bytes:
    """As Jupyter writes its files."""
    text = json.dumps(zeppelin.notebook(note), ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode() + b"\n"


def _note(body: bytes, path: str) -> bytes:
    notebooks = forms.notebooks(path, body)
    if notebooks is None:
        raise Invalid("Only notebooks (format 4) can become Zeppelin notes.", field="path")
    name = path.rpartition("/")[2].removesuffix(_SUFFIX)
    note = zeppelin_export.note(notebooks[0], name)
    return json.dumps(note, ensure_ascii=False, indent=2).encode() + b"\n"
