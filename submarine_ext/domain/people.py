"""People: who somebody is here, what they may do, and what is theirs."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from submarine_ext.domain.quotas import Quota, Use


class User(Struct, frozen=True, kw_only=True):
    """Somebody. ``admin``, ``disabled`` and ``quota`` are told to admins only (else None).

    ``seen`` is when they first came (RFC 3339 UTC), None for a name that was only given a
    role so far.
    """

    name: str
    seen: str | None = None
    admin: bool | None = None
    disabled: bool | None = None
    quota: Quota | None = None


class UserChange(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an admin changes; what is absent stays."""

    admin: bool | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    quota: Quota | UnsetType = UNSET


class Me(Struct, frozen=True, kw_only=True):
    """The asker. ``capabilities`` are those on the server and in the personal project;
    ``quota`` and ``use`` are the asker's own.
    """

    user: str
    teams: list[str]
    admin: bool
    capabilities: list[str]
    personal_project: str
    quota: Quota
    use: Use
