"""Versions of a project's files: content-addressed, never changed, kept when somebody loses.

A file's ETag is the SHA-256 of its bytes. Each save that changes the content is a version.
A save that came too late (412) is kept as well, as a version of kind ``conflict``, which
never becomes the file's content by itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct


class VersionKind(StrEnum):
    """How a version came about. ``found``: the file was changed outside the lab."""

    SAVED = "saved"
    RESTORED = "restored"
    FOUND = "found"
    CONFLICT = "conflict"
    IMPORTED = "imported"


class Version(Struct, frozen=True, kw_only=True):
    """One version, as Jupyter's checkpoint model (``id``, ``last_modified``) and more.

    ``message`` is the name somebody gave it (None: unnamed), ``etag`` the SHA-256 of the
    file's bytes, ``size`` in bytes, ``jobs`` the ids of jobs that ran it, ``base`` the ETag
    it was made from. ``current``: it is the file's content now. ``coauthors`` typed parts of
    it while its author did, in a room.
    """

    id: str
    last_modified: str
    author: str
    kind: VersionKind
    message: str | None
    size: int
    etag: str
    base: str | None
    jobs: list[str]
    current: bool
    coauthors: list[str] = []


class Naming(Struct, frozen=True, forbid_unknown_fields=True):
    """A name for a version; it is then kept for good. None takes the name away."""

    message: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class Trashed(Struct, frozen=True, kw_only=True):
    """A file in the trash. Restoring ``version`` brings it back."""

    path: str
    deleted: str
    by: str
    version: str
    size: int


class Change(StrEnum):
    """What happened to a cell, or who changed it."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class CellDiff(Struct, frozen=True, kw_only=True):
    """One cell (or the whole text of another file) in two versions.

    ``change`` is about source, type and attachments; a cell that was only run again is ``same``
    with ``outputs_changed`` (execution counts and ids are no change at all). ``lines`` is the
    source as a unified list: each begins with ``" "``, ``"-"`` or ``"+"``. Of sources over 400
    lines only the changes and three lines around them are there, each stretch behind a line
    like ``@@ -12,7 +12,8 @@`` as diff has it.
    """

    change: Change
    cell_type: str
    lines: list[str]
    outputs_changed: bool = False
    metadata_changed: bool = False


class Diff(Struct, frozen=True, kw_only=True):
    """Two versions of a file, cell by cell. ``format``: notebook, text or binary (no cells).

    Cells come in the order of the newer notebook, removed ones where they were. ``operations``
    is nbdime's diff of the notebooks (https://nbdime.readthedocs.io/en/latest/diffing.html).
    ``plain``: so much changed that cells without a partner of the same id or source are shown
    as removed and added, also where they are alike.
    """

    path: str
    format: str
    before: Version
    after: Version
    cells: list[CellDiff]
    metadata_changed: bool
    operations: list[Any] = []
    plain: bool = False


class Side(StrEnum):
    """Whose change a merged cell holds; ``conflict`` needs somebody to choose."""

    SAME = "same"
    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    CONFLICT = "conflict"


class CellMerge(Struct, frozen=True, kw_only=True):
    """One cell of a three-way merge (nbformat cells as they are in the notebook).

    ``merged`` is None where the cell is gone in the result and, for a ``conflict``, a
    proposal that takes mine wherever both changed the same lines. Outputs never make a
    conflict: they come from the side whose source was taken (both: mine). In a text file a
    cell is a run of lines: ``{"source": "…"}``; all merged sources joined are the file.
    """

    side: Side
    base: dict[str, Any] | None
    mine: dict[str, Any] | None
    theirs: dict[str, Any] | None
    merged: dict[str, Any] | None


class Merge(Struct, frozen=True, kw_only=True):
    """A three-way merge. ``metadata`` is the merged notebook's; ``nbformat`` its format.

    ``format``: notebook or text (``nbformat`` 0); other files cannot be merged. ``etag`` is
    theirs: save the result with it as ``If-Match``. ``plain`` as in a Diff.
    """

    path: str
    format: str
    cells: list[CellMerge]
    conflicts: int
    metadata: dict[str, Any]
    nbformat: int
    nbformat_minor: int
    etag: str
    plain: bool = False


class Import(Struct, frozen=True, forbid_unknown_fields=True):
    """A Zeppelin note (``.json`` of 0.8, ``.zpln`` of 0.9 and later) to become a notebook.

    ``path`` is where in the project; it must not exist yet.
    """

    path: Annotated[str, Meta(min_length=1, max_length=1024)]
    note: dict[str, Any]
