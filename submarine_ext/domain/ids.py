"""Ids of jobs: short enough to type, safe in host names, paths and URLs."""

from __future__ import annotations

import re
import secrets

# Crockford's base 32: no i, l, o, u, which look like others or spell words.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_JOB = re.compile(f"j[{_ALPHABET}]{{11}}")


def new_job_id() -> str:
    """A ``j`` and 11 random characters (55 bits)."""
    return "j" + "".join(_ALPHABET[byte & 31] for byte in secrets.token_bytes(11))


def is_job_id(text: str) -> bool:
    """Whether the text could be the id of a job."""
    return _JOB.fullmatch(text) is not None
