"""Projects: the root of everything that is shared, and what people are in them."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from submarine_ext.domain.access import Role

#: The personal project of the person whose server this is. Others' are named after them.
DEFAULT = "default"

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Title = Annotated[str, Meta(max_length=200)]
MAX_MADE = 58  # leaves room for -2, -3 … in the 63 characters of a slug


def slug(name: str, otherwise: str = "") -> str:
    """What something of this name can be called: ASCII letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_MADE].strip("-") or otherwise


class Visibility(StrEnum):
    """``internal``: every signed-in person may read notebooks, without their outputs."""

    PRIVATE = "private"
    INTERNAL = "internal"


class ProjectState(StrEnum):
    """``archived``: read-only. ``trashed``: seen by its owners, who may restore or purge it.
    ``orphaned``: no enabled person is an owner; an admin names one.
    """

    ACTIVE = "active"
    ARCHIVED = "archived"
    TRASHED = "trashed"
    ORPHANED = "orphaned"


class ProjectSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``viewer_logs``: viewers may read job logs. ``version_outputs``: versions keep outputs."""

    viewer_logs: bool = False
    version_outputs: bool = True


class Project(Struct, frozen=True, kw_only=True):
    """A project as the asker sees it. ``name`` is a slug and stays, ``title`` is free text.

    ``role`` is the asker's own (the greatest of all grants; None for internal readers and
    admins), ``capabilities`` what the asker may do in it. ``owners`` (people and teams, as
    ``user:NAME`` or ``team:NAME``) is told to whoever may see members. ``offered_to`` names
    who may accept the project. ``personal``: it is somebody's first, which cannot be
    deleted, left or transferred.
    """

    name: str
    title: str
    description: str
    visibility: Visibility
    state: ProjectState
    settings: ProjectSettings
    personal: bool
    created: str
    role: Role | None
    capabilities: list[str]
    owners: list[str]
    offered_to: str | None = None


class NewProject(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``title`` defaults to the name."""

    name: Slug
    title: Title = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    visibility: Visibility = Visibility.PRIVATE


class Open(StrEnum):
    """The states that people choose; a DELETE puts a project into the trash."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class SettingsChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is absent stays."""

    viewer_logs: bool | UnsetType = UNSET
    version_outputs: bool | UnsetType = UNSET


class ProjectChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is absent stays. ``state`` ``active`` also takes a project out of the trash."""

    title: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=2000)] | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    state: Open | UnsetType = UNSET
    settings: SettingsChange | UnsetType = UNSET


class Grant(Struct, frozen=True, kw_only=True):
    """One relation tuple. ``subject`` is ``user:NAME`` or ``team:NAME``.

    ``known`` is False for a person who has not been here yet. ``until`` is set for an
    admin's emergency access (break-glass; ``reason`` says why, ``role`` is None).
    """

    subject: str
    role: Role | None
    by: str
    created: str
    known: bool = True
    until: str | None = None
    reason: str | None = None


class GrantRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The role to give."""

    role: Role


class Offer(Struct, frozen=True, forbid_unknown_fields=True):
    """Hand the project over to a person, who must accept."""

    to: Annotated[str, Meta(min_length=1, max_length=255)]


class BreakGlass(Struct, frozen=True, forbid_unknown_fields=True):
    """An admin's emergency access. The owners are told the reason."""

    reason: Annotated[str, Meta(min_length=10, max_length=500)]
    minutes: Annotated[int, Meta(ge=1, le=60)] = 60
