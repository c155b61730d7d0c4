"""jupyter-collaboration's rooms are not for projects.

Where it is installed, it shares a document with everybody who may use the server, and saves it
as the server: it knows no roles, and a save would be nobody's version. So no file of a project
gets a room, by whatever name it is asked for; projects keep their own saves and merges. The
server's other files are shared as ever.

Its handlers are known by their package, so nothing of it needs to be installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp

from submarine_ext.app.kernels import DRIVE

PACKAGES = ("jupyter_server_ydoc", "jupyter_server_fileid")


class Rooms:
    """Made once for a server; ``attach`` asks it before each request for a room."""

    def __init__(self, app: ServerApp, projects: Path | None) -> None:
        self._authorizer = app.authorizer
        self._settings = app.web_app.settings
        self._root = Path(app.root_dir)
        self._projects = None if projects is None else os.path.realpath(projects)

    def attach(self) -> None:
        """Wrap the authorizer, which decides about everything else as before."""
        self._authorized: Callable[..., Any] = self._authorizer.is_authorized
        self._authorizer.is_authorized = self.is_authorized  # type: ignore[method-assign]

    async def is_authorized(
        self, handler: JupyterHandler, user: Any, action: str, resource: str
    ) -> bool:
        """As the server's authorizer says, but never for a room of a project's file."""
        if not await ensure_async(self._authorized(handler, user, action, resource)):
            return False
        if type(handler).__module__.partition(".")[0] not in PACKAGES:
            return True
        return not any(map(self._is_of_project, self._paths(handler)))

    def _paths(self, handler: JupyterHandler) -> Iterator[str]:
        """The files that a request is about: named, or by the id at the end of a room's name."""
        for named in (*handler.path_args, *handler.get_query_arguments("path")):
            yield named
            yield from self._of_id(named.rpartition("/")[2].split(":", 2)[-1])
        for number in handler.get_query_arguments("id"):
            yield from self._of_id(number)

    def _of_id(self, number: str) -> Iterator[str]:
        ids = self._settings.get("file_id_manager")
        path = ids.get_path(number) if ids is not None else None
        if path is not None:
            yield path

    def _is_of_project(self, path: str) -> bool:
        """Whether it is on the drive, or lies in the folder that the projects' files are in."""
        plain = path.lstrip("/")
        if plain.startswith(DRIVE):
            return True
        if self._projects is None:
            return False
        return Path(os.path.realpath(self._root / plain)).is_relative_to(self._projects)
