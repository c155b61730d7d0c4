"""Groups of people that somebody else keeps (JupyterHub, say), and the teams they become."""

from __future__ import annotations

from msgspec import Struct

#: Who is in a group, by name.
Members = frozenset[str]


class Known(Struct, frozen=True):
    """What the directory says of one person. None: it does not say."""

    name: str
    groups: frozenset[str] | None = None
    admin: bool | None = None
