"""What a request says of the version it means (``If-Match``), and of which part (``Range``)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from submarine_ext.api.problems import OutOfRange
from submarine_ext.errors import Invalid, Stale

ANY = "*"
_ETAG = re.compile(r'"([0-9a-f]{64})"')
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def if_match(headers: Mapping[str, str]) -> str | None:
    """The ETag of ``If-Match``; ``*`` for whatever is there. Raises Invalid."""
    value = headers.get("If-Match")
    if value is None or value.strip() == ANY:
        return ANY if value else None
    found = _ETAG.fullmatch(value.strip())
    if found is None:
        raise Invalid('If-Match is one ETag, such as "<SHA-256>", or *.', field="If-Match")
    return found[1]


def create_only(headers: Mapping[str, str]) -> bool:
    """Whether ``If-None-Match: *`` is there. Raises Invalid for anything else in it."""
    value = headers.get("If-None-Match")
    if value is not None and value.strip() != ANY:
        raise Invalid("If-None-Match can only be *.", field="If-None-Match")
    return value is not None


def require_match(headers: Mapping[str, str], etag: str) -> None:
    """Raise Stale unless ``etag`` is the version that the request means."""
    if if_match(headers) not in (None, ANY, etag):
        raise Stale(
            "The file was changed meanwhile: read it again from its beginning.",
            current=None,
            etag=etag,
            kept=None,
        )


def byte_range(headers: Mapping[str, str], size: int, etag: str) -> range | None:
    """The bytes that ``Range`` asks for; None for all of them.

    Several ranges, other units and an ``If-Range`` for another version mean the whole file, as
    RFC 9110 allows. Raises OutOfRange for what begins behind the end.
    """
    found = _RANGE.fullmatch(headers.get("Range", "").strip())
    if found is None or not any(found.groups()) or size == 0:
        return None
    if headers.get("If-Range", f'"{etag}"') != f'"{etag}"':
        return None
    first, last = found.groups()
    asked = _of_first(int(first), last, size) if first else _of_end(int(last), size)
    if not asked and (not first or int(first) >= size):
        raise OutOfRange(f"The file has {size} bytes.", field="Range")
    return asked or None  # one that ends before it begins is none


def _of_first(first: int, last: str, size: int) -> range:
    return range(first, min(int(last) + 1, size) if last else size)


def _of_end(count: int, size: int) -> range:
    return range(max(0, size - count), size)
