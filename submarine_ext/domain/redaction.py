"""What a job's secrets leave of what it says: their values become ``***``.

A value is found where it appears verbatim (also without white space around it, and escaped
as in a JSON string). All occurrences count, overlapping ones too, so whether a byte is
hidden depends only on what stands within a value's length of it: text may be redacted piece
by piece and comes out as if it had been one. Pure: it knows neither files nor jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from submarine_ext.domain.records import Record
from submarine_ext.domain.secrets import SHORTEST

MASK = "***"
_MASK = MASK.encode()


class Hidden:
    """The values that must not be shown; ``everything`` where nobody knows which they are."""

    def __init__(self, values: Iterable[str] = (), *, everything: bool = False) -> None:
        forms = {form for value in values for form in _forms(value)}
        self._values = sorted(forms, key=len, reverse=True)
        self._everything = everything

    def __bool__(self) -> bool:
        return self._everything or bool(self._values)

    @property
    def reach(self) -> int:
        """How many bytes around a piece decide what of it is hidden."""
        return len(self._values[0]) - 1 if self._values else 0

    def cut(self, around: bytes, begin: int, end: int, *, final: bool = False) -> bytes:
        """``around[begin:end]`` redacted. A run of hidden bytes is one mask, where it begins.

        ``final``: nothing follows ``around``; the beginning of a value that it ends with is
        hidden as well.
        """
        if self._everything:
            return _MASK if end > begin else b""
        parts: list[bytes] = []
        at = begin
        for first, last in self._runs(around, final=final):
            if last <= at or first >= end:
                continue
            if first >= begin:
                parts += [around[at:first], _MASK]
            at = min(last, end)
        return b"".join([*parts, around[at:end]])

    def begun(self, text: bytes) -> int:
        """Where a value begins that the end of the text cuts; the text's length if none does."""
        return min((_begun(text, value) for value in self._values), default=len(text))

    def text(self, text: str) -> str:
        """A whole text redacted, also of the beginning of a value that was cut off."""
        if not self:
            return text
        encoded = text.encode("utf-8", "surrogatepass")
        cut = self.cut(encoded, 0, len(encoded), final=True)
        return cut.decode("utf-8", "replace") if cut != encoded else text

    def value(self, value: Any) -> Any:
        """A JSON value with all texts in it redacted.

        Lines of text in a list (as in notebooks) are one text where a value is in it.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(item) for name, item in value.items()}
        if not isinstance(value, list):
            return value
        if value and all(isinstance(item, str) for item in value):
            whole = "".join(value)
            shown = self.text(whole)
            return value if shown == whole else [shown]
        return [self.value(item) for item in value]

    def record(self, record: Record) -> Record:
        """A record with all names and texts in it redacted."""
        told = {
            name: self.value(getattr(record, name)) for name in ("metrics", "params", "message")
        }
        return msgspec.structs.replace(record, **told)

    def _runs(self, text: bytes, *, final: bool) -> list[tuple[int, int]]:
        """Where hidden bytes stand: [first, last), in order, apart from each other."""
        found = [place for value in self._values for place in _places(text, value)]
        begun = self.begun(text) if final else len(text)
        if len(text) - begun >= SHORTEST:
            found.append((begun, len(text)))
        runs: list[tuple[int, int]] = []
        for first, last in sorted(found):
            if runs and first < runs[-1][1]:
                runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
            else:
                runs.append((first, last))
        return runs


NOTHING = Hidden()
EVERYTHING = Hidden(everything=True)


def _forms(value: str) -> set[bytes]:
    bare = value.strip()
    texts = [value, bare] if len(bare) >= SHORTEST else [value]
    return {form for text in texts for form in (text.encode(), msgspec.json.encode(text)[1:-1])}


def _places(text: bytes, value: bytes) -> Iterable[tuple[int, int]]:
    at = text.find(value)
    while at >= 0:
        yield at, at + len(value)
        at = text.find(value, at + 1)


def _begun(text: bytes, value: bytes) -> int:
    at = text.find(value[:1], max(0, len(text) - len(value) + 1))
    while at >= 0:
        if value.startswith(text[at:]):
            return at
        at = text.find(value[:1], at + 1)
    return len(text)
