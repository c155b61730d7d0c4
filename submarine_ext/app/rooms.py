"""jupyter-collaboration's own rooms are not for projects, which have rooms of ours.

Where it is installed, it shares a document with everybody who may use the server, and saves it
as the server: it knows no roles, and a save would be nobody's version. So no file of a project
gets a room of it, by whatever name it is asked for. The server's other files are shared as
ever. Its handlers are known by their package, so nothing of it needs to be installed.

Its lab is answered about a project's files by :mod:`submarine_ext.api.rooms`, whose routes go
before its own. Where a version is installed that we do not know, or several servers share the
database, they are not there, and projects keep their saves and merges.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from tornado.routing import PathMatches, Rule

from submarine_ext.api.rooms.handlers import ROOM, SESSION, RoomSession, RoomSocket
from submarine_ext.api.rooms.lobby import Lobby
from submarine_ext.api.rooms.presence import State, understood
from submarine_ext.api.rooms.presence import message as presence_message
from submarine_ext.app.kernels import DRIVE

PACKAGES = ("jupyter_server_ydoc", "jupyter_server_fileid")
#: What rooms are built upon, with the versions that they were tested with. The lab's side comes
#: with jupyter-docprovider.
KNOWN = {
    "jupyter-server-ydoc": r"3\.",
    "jupyter-docprovider": r"3\.",
    "jupyter-ydoc": r"4\.",
    "pycrdt": r"0\.14\.",
}
#: Its room in which everybody on the server tells what they have open.
PRESENCE = "JupyterLab:globalAwareness"
#: The option's name in JupyterLab's page configuration.
OPTION = "submarineRooms"


def unknown_package() -> str | None:
    """What keeps rooms of projects from being opened; empty where there is no collaboration."""
    try:
        found = {name: version(name) for name in KNOWN}
    except PackageNotFoundError:
        return ""
    return next(
        (
            f"{name} {found[name]}"
            for name, ours in KNOWN.items()
            if not re.match(ours, found[name])
        ),
        None,
    )


def open_rooms(app: ServerApp) -> None:
    """Answer jupyter-collaboration's lab about projects' files, before its own server does."""
    unknown = unknown_package()
    if unknown is not None:
        if unknown:
            app.log.warning("submarine_ext: projects have no live editing with %s", unknown)
        return
    base, lobby = re.escape(app.base_url.rstrip("/")), {"lobby": Lobby()}
    routes = ((SESSION, RoomSession), (ROOM, RoomSocket))
    app.web_app.default_router.rules[:0] = [
        Rule(PathMatches(f"{base}{route}$"), handler, lobby) for route, handler in routes
    ]
    app.web_app.settings.setdefault("page_config_data", {})[OPTION] = True


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
        if PRESENCE in handler.path_args:
            keep_to_plain_files(handler)
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


def keep_to_plain_files(handler: Any) -> None:
    """Names of projects and of their files are not for everybody on the server."""
    heard = handler.on_message

    async def on_message(message: bytes) -> None:
        told = [_without_projects(state) for state in understood(message)]
        await heard(presence_message(told))

    handler.on_message = on_message


def _without_projects(state: State) -> State:
    if state.told is None:
        return state
    kept = {name: _plain(value) for name, value in state.told.items()}
    return State(state.client, state.clock, kept)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [each for each in value if _plain(each) is not None]
    return None if DRIVE in json.dumps(value) else value
