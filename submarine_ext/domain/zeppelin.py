"""A Zeppelin note as a notebook.

Read are ``note.json`` of 0.8 (also with the single ``result`` of older ones) and ``.zpln`` of
0.9 and later (https://zeppelin.apache.org/docs/latest/). What Jupyter has no place for stays
beside each cell in ``metadata.zeppelin``, from where the export takes it back. Left behind is
what only lives while Zeppelin runs: runtime infos, applications and Angular's objects.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from submarine_ext.domain import zeppelin_interpreters as interpreters
from submarine_ext.domain import zeppelin_results as results
from submarine_ext.errors import Invalid

#: The key under which a note that came from a notebook remembers what Zeppelin has no place for.
JUPYTER = "jupyter"
_OF_CELLS = frozenset({"text", "title", "result", "results", "runtimeInfos", "apps"})
_OF_NOTES = frozenset({"paragraphs", "angularObjects"})


class _Message(Struct):
    type: str = "TEXT"
    data: str | None = None


class _Result(Struct):
    code: str | None = None
    type: str | None = None
    msg: list[_Message] | str | None = None


class _Paragraph(Struct):
    text: str | None = None
    title: str | None = None
    config: dict[str, Any] | None = None
    result: _Result | None = None
    results: _Result | None = None


class _Note(Struct):
    paragraphs: list[_Paragraph]
    name: str | None = None
    config: dict[str, Any] | None = None
    default_interpreter: str | None = msgspec.field(default=None, name="defaultInterpreterGroup")


class _Hint(Struct):
    """What our own export left in a paragraph's config."""

    cell_type: str
    prefix: str
    magic: str
    metadata: dict[str, Any]
    attachments: dict[str, dict[str, Any]] | None = None


def notebook(note: dict[str, Any]) -> dict[str, Any]:
    """The note as a notebook of format 4.5. Raises Invalid naming the field."""
    known = _checked(note)
    texts = [interpreters.read(p.text or "") for p in known.paragraphs]
    main = interpreters.language(texts, known.default_interpreter)
    cells = [
        _cell(paragraph, text, main, known.default_interpreter) | {"id": f"paragraph-{number}"}
        for number, (paragraph, text) in enumerate(zip(known.paragraphs, texts, strict=True))
    ]
    for cell, raw in zip(cells, note["paragraphs"], strict=True):
        if "zeppelin" in cell["metadata"]:
            cell["metadata"]["zeppelin"]["paragraph"] = _rest(raw, _OF_CELLS)
    metadata = _metadata(known, main, _rest(note, _OF_NOTES))
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _checked(note: dict[str, Any]) -> _Note:
    try:
        return msgspec.convert(note, _Note)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        field = "note" + where.rstrip("`")
        missing = re.search("missing required field `(.+)`", what)
        field = f"{field}.{missing[1]}" if missing else field
        told = "is missing" if missing else what[:1].lower() + what[1:]
        raise Invalid(f"This is no Zeppelin note: {field}: {told}.", field=field) from None


def _rest(fields: dict[str, Any], without: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in without}


def _metadata(known: _Note, main: str, rest: dict[str, Any]) -> dict[str, Any]:
    before = (known.config or {}).get(JUPYTER)
    if isinstance(before, dict):  # it was a notebook before it became a note
        return before
    title = {"title": known.name} if known.name else {}
    return {"kernelspec": interpreters.KERNELS[main], **title, "zeppelin": {"note": rest}}


def _cell(
    paragraph: _Paragraph, text: interpreters.Text, main: str, default: str | None
) -> dict[str, Any]:
    hint = _hint(paragraph)
    if hint is not None:
        return _returned(paragraph, hint)
    magic = interpreters.magic(text, main, default)
    source = f"{magic}\n{text.body}" if magic else text.body
    name = text.name.lower()
    kind = "markdown" if name in interpreters.MARKDOWN else "code"
    kind = "raw" if name in interpreters.RAW else kind
    return _made(paragraph, kind, source, text.prefix, magic)


def _hint(paragraph: _Paragraph) -> _Hint | None:
    try:
        hint = msgspec.convert((paragraph.config or {}).get(JUPYTER), _Hint)
    except msgspec.ValidationError:
        return None
    return hint if (paragraph.text or "").startswith(hint.prefix) else None


def _returned(paragraph: _Paragraph, hint: _Hint) -> dict[str, Any]:
    """A cell that was one before it became a paragraph."""
    source = (paragraph.text or "")[len(hint.prefix) :]
    source = f"{hint.magic}\n{source}" if hint.magic else source
    kind = hint.cell_type if hint.cell_type in ("markdown", "raw") else "code"
    cell = _made(paragraph, kind, source, hint.prefix, hint.magic)
    del cell["metadata"]["zeppelin"]
    cell["metadata"] = {**hint.metadata, **cell["metadata"]}
    if hint.attachments and kind != "code":
        cell["attachments"] = hint.attachments
    return cell


def _made(paragraph: _Paragraph, kind: str, source: str, prefix: str, magic: str) -> dict[str, Any]:
    mark: dict[str, Any] = {"prefix": prefix, "magic": magic, "title": paragraph.title}
    name = (paragraph.title or "").strip().split("\n")[0]
    metadata = {**({"name": name} if name else {}), "zeppelin": mark}
    cell = {"cell_type": kind, "metadata": metadata, "source": source}
    shown = _shown(paragraph)
    if shown is not None:
        mark["code"] = shown["code"]
    if kind == "code":
        found = results.outputs(shown["code"] or "", shown["msg"]) if shown else []
        return cell | {"outputs": found, "execution_count": None}
    if shown is not None:
        mark["msg"] = shown["msg"]
    return cell


def _shown(paragraph: _Paragraph) -> dict[str, Any] | None:
    """Its results as 0.8 and later have them; before 0.7 there was one, with a type."""
    result = paragraph.results or paragraph.result
    if result is None:
        return None
    messages = result.msg if isinstance(result.msg, list) else []
    if isinstance(result.msg, str):
        messages = [_Message(result.type or "TEXT", result.msg)]
    told = [{"type": one.type, "data": one.data or ""} for one in messages]
    return {"code": result.code, "msg": told}
