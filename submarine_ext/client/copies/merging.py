"""What both sides changed, in one file: the server merges, from three versions.

Mine becomes one by being refused, so it is kept whatever comes of the merge. Where both changed
the same line or cell, nobody but a person can decide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from submarine_ext.client.files import Files
from submarine_ext.domain.copies import Difference
from submarine_ext.domain.versions import Merge
from submarine_ext.errors import Conflict, Invalid, NotFound, Stale


def merged(files: Files, each: Difference, mine: Path) -> tuple[bytes, str] | None:
    """The merged bytes, and the ETag of theirs; None where somebody must decide."""
    if each.base is None:
        return None
    try:
        found = files.merge(each.path, each.base, _kept(files, each, mine))
    except (Invalid, NotFound):  # no text and no notebook, or a version of it is thinned out
        return None
    return None if found.conflicts else (_body(found), found.etag)


def _kept(files: Files, each: Difference, mine: Path) -> str:
    try:
        files.send(each.path, mine, if_match=each.base)
    except Stale as late:
        if late.kept is not None:
            return late.kept
    raise Conflict("It was changed in the project just now: do it again.")


def _body(found: Merge) -> bytes:
    cells = [cell.merged for cell in found.cells if cell.merged is not None]
    if found.format == "text":
        return "".join(str(cell["source"]) for cell in cells).encode()
    notebook: dict[str, Any] = {
        "cells": cells,
        "metadata": found.metadata,
        "nbformat": found.nbformat,
        "nbformat_minor": found.nbformat_minor,
    }
    text: str = nbformat.writes(nbformat.from_dict(notebook), version=nbformat.NO_CONVERT)
    return (text.removesuffix("\n") + "\n").encode()
