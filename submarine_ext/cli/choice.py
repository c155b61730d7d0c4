"""The project that ``submarine project use`` chose: kept for this user's command lines.

One line in ``submarine-project`` of Jupyter's config folder. Kernels and jobs have the
environment's ``SUBMARINE_PROJECT`` instead, which goes first.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_core.paths import jupyter_config_dir


def kept() -> str | None:
    """What was chosen last; None: nothing was."""
    try:
        return _file().read_text().strip() or None
    except FileNotFoundError:
        return None


def keep(project: str | None) -> None:
    """Choose, or forget the choice."""
    if project is None:
        _file().unlink(missing_ok=True)
        return
    _file().parent.mkdir(parents=True, exist_ok=True)
    _file().write_text(f"{project}\n")


def _file() -> Path:
    return Path(jupyter_config_dir(), "submarine-project")
