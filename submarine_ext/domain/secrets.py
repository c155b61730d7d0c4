"""Secrets of a project: names that people see, values that only jobs get."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

#: Shorter ones could not be told from ordinary text in a log.
SHORTEST = 6

SecretValue = Annotated[str, Meta(min_length=SHORTEST, max_length=32_768)]


class Secret(Struct, frozen=True, kw_only=True):
    """A secret's name, which is also the environment variable; who wrote it last and when."""

    name: str
    author: str
    written: str


class SecretRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The value; it is never read back."""

    value: SecretValue
