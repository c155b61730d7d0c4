"""Teams: people under one name, one level deep, to share projects with."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from submarine_ext.domain.projects import Slug, Title
from submarine_ext.domain.quotas import Quota, Use


class Standing(StrEnum):
    """What somebody is in a team; a manager looks after its members."""

    MEMBER = "member"
    MANAGER = "manager"


class Member(Struct, frozen=True):
    """One person of a team."""

    user: str
    role: Standing


class Team(Struct, frozen=True, kw_only=True):
    """``members``, ``quota`` and ``use`` are told to its members and to admins only
    (else empty, None). ``role`` is the asker's own. ``group``: the team is that group of the
    identity provider (JupyterHub), which alone decides who is in it.
    """

    name: str
    title: str
    created: str
    role: Standing | None = None
    group: str | None = None
    members: list[Member] = []
    quota: Quota | None = None
    use: Use | None = None


class NewTeam(Struct, frozen=True, forbid_unknown_fields=True):
    """``name`` is a slug and stays, ``title`` is free text (default: the name)."""

    name: Slug
    title: Title = ""


class TeamChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is absent stays. ``quota`` is changed by admins only."""

    title: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    quota: Quota | UnsetType = UNSET


class Membership(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person is to be in a team."""

    role: Standing = Standing.MEMBER
