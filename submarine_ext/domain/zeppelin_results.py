"""What a paragraph showed, as outputs of a cell, and back.

Results live in outputs and nowhere else, so that whoever may not see outputs does not see them
(cells that cannot have outputs keep what Zeppelin rendered from their source, which says no
more than the source). Nothing of it is trusted: a table's cells are escaped, Angular stays text.
"""

from __future__ import annotations

import base64
import binascii
from html import escape
from typing import Any

Output = dict[str, Any]
Message = dict[str, Any]

#: Where the data of a result type stands in a MIME bundle; other types are plain text.
_MIME = {"HTML": "text/html", "IMG": "image/png", "SVG": "image/svg+xml"}
_ERROR = "ERROR"


def outputs(code: str, messages: list[Message]) -> list[Output]:
    """Outputs of a code cell, from a result's messages (``type`` and ``data``)."""
    return [_output(code, message["type"].upper(), message["data"]) for message in messages]


def _output(code: str, kind: str, data: str) -> Output:
    if kind == "TEXT":
        name = "stderr" if code == _ERROR else "stdout"
        return {"output_type": "stream", "name": name, "text": data}
    return {
        "output_type": "display_data",
        "data": _bundle(kind, data),
        "metadata": {"zeppelin": {"type": kind}},
    }


def _bundle(kind: str, data: str) -> dict[str, str]:
    if kind == "TABLE":
        return {"text/plain": data, "text/html": _table(data)}
    if kind == "IMG" and not _is_base64(data):
        return {"text/plain": data}
    return {_MIME.get(kind, "text/plain"): data}


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode("".join(data.split()), validate=True))
    except (binascii.Error, ValueError):
        return False


def _table(data: str) -> str:
    head, *rows = [line.split("\t") for line in data.strip("\n").split("\n")]
    body = "".join(_row("td", row) for row in rows)
    return f"<table><thead>{_row('th', head)}</thead><tbody>{body}</tbody></table>"


def _row(tag: str, values: list[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(value)}</{tag}>" for value in values) + "</tr>"


def result(code: str | None, shown: list[Output]) -> dict[str, Any]:
    """A paragraph's ``results``; ``code`` is what they were before, if they came from a note."""
    failed = any(output["output_type"] == "error" for output in shown)
    return {
        "code": _ERROR if failed else code or "SUCCESS",
        "msg": [_message(output) for output in shown],
    }


def _message(output: Output) -> Message:
    if output["output_type"] == "stream":
        return {"type": "TEXT", "data": output.get("text", "")}
    if output["output_type"] == "error":
        lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
        return {"type": "TEXT", "data": "\n".join(map(str, lines))}
    data = output.get("data", {})
    kind = _known(output)
    if kind is not None:
        return {"type": kind, "data": str(data.get(_MIME.get(kind), data.get("text/plain", "")))}
    return _foreign(data)


def _known(output: Output) -> str | None:
    """The type that it had in Zeppelin."""
    mark = output.get("metadata", {}).get("zeppelin")
    kind = mark.get("type") if isinstance(mark, dict) else None
    return kind if isinstance(kind, str) else None


def _foreign(data: dict[str, Any]) -> Message:
    for kind in ("IMG", "SVG", "HTML"):
        if isinstance(data.get(_MIME[kind]), str):
            return {"type": "HTML" if kind == "SVG" else kind, "data": data[_MIME[kind]]}
    jpeg = data.get("image/jpeg")
    if isinstance(jpeg, str):
        source = f"data:image/jpeg;base64,{escape(jpeg)}"
        return {"type": "HTML", "data": f'<img src="{source}">'}
    return {"type": "TEXT", "data": str(data.get("text/plain", ""))}
