"""What a file's bytes are for a comparison: a notebook, a text, or neither.

A notebook is nbformat 4 with its texts joined (https://nbformat.readthedocs.io): on disk each
may be a list of lines. Older formats and broken notebooks are compared as texts.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

#: A text over this (bytes) is not compared line by line.
LARGEST_TEXT = 8 << 20
#: A notebook whose values lie deeper is compared as a text: Python compares no deeper ones.
DEEPEST = 100


class _Output(Struct):
    output_type: Literal["stream", "display_data", "execute_result", "error"]
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    text: str | list[str] = ""
    traceback: list[str] = []


class _Cell(Struct):
    cell_type: Literal["code", "markdown", "raw"]
    source: str | list[str]
    metadata: dict[str, Any]
    outputs: list[_Output] = []
    attachments: dict[str, dict[str, Any]] = {}
    id: str = ""


class _Notebook(Struct):
    cells: list[_Cell]
    metadata: dict[str, Any]
    nbformat: Literal[4]
    nbformat_minor: int


def notebooks(path: str, *bodies: bytes) -> list[dict[str, Any]] | None:
    """All of them as notebooks, or None if one is none."""
    if not path.lower().endswith(".ipynb"):
        return None
    found = [_notebook(body) for body in bodies]
    return [one for one in found if one is not None] if None not in found else None


def texts(*bodies: bytes) -> list[str] | None:
    """All of them as texts, or None if one is binary or too large for that."""
    if any(b"\0" in body or len(body) > LARGEST_TEXT for body in bodies):
        return None
    try:
        return [body.decode() for body in bodies]
    except UnicodeDecodeError:
        return None


def _notebook(body: bytes) -> dict[str, Any] | None:
    try:
        notebook: dict[str, Any] = msgspec.json.decode(body)
        msgspec.convert(notebook, _Notebook)
    except (msgspec.MsgspecError, RecursionError):
        return None
    if _deeper(notebook, DEEPEST):
        return None
    notebook["cells"] = [_joined_cell(cell) for cell in notebook["cells"]]
    return notebook


def _deeper(value: Any, levels: int) -> bool:
    within = [value]
    for _ in range(levels):
        parts = (one.values() if isinstance(one, dict) else one for one in within)
        within = [part for some in parts for part in some if isinstance(part, dict | list)]
    return bool(within)


def _joined_cell(cell: dict[str, Any]) -> dict[str, Any]:
    cell["source"] = _joined(cell["source"])
    for output in cell.get("outputs", []):
        if "text" in output:
            output["text"] = _joined(output["text"])
        if "data" in output:
            output["data"] = _joined_data(output["data"])
    if "attachments" in cell:
        cell["attachments"] = {k: _joined_data(v) for k, v in cell["attachments"].items()}
    return cell


def _joined_data(data: dict[str, Any]) -> dict[str, Any]:
    return {kind: v if kind.endswith("json") else _joined(v) for kind, v in data.items()}


def _joined(value: Any) -> Any:
    is_lines = isinstance(value, list) and all(isinstance(line, str) for line in value)
    return "".join(value) if is_lines else value
