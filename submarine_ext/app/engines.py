"""Engines by name: packages declare theirs as entry points of :data:`GROUP`.

An entry point names a function ``(application) -> (folder of jobs) -> Engine``. It is
loaded only where an administrator has named the engine, so the others cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from submarine_ext.engines.base import Engine

GROUP = "submarine_ext.engines"

Maker = Callable[[Path], Engine]


def engine_names() -> set[str]:
    """All engines that are installed; ``local`` always is."""
    return {"local"} | entry_points(group=GROUP).names


def maker(name: str, application: Any) -> Maker:
    """What makes the engine, configured as the application is. Raises what it raises."""
    (entry,) = entry_points(group=GROUP, name=name)
    make: Maker = entry.load()(application)
    return make
