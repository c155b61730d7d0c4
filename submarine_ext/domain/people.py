"""Who somebody is here and what they may do: what ``GET /me`` tells."""

from __future__ import annotations

from msgspec import Struct


class Me(Struct, frozen=True, kw_only=True):
    """The asker. ``capabilities`` are those in the personal project."""

    user: str
    teams: list[str]
    admin: bool
    capabilities: list[str]
    personal_project: str | None
