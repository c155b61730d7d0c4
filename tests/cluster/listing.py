"""LIST: selectors, pages with continue tokens, old versions, metadata only.

Answers bytes: items are spliced from the stored JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

import msgspec

from .kinds import Resource
from .selectors import Matches
from .status import Cause, Object, Refused, bad_request, expired, failure, invalid
from .storage import Key, Record, Storage
from .watching import encode

TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can"
    " start a new list without the continue parameter, or use the continue token in this response"
    " to retrieve the remainder of the results. Continuing with the provided token results in an"
    " inconsistent list - objects that were created, modified, or deleted between the time the"
    " first chunk was returned and now may show up in the list."
)


@dataclass
class Listing:
    """What a LIST was asked for."""

    resource: Resource
    namespace: str
    matches: Matches
    selective: bool = False
    limit: int = 0
    token: str = ""
    version: str = ""
    match: str = ""
    metadata_only: bool = False


def answer(storage: Storage, listing: Listing) -> bytes:
    """The body of the list."""
    revision, after = _where(storage, listing)
    records = _sorted(storage, listing, revision)
    if after is not None:
        records = [record for record in records if _path(listing, record.key) >= after]
    found = [record for record in records if listing.matches(record.object)]
    metadata: Object = {"resourceVersion": str(revision)}
    # A list from the watch cache (version 0 or NotOlderThan) does not keep to the limit.
    from_cache = listing.version and listing.match != "Exact" and listing.version == "0"
    if listing.limit and len(found) > listing.limit and not from_cache:
        page = found[: listing.limit]
        metadata["continue"] = _token(revision, _path(listing, page[-1].key) + "\0")
        if not listing.selective:
            metadata["remainingItemCount"] = len(found) - len(page)
        found = page
    return _encode(listing, metadata, found)


def _where(storage: Storage, listing: Listing) -> tuple[int, str | None]:
    """The version to list at, and the key to begin with."""
    if listing.token:
        return _continued(storage, listing)
    wanted = check_version(listing)
    if wanted > storage.revision:
        raise _too_large(wanted, storage.revision)
    if listing.match == "Exact" or (listing.limit and wanted and listing.match != "NotOlderThan"):
        if wanted < storage.compacted:
            raise expired("The resourceVersion for the provided list is too old.")
        return wanted, None
    return storage.revision, None


def check_version(listing: Listing) -> int:
    """The number of ``resourceVersion``; refused where the two parameters do not fit."""
    if listing.match and not listing.version:
        said = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise options_invalid("ListOptions", "resourceVersionMatch", said)
    try:
        return int(listing.version or 0)
    except ValueError:
        said = f'strconv.ParseUint: parsing "{listing.version}": invalid syntax'
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{listing.version}": {said}'
        ) from None


def options_invalid(
    kind: str, field: str, said: str, *, word: str = "Forbidden", reason: str = ""
) -> Refused:
    """A parameter that may not be: 422 about the options' own kind."""
    reason = reason or f"FieldValue{word}"
    return invalid("meta.k8s.io", kind, "", [Cause(field, reason, f"{word}: {said}")])


def _too_large(wanted: int, revision: int) -> Refused:
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    message = f"Timeout: Too large resource version: {wanted}, current: {revision}"
    return failure(504, "Timeout", message, details, Retry_After="1")


def _continued(storage: Storage, listing: Listing) -> tuple[int, str]:
    if listing.version and listing.version != "0":
        raise bad_request("specifying resource version is not allowed when using continue")
    revision, start = _read_token(listing.token)
    if revision < 0:
        return storage.revision, start
    if revision < storage.compacted:
        refused = expired(TOO_OLD)
        assert refused.body is not None
        refused.body["metadata"] = {"continue": _token(-1, start)}
        raise refused
    return revision, start


def _token(revision: int, start: str) -> str:
    # With a version the key begins with "/", without one it does not: so does the real server.
    start = start if revision < 0 else f"/{start}"
    found = {"v": "meta.k8s.io/v1", "rv": revision, "start": start}
    text = json.dumps(found, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        found = json.loads(raw)
        return int(found["rv"]), str(found["start"]).removeprefix("/")
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad_request(_bad_token(token)) from None


def _bad_token(token: str) -> str:
    said = "continue key is not valid"
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return f"invalid continue token: {said}: illegal base64 data"
    found = chr(raw[0]) if raw else ""
    shown = found if found.isascii() and found.isprintable() else f"\\u{ord(found):04x}"
    return (
        f"invalid continue token: {said}: invalid character '{shown}' looking for beginning"
        " of value"
    )


def _path(listing: Listing, key: Key) -> str:
    """Where an object stands in the order of this list."""
    return key[1] if listing.namespace or not key[0] else "/".join(key)


def _sorted(storage: Storage, listing: Listing, revision: int) -> list[Record]:
    if revision == storage.revision:
        return storage.records(listing.resource.id, listing.namespace)
    records = storage.tables[listing.resource.id].at(revision)
    wanted = listing.namespace
    return [records[key] for key in sorted(records) if not wanted or key[0] == wanted]


def _encode(listing: Listing, metadata: Object, records: list[Record]) -> bytes:
    resource = listing.resource
    if listing.metadata_only:
        kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
        items = [encode(resource, record, metadata_only=True) for record in records]
    else:
        kind, version = f"{resource.kind}List", resource.api_version
        # Items of built-in kinds carry no kind and apiVersion; custom resources do.
        items = [encode(resource, r) if resource.custom else r.body for r in records]
    nothing = b"null" if listing.metadata_only and not items else b"[]"
    return b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":%b}' % (
        kind.encode(),
        version.encode(),
        msgspec.json.encode(metadata),
        b"[" + b",".join(items) + b"]" if items else nothing,
    )
