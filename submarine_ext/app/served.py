"""Whether the files that a Jupyter server shows are those of the data folder.

Its contents API and ``/files`` know no projects: whoever may enter reads and writes there what
lies below its root. On a server of one person that is the person whose data it is. Where the
identity provider tells people apart it would go past every role, so such a server must keep
its data elsewhere, or where Jupyter shows nothing (a hidden folder, unless it shows those).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import is_hidden
from traitlets import TraitError


def refuse_served(data: Path, contents: Any, trait: str) -> None:
    """Raise TraitError where the contents manager shows the folder."""
    root = getattr(contents, "root_dir", None)
    if root and any(
        _shows(above, below, hidden=contents.allow_hidden)
        for above in _spelled(root)
        for below in _spelled(data)
    ):
        raise TraitError(
            f"{trait} ({data}) is among the files that this server shows to everybody "
            f"({root}), whatever their roles: set it to a folder outside."
        )


def _spelled(folder: Path | str) -> set[Path]:
    """As it was given, and with all links followed: either way may lead there."""
    return {Path(os.path.normpath(folder)), Path(folder).resolve()}


def _shows(root: Path, data: Path, *, hidden: bool) -> bool:
    if data.is_relative_to(root):
        return hidden or not is_hidden(data, root)
    return root.is_relative_to(data)
