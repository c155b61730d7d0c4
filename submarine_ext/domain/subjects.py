"""Who can be given something: a person or a team, which are never taken for each other."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from submarine_ext.errors import Invalid

MAX_BYTES = 255


class Kind(StrEnum):
    """A team may be called like a person: the kind is part of who it is."""

    USER = "user"
    TEAM = "team"


class Subject(Struct, frozen=True):
    """Written ``user:alice`` or ``team:vision``. The name counts byte for byte."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def user(name: str) -> Subject:
    """A person."""
    return Subject(Kind.USER, name)


def team(name: str) -> Subject:
    """A team."""
    return Subject(Kind.TEAM, name)


def parse(text: str) -> Subject:
    """The subject that ``text`` names. Raises Invalid (field ``subject``)."""
    kind, _, name = text.partition(":")
    if kind not in tuple(Kind) or not plausible(name):
        raise Invalid("subject must be user:NAME or team:NAME.", field="subject")
    return Subject(Kind(kind), name)


def plausible(name: str) -> bool:
    """Whether somebody can be called so: 1 to 255 bytes of UTF-8 that can be shown.

    Other names would be invisible, or would look like somebody else's, wherever shown.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return 0 < size <= MAX_BYTES and name.isprintable() and name == name.strip()
