"""From the words of ``run`` to a job: the fields of its spec, and the folder that travels."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct

from submarine_ext.cli.parsing import meant
from submarine_ext.errors import Invalid


class Asked(Struct, frozen=True):
    """What somebody asked to run. ``folder`` None: without files."""

    fields: dict[str, Any]
    folder: Path | None


def asked(options: Namespace, cell: str | None = None) -> Asked:
    """The job that ``run``'s options describe; ``cell`` is the source of a notebook cell.

    Raises ``Invalid`` where they contradict each other or a file is not there.
    """
    folder = None if options.no_bundle else Path(options.bundle or ".").resolve()
    what, folder = _what(options, cell, folder)
    fields = {**what, **_plain(options), **_nested(options)}
    return Asked({k: v for k, v in fields.items() if v not in (None, [], {})}, folder)


def _what(
    options: Namespace, cell: str | None, folder: Path | None
) -> tuple[dict[str, Any], Path | None]:
    if cell is not None:
        return _cell(options, cell), folder
    if options.file is None:
        if not options.rest:
            raise Invalid("Say what to run: a script, a notebook, or a command after --.")
        _no_parameters(options)
        return {"command": options.rest}, folder
    path, folder = _locate(options.file, folder)
    if path.endswith(".ipynb"):
        return _notebook(options, path), folder
    if not path.endswith(".py"):
        raise Invalid(
            f"{options.file} is neither a script (.py) nor a notebook (.ipynb). To run a "
            f"command write it after --: run -- {options.file} …",
            field="script",
        )
    _no_parameters(options)
    return {"script": path, "args": options.rest}, folder


def _cell(options: Namespace, cell: str) -> dict[str, Any]:
    if options.file is not None or options.rest:
        raise Invalid("A cell runs its own code: give options only, no file and nothing after --.")
    _no_parameters(options)
    if not cell.strip():
        raise Invalid("The cell is empty: write the code to run below the %%submarine line.")
    return {"code": cell}


def _notebook(options: Namespace, path: str) -> dict[str, Any]:
    if options.rest:
        raise Invalid("A notebook takes parameters (-p name=value), not arguments after --.")
    return {
        "notebook": path,
        "parameters": {name: typed(text) for name, text in options.parameter},
    }


def _no_parameters(options: Namespace) -> None:
    if options.parameter:
        raise Invalid("-p is for notebooks; give a script its arguments after --.")


def _locate(name: str, folder: Path | None) -> tuple[str, Path]:
    """The file's path in the bundle, and the bundle's folder: the file's own if it is elsewhere."""
    if folder is None:
        raise Invalid("A file needs its folder: leave --no-bundle out.", field="bundle")
    path = Path(name).expanduser().resolve()
    if not path.is_file():
        raise Invalid(f"There is no file {name}{_similar(path)}", field="script")
    if not path.is_relative_to(folder):
        folder = path.parent
    return path.relative_to(folder).as_posix(), folder


def _similar(path: Path) -> str:
    if not path.parent.is_dir():
        return "."
    return meant(
        path.name, (p.name for p in path.parent.iterdir() if p.suffix in (".py", ".ipynb"))
    )


def typed(text: str) -> Any:
    """A parameter's value: JSON where it is (``0.1``, ``true``, ``[1, 2]``), else the text.

    Python's ``True``, ``False`` and ``None`` count, too.
    """
    python = {"True": True, "False": False, "None": None}
    if text in python:
        return python[text]
    try:
        return json.loads(text, parse_constant=_not_json)
    except ValueError:
        return text


def _not_json(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are not JSON


def _plain(options: Namespace) -> dict[str, Any]:
    return {
        "name": options.name,
        "engine": options.engine,
        "queue": options.queue,
        "environment": options.python or options.image,
        "env": dict(options.env),
        "secrets": options.secret,
        "retries": options.retries,
        "timeout_seconds": options.timeout,
        "priority": options.priority,
        "tags": options.tag,
        "outputs": options.output,
    }


def _nested(options: Namespace) -> dict[str, Any]:
    resources = {
        "cpu": options.cpu,
        "memory": options.memory,
        "gpu": options.gpu,
        "gpu_type": options.gpu_type,
    }
    distributed = {
        "framework": options.framework,
        "nodes": options.nodes,
        "processes_per_node": options.processes,
    }
    return {"resources": _given(resources), "distributed": _given(distributed)}


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
