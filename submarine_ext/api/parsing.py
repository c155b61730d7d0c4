"""From bytes and query strings to typed values; what is wrong is said by field.

msgspec does the work and knows the place; this module only turns its messages into
:class:`~submarine_ext.errors.Invalid` with a path such as ``resources.memory``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.inspect import ListType, Metadata, StrType, UnionType

from submarine_ext.errors import Invalid

T = TypeVar("T")

#: Jupyter's own query parameters, which any request may carry and which mean nothing to us.
FOREIGN = frozenset({"token", "_xsrf", "no_track_activity"})

_NAMED = re.compile(r"(?:unknown|required) field `([^`]*)`")
_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`$")
#: What msgspec says of text and numbers out of bounds, in words.
_PLAIN = [
    (re.compile(r"Expected `(?:int|float|number)[^`]*` <= (\S+)"), r"at most \1 is allowed"),
    (re.compile(r"Expected `(?:int|float|number)[^`]*` >= (\S+)"), r"at least \1 is needed"),
    (re.compile(r"Expected `str[^`]*` of length <= (\d+)"), r"at most \1 characters are allowed"),
    (re.compile(r"Expected `str[^`]*` of length >= 1$"), "it must not be empty"),
    (re.compile(r"Expected `str[^`]*` of length >= (\d+)"), r"at least \1 characters are needed"),
    (
        re.compile(r"Expected `str[^`]*` matching regex '\^\[a-z0-9\]\[a-z0-9-\].*"),
        "small letters, digits and hyphens make a name, such as vision-2",
    ),
]
_KEY = re.compile(r"[!-~]{1,255}")


class Body:
    """Decodes JSON bodies of one type; made once for an operation."""

    def __init__(self, kind: type[T]) -> None:
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
        self._names = sorted(_names(kind))

    def __call__(self, body: bytes) -> Any:
        """The value. An empty body is an empty object."""
        try:
            return self._decode(body or b"{}")
        except msgspec.ValidationError as error:
            raise invalid(error, self._names) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Invalid(f"The body is not valid JSON: {error}.") from None
        except RecursionError:
            raise Invalid("The body is nested too deeply.") from None


class Query:
    """Reads query parameters into one struct; made once for an operation."""

    def __init__(self, kind: type[Any] | None) -> None:
        self._kind = kind
        fields = msgspec.structs.fields(kind) if kind is not None else ()
        self._lists = {f.encode_name: _may_be(ListType, f.type) for f in fields}
        self._texts = {f.encode_name: _may_be(StrType, f.type) for f in fields}
        #: Free texts: an empty one is what a form sends for a filter that is not used.
        self._free = {f.encode_name for f in fields if _free_text(f.type)}

    def __call__(self, arguments: Mapping[str, list[bytes]]) -> Any:
        """The struct. Unknown, repeated or mistyped parameters raise Invalid."""
        given = {
            name: self._value(name, values)
            for name, values in arguments.items()
            if name not in FOREIGN and not _cache_buster(name, values)
        }
        if self._kind is None:
            return None
        present = {
            name: value
            for name, value in given.items()
            if value != [] and not (value == "" and name in self._free)
        }
        try:
            return msgspec.convert(present, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise invalid(error) from None

    def _value(self, name: str, values: list[bytes]) -> str | list[str]:
        if name not in self._lists:
            raise Invalid(f"There is no parameter {name[:80]!r} here.", field=name[:80])
        try:
            texts = [value.decode() for value in values]
        except UnicodeDecodeError:
            raise Invalid(f"{name} is not valid UTF-8.", field=name) from None
        if self._lists[name]:
            return [text for text in texts if text]
        if len(texts) > 1:
            raise Invalid(f"{name} is given more than once.", field=name)
        if texts[0].lower() == "null" and not self._texts[name]:  # msgspec would take it for None
            raise Invalid(f"{name}: null is no value; leave {name} out.", field=name)
        return texts[0]


def idempotency_key(values: list[str]) -> str | None:
    """The ``Idempotency-Key`` header: 1 to 255 visible ASCII characters, once."""
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Invalid(
            "Idempotency-Key must be 1 to 255 visible ASCII characters.", field="Idempotency-Key"
        )
    return values[0]


def invalid(error: msgspec.ValidationError, known: Sequence[str] = ()) -> Invalid:
    """Msgspec's message as ours: a sentence, and the path of the field."""
    text = str(error)
    place, name = _PLACE.search(text), _NAMED.search(text)
    parts = [place[1] if place else "", name[1] if name else ""]
    field = ".".join(part for part in parts if part)
    sentence = f"{field or 'The request'}: {_plain(_PLACE.sub('', text))}."
    if name is not None and "unknown" in text:
        near = difflib.get_close_matches(name[1], known, 1)
        sentence = f"There is no field {field!r}" + (f"; did you mean {near[0]}?" if near else ".")
    return Invalid(sentence[:500], field=field[:200] or None)


def _plain(text: str) -> str:
    """The message in words, where it is one that people meet."""
    for pattern, words in _PLAIN:
        if pattern.match(text):
            return pattern.sub(words, text)
    return text


def _names(kind: Any) -> set[str]:
    """The names of a struct's fields, and of those of the structs in it."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return set()
    fields = msgspec.structs.fields(kind)
    return {f.encode_name for f in fields}.union(*(_names(f.type) for f in fields))


def _may_be(kind: type[Any], annotation: Any) -> bool:
    described = msgspec.inspect.type_info(annotation)
    choices = described.types if isinstance(described, UnionType) else (described,)
    return any(isinstance(_bare(choice), kind) for choice in choices)


def _free_text(annotation: Any) -> bool:
    described = msgspec.inspect.type_info(annotation)
    choices = described.types if isinstance(described, UnionType) else (described,)
    texts = [_bare(choice) for choice in choices]
    return any(isinstance(text, StrType) and text.pattern is None for text in texts)


def _bare(described: Any) -> Any:
    return described.type if isinstance(described, Metadata) else described


def _cache_buster(name: str, values: list[bytes]) -> bool:
    """JupyterLab adds the time as a parameter without a value, so that nothing is cached."""
    return name.isascii() and name.isdigit() and values == [b""]
