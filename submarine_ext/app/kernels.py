"""Kernels of project notebooks: in the project's folder, for those who may run code there.

A session whose path is ``submarine:<project>/<path>`` belongs to a project. Jupyter has no
hook for it, so three methods of this server's own objects are wrapped, and plain sessions
pass through all of them untouched:

* the authorizer's ``is_authorized``, which Jupyter asks before every request for sessions,
  kernels and their sockets, and whose refusal reaches the browser as it is (an error from
  within the session manager would come out as 500 or 501). It is asked with the request at
  hand, so one place sees new sessions, renamed ones, restarts and sockets alike (open sockets
  are looked at again whenever rights change: :mod:`submarine_ext.app.sockets`);
* the session manager's ``start_kernel_for_session``, the one place where a session's kernel
  gets its working folder and environment;
* its ``list_sessions``, which would tell everybody what private projects are working on.

Kernels run as the server's own user: this keeps viewers from a project's kernels, it is no
wall between people who may run code on the same server.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.base.call_context import CallContext
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.handlers import KernelActionHandler, KernelHandler
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.services.sessions.handlers import SessionHandler, SessionRootHandler
from tornado.web import HTTPError

from submarine_ext.app.places import Asker, Projects
from submarine_ext.app.sockets import Watched
from submarine_ext.errors import NotFound, SubmarineError, Unavailable
from submarine_ext.identity.principal import principal_of

DRIVE = "submarine:"
_OF_ONE_KERNEL = (KernelHandler, KernelActionHandler, KernelWebsocketHandler)


class Kernels:
    """Made once for a server; ``attach`` puts it in."""

    def __init__(self, app: ServerApp, projects: Projects, owner: str) -> None:
        self._projects = projects
        self._owner = owner
        self._sessions = app.session_manager
        self._kernels = app.kernel_manager
        self._authorizer = app.authorizer
        self._is_remote = app.gateway_config.gateway_enabled
        #: The drive's path that a kernel was started for, by the kernel's id.
        self._paths: dict[str, str] = {}

    def attach(self) -> None:
        """Wrap the three methods."""
        self._authorized: Callable[..., Any] = self._authorizer.is_authorized
        self._start: Callable[..., Awaitable[str]] = self._sessions.start_kernel_for_session
        self._authorizer.is_authorized = self.is_authorized  # type: ignore[method-assign]
        self._sessions.start_kernel_for_session = self.start
        self._listed: Callable[[], Awaitable[list[dict[str, Any]]]] = self._sessions.list_sessions
        self._sessions.list_sessions = self.list_sessions

    async def is_authorized(
        self, handler: JupyterHandler, user: Any, action: str, resource: str
    ) -> bool:
        """As the server's authorizer says, and for projects as their rights say."""
        if not await ensure_async(self._authorized(handler, user, action, resource)):
            return False
        for path in await self._concerned(handler):
            await self._folder(handler, path)
            if isinstance(handler, KernelWebsocketHandler):
                alarms = await self._projects.alarms(self._asked(handler))
                Watched(handler, alarms, partial(self._working_folder, handler, path))
        return True

    async def start(self, session_id: str, path: str | None, name: str | None, **more: Any) -> str:
        """Start a session's kernel; for a project's notebook in the notebook's folder."""
        if path is None or not path.startswith(DRIVE) or self._is_remote:
            return await self._start(session_id=session_id, path=path, name=name, **more)
        folder = await self._folder(CallContext.get(CallContext.JUPYTER_HANDLER), path)
        env = {
            **os.environ,
            "JPY_SESSION_NAME": f"{folder}/{name or path.rpartition('/')[2]}",
            "SUBMARINE_PROJECT": _split(path)[0],
        }
        more.pop("type", None)
        kernel: str = await self._kernels.start_kernel(cwd=folder, env=env, **more)
        self._paths = {each: its for each, its in self._paths.items() if each in self._kernels}
        self._paths[kernel] = path
        return kernel

    async def list_sessions(self) -> list[dict[str, Any]]:
        """As Jupyter does, without those of projects whose files the asker may not read."""
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        return [each for each in await self._listed() if await self._sees(handler, each["path"])]

    async def _sees(self, handler: JupyterHandler | None, path: str) -> bool:
        if handler is None or not path.startswith(DRIVE):
            return True
        try:
            await self._projects.require_read(self._asked(handler), _split(path)[0])
        except SubmarineError:
            return False
        return True

    async def _concerned(self, handler: JupyterHandler) -> list[str]:
        """The drive's paths that a request wants to run something for."""
        if handler.request.method == "GET" and not isinstance(handler, KernelWebsocketHandler):
            return []
        found: list[Any] = []
        if isinstance(handler, SessionRootHandler | SessionHandler):
            found += await self._session_paths(handler)
        elif isinstance(handler, _OF_ONE_KERNEL):
            found.append(self._paths.get(handler.path_kwargs["kernel_id"]))
        return [path for path in found if isinstance(path, str) and path.startswith(DRIVE)]

    async def _session_paths(self, handler: JupyterHandler) -> list[Any]:
        """What the request names, and what the session is about that it changes."""
        model = handler.get_json_body() if handler.request.body else None
        wanted = model if isinstance(model, dict) else {}
        parts = [part if isinstance(part, dict) else {} for part in map(wanted.get, _PARTS)]
        found = [wanted.get("path"), *(part.get("path") for part in parts)]
        found += [part.get("name") for part in parts[1:]]
        found.append(self._paths.get(str(parts[0].get("id"))))
        if "session_id" in handler.path_kwargs:
            try:
                session = await self._sessions.get_session(
                    session_id=handler.path_kwargs["session_id"]
                )
            except HTTPError:  # there is none: Jupyter says so itself
                return found
            found += [session["path"], self._paths.get(session["kernel"]["id"])]
        return found

    async def _folder(self, handler: JupyterHandler | None, path: str) -> str:
        """Where the notebook's kernel works. Raises HTTPError for whoever may start none, and
        where nobody can say who may.
        """
        try:
            return await self._working_folder(handler, path)
        except NotFound:
            sentence = "You may not run kernels here, or there is no such project."
            raise _refusal(HTTPStatus.FORBIDDEN, sentence) from None
        except Unavailable as error:
            raise _refusal(HTTPStatus.SERVICE_UNAVAILABLE, error.detail) from None
        except SubmarineError as error:
            raise _refusal(HTTPStatus.FORBIDDEN, error.detail) from None

    async def _working_folder(self, handler: JupyterHandler | None, path: str) -> str:
        return str(await self._projects.working_folder(self._asked(handler), *_split(path)))

    def _asked(self, handler: JupyterHandler | None) -> Asker:
        """Who sent the request; nobody may start a project's kernel without one."""
        if handler is None:
            raise NotFound
        user = handler.current_user
        who = principal_of(handler.identity_provider, user, self._owner)
        if who is None:
            raise NotFound
        return Asker(who, handler)


#: The parts of a session's model that name a kernel or, as Jupyter 4 did, a path.
_PARTS = ("kernel", "notebook")


def _split(path: str) -> tuple[str, str]:
    project, _, inner = path.removeprefix(DRIVE).strip("/").partition("/")
    return project, inner


def _refusal(status: HTTPStatus, sentence: str) -> HTTPError:
    return HTTPError(status, sentence.replace("%", "%%"))
