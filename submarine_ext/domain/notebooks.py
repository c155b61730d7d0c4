"""What a notebook file tells before it runs: is it one, and which parameters it declares.

Format: nbformat 4 (https://nbformat.readthedocs.io). A cell tagged ``parameters`` declares
them by assignment, as papermill has it.
"""

from __future__ import annotations

import ast
import difflib
import json
from typing import Any

import msgspec

from submarine_ext.errors import Invalid

TAG = "parameters"


def parse(content: bytes, name: str) -> dict[str, Any]:
    """The notebook's JSON, or Invalid if this is not a notebook of format 4."""
    try:
        notebook = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise Invalid(f"{name} cannot be read as a notebook: {error}.", field="notebook") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Invalid(f"{name} is not a notebook of format 4: it has no cells.", field="notebook")
    return notebook


def without_outputs(content: bytes) -> bytes | None:
    """The same notebook without what running it left there; None if this is no notebook.

    Outputs, execution counts and the state of widgets go. Format 3 is understood, too.
    """
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(notebook, dict) or not _sheets(notebook):
        return None
    for sheet in _sheets(notebook):
        for cell in sheet["cells"]:
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                cell["outputs"] = []
                cell["execution_count"] = None
                cell.pop("prompt_number", None)
    if isinstance(notebook.get("metadata"), dict):
        notebook["metadata"].pop("widgets", None)
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _sheets(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """What has cells: the notebook itself, or its worksheets as format 3 had them."""
    sheets = notebook.get("worksheets")
    candidates = [notebook, *(sheets if isinstance(sheets, list) else [])]
    return [s for s in candidates if isinstance(s, dict) and isinstance(s.get("cells"), list)]


def declared(notebook: dict[str, Any]) -> list[str] | None:
    """Names assigned in the ``parameters`` cell; None where there is no such cell."""
    cell = next((c for c in notebook["cells"] if TAG in _tags(c)), None)
    if cell is None:
        return None
    source = cell.get("source", "")
    return _assigned("".join(source) if isinstance(source, list) else str(source))


def code_of(notebook: dict[str, Any]) -> list[str]:
    """The sources of its code cells, in their order."""
    sources = [
        cell.get("source", "")
        for cell in notebook["cells"]
        if isinstance(cell, dict) and cell.get("cell_type") == "code"
    ]
    return ["".join(map(str, one)) if isinstance(one, list) else str(one) for one in sources]


def _tags(cell: Any) -> list[str]:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return []
    tags = cell.get("metadata", {}).get("tags", [])
    return tags if isinstance(tags, list) else []


def _assigned(source: str) -> list[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    names = []
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def check_parameters(notebook: dict[str, Any], given: dict[str, Any], name: str) -> None:
    """Raise Invalid naming the first given parameter that the notebook does not declare."""
    known = declared(notebook)
    for parameter in given:
        field = f"parameters.{parameter}"
        if known is None:
            raise Invalid(
                f"{name} declares no parameters: tag the cell that sets {parameter} "
                f"with '{TAG}' (in JupyterLab: property inspector, cell tags).",
                field=field,
            )
        if parameter not in known:
            near = difflib.get_close_matches(parameter, known, 1)
            hint = (
                f"did you mean {near[0]}?" if near else f"it declares {', '.join(known) or 'none'}."
            )
            raise Invalid(f"{name} has no parameter {parameter}; {hint}", field=field)
