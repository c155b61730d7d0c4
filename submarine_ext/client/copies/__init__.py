"""Working copies of projects: ``Copy.begin(folder, files, …).checkout()``, later ``push()``.

``notes`` is what a copy remembers, ``here`` its folder, ``there`` the project; ``copy`` makes
the two the same.
"""

from __future__ import annotations

from submarine_ext.client.copies.copy import Copy, Report
from submarine_ext.client.copies.notes import default_folder, nearest

__all__ = ["Copy", "Report", "default_folder", "nearest"]
