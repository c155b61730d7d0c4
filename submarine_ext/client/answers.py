"""What a server answers, as the domain's structs; also one that is newer than this client.

The structs refuse unknown fields, since a server must not ignore what it is sent. A reader
is the other way round: what a newer server adds to its answers is left out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from submarine_ext.client.transport import Transport

Kind = TypeVar("Kind")


def received(answer: Any, kind: type[Kind]) -> Kind:
    """Decoded JSON as ``kind``; fields that this client does not know are dropped.

    Raises ``msgspec.ValidationError`` for what is no such thing even then.
    """
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError:
        return msgspec.convert(_known(answer, inspect.type_info(kind)), kind)


def pages(transport: Transport, route: str, kind: type[Kind], **query: Any) -> Iterator[Kind]:
    """The items of a list, page after page; query parameters that are None are left out."""
    cursor = None
    while True:
        page = transport.get(route, **query, cursor=cursor).json()
        for item in page["items"]:
            yield received(item, kind)
        cursor = page.get("next")
        if cursor is None:
            return


def _known(value: Any, shape: inspect.Type) -> Any:
    """The part of ``value`` that ``shape`` has a place for."""
    if isinstance(shape, inspect.Metadata):
        return _known(value, shape.type)
    if isinstance(shape, inspect.UnionType):
        for one in shape.types:
            value = _known(value, one)
    elif isinstance(shape, inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in shape.fields}
        return {k: _known(v, fields[k]) for k, v in value.items() if k in fields}
    elif isinstance(shape, inspect.ListType) and isinstance(value, list):
        return [_known(item, shape.item_type) for item in value]
    return value
