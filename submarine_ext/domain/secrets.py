"""Secrets of a project: names that people see, values that only jobs get."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from submarine_ext.domain.specs import check_variable
from submarine_ext.errors import Invalid

#: Shorter ones could not be told from ordinary text in a log.
SHORTEST = 6

SecretValue = Annotated[str, Meta(min_length=SHORTEST, max_length=32_768)]


#: As long as the names in a job's spec may be.
LONGEST_NAME = 63


class Secret(Struct, frozen=True, kw_only=True):
    """A secret's name, which is also the environment variable; who wrote it last and when."""

    name: str
    author: str
    written: str


class SecretRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The value; it is never read back."""

    value: SecretValue


def check(name: str, value: str) -> None:
    """Raise Invalid unless this can be given to jobs. The words never hold the value."""
    check_variable(name, "secret")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"A secret's name has at most {LONGEST_NAME} characters.", field="secret")
    if "\0" in value:
        raise Invalid("The value has a NUL character, which no process can receive.", field="value")
    if len(value.strip()) < SHORTEST:
        raise Invalid(
            f"The value has fewer than {SHORTEST} characters besides white space: it could not "
            "be told from ordinary text in a log.",
            field="value",
        )
