"""Lists come in pages: ``items`` and an opaque cursor ``next`` (None: no more)."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from submarine_ext.domain.jobs import JobState

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True):
    """One page of a list."""

    items: list[Item]
    next: str | None = None


Name = Annotated[str, Meta(min_length=1, max_length=255)]
Cursor = Annotated[str, Meta(max_length=64)]


class Search(Struct, frozen=True, forbid_unknown_fields=True):
    """People or teams by a part of their name, in the order of their names."""

    text: Annotated[str, Meta(max_length=128)] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Annotated[str, Meta(max_length=255)] | None = None


class AuditFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries of the audit log, newest first. Without ``project``: all (admins only)."""

    project: Name | None = None
    actor: Name | None = None
    action: Name | None = None
    object: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Cursor | None = None


class JobFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which jobs to list, newest first. ``text`` is looked for in name and id."""

    state: list[JobState] = []
    owner: str | None = None
    text: Annotated[str, Meta(max_length=128)] | None = None
    tag: Annotated[str, Meta(max_length=63)] | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    cursor: Annotated[str, Meta(max_length=64)] | None = None
