"""What a project is. In this version there is one, ``default``, of the server's owner."""

from __future__ import annotations

from msgspec import Struct

DEFAULT = "default"


class Project(Struct, frozen=True, kw_only=True):
    """The root of everything that is shared. ``name`` is a slug, ``title`` free text."""

    name: str
    title: str
    owner: str
    created: str
