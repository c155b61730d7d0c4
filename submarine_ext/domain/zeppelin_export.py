"""A notebook as a Zeppelin note (``.zpln`` of 0.9 and later).

Cells that came from a note become what they were, with what was changed since. Others become
paragraphs of the interpreter that fits, and leave what Zeppelin has no place for in their
``config``, which Zeppelin keeps.
"""

from __future__ import annotations

import hashlib
from typing import Any

from submarine_ext.domain import zeppelin_interpreters as interpreters
from submarine_ext.domain import zeppelin_results as results
from submarine_ext.domain.zeppelin import JUPYTER

_CONFIG = {"colWidth": 12.0, "enabled": True, "results": {}}
_LANGUAGES = {"python": "python", "scala": "scala", "r": "r"}


def note(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    """The notebook as a note. ``name`` is for one that was none before."""
    metadata = notebook["metadata"]
    mark = _dict(metadata.get("zeppelin")).get("note")
    main = _language(metadata)
    return {
        "paragraphs": [_paragraph(cell, main) for cell in notebook["cells"]],
        **(mark if isinstance(mark, dict) else _new_note(metadata, name, main)),
    }


def _new_note(metadata: dict[str, Any], name: str, main: str) -> dict[str, Any]:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    kept = {key: value for key, value in metadata.items() if key != "zeppelin"}
    return {
        "name": metadata["title"] if isinstance(metadata.get("title"), str) else name,
        "id": "2" + digest[:8].upper(),
        "defaultInterpreterGroup": interpreters.INTERPRETERS[main],
        "noteParams": {},
        "noteForms": {},
        "angularObjects": {},
        "config": {"isZeppelinNotebookCronEnable": False, JUPYTER: kept},
        "info": {},
    }


def _language(metadata: dict[str, Any]) -> str:
    spec, info = _dict(metadata.get("kernelspec")), _dict(metadata.get("language_info"))
    told = str(spec.get("language") or info.get("name") or spec.get("name") or "").lower()
    return next((known for known in _LANGUAGES if told.startswith(known)), "python")


def _paragraph(cell: dict[str, Any], main: str) -> dict[str, Any]:
    mark = _dict(cell["metadata"].get("zeppelin"))
    prefix, magic = mark.get("prefix"), mark.get("magic")
    fields = mark.get("paragraph")
    whole = isinstance(prefix, str) and isinstance(magic, str) and isinstance(fields, dict)
    body = _body(cell, prefix, magic, main) if whole else None
    made = _dict(fields) if body is not None else _new_paragraph(cell, main)
    title = _title(cell, mark)
    return {
        **({"title": title} if title is not None else {}),
        "text": made.pop("text") if body is None else f"{prefix}{body}",
        **made,
        **_results(cell, mark),
    }


def _body(cell: dict[str, Any], prefix: Any, magic: Any, main: str) -> str | None:
    """What follows the interpreter, if the cell is still what it was when it came."""
    name = interpreters.read(prefix).name.lower()
    kind = "markdown" if name in interpreters.MARKDOWN else "code"
    kind = "raw" if name in interpreters.RAW else kind
    source = str(cell["source"])
    if cell["cell_type"] != kind:
        return None
    if not magic:
        return source
    return source.removeprefix(f"{magic}\n") if source.startswith(f"{magic}\n") else None


def _new_paragraph(cell: dict[str, Any], main: str) -> dict[str, Any]:
    magic = next((m for m in interpreters.MAGICS if cell["source"].startswith(f"{m}\n")), "")
    magic = magic if cell["cell_type"] == "code" else ""
    prefix = f"%{_interpreter(cell['cell_type'], magic, main)}\n"
    hint = {
        "cell_type": cell["cell_type"],
        "prefix": prefix,
        "magic": magic,
        "metadata": {k: v for k, v in cell["metadata"].items() if k != "zeppelin"},
        **({"attachments": cell["attachments"]} if "attachments" in cell else {}),
    }
    body = cell["source"].removeprefix(f"{magic}\n") if magic else cell["source"]
    return {
        "text": prefix + body,
        "config": {**_CONFIG, JUPYTER: hint},
        "settings": {"params": {}, "forms": {}},
        "id": f"paragraph_{cell['id']}" if "id" in cell else _name(cell),
        "status": "FINISHED" if cell.get("outputs") else "READY",
    }


def _name(cell: dict[str, Any]) -> str:
    return "paragraph_" + hashlib.sha256(cell["source"].encode()).hexdigest()[:12]


def _interpreter(cell_type: str, magic: str, main: str) -> str:
    if cell_type == "code":
        return interpreters.MAGICS[magic] if magic else interpreters.INTERPRETERS[main]
    return "md" if cell_type == "markdown" else "raw"


def _title(cell: dict[str, Any], mark: dict[str, Any]) -> str | None:
    """The title that it came with, unless the cell has another name by now."""
    title, name = mark.get("title"), cell["metadata"].get("name")
    was = title.strip().split("\n")[0] if isinstance(title, str) else ""
    return title if was == (name or "") else str(name)


def _results(cell: dict[str, Any], mark: dict[str, Any]) -> dict[str, Any]:
    code = mark.get("code") if isinstance(mark.get("code"), str) else None
    if cell["cell_type"] != "code":
        kept = mark.get("msg")
        return {"results": {"code": code, "msg": kept}} if isinstance(kept, list) else {}
    shown = cell.get("outputs", [])
    return {"results": results.result(code, shown)} if shown or "code" in mark else {}


def _dict(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
