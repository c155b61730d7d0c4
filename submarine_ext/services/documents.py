"""A project's files: read, save over what was read, history, trash.

Each part is a class of its own (:mod:`reading`, :mod:`filing`, :mod:`histories`,
:mod:`trash`); whoever works with files gets one service.
"""

from __future__ import annotations

from submarine_ext.services.histories import Histories
from submarine_ext.services.reading import Content
from submarine_ext.services.trash import Trash

__all__ = ["Content", "Documents"]


class Documents(Histories, Trash):
    """The service. Paths are relative to the project's folder."""
