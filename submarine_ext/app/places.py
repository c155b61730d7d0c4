"""Where projects are, for the kernels of their notebooks: here, or with the team service.

Both answer the same three questions. A connected server has no project's files: its kernels
work in a folder of its own for each project, which ``%submarine checkout`` fills.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from jupyter_server.base.handlers import JupyterHandler

from submarine_ext.api.problems import Problem
from submarine_ext.app.connected import ConnectedSite
from submarine_ext.app.site import Site
from submarine_ext.app.sockets import Alarms
from submarine_ext.app.upstream import Ended
from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.copies import COPIES
from submarine_ext.domain.paths import inside
from submarine_ext.errors import Forbidden, NotFound, SubmarineError, Unavailable

#: Frames of the topic ``me`` after which somebody may have other rights.
TELLING = frozenset({"me", "projects", "closed", "error"})


class Asker(NamedTuple):
    """Who wants something, and the request by which they do."""

    who: Principal
    handler: JupyterHandler


class Projects(Protocol):
    """What kernels need to know of projects. All of it raises SubmarineError."""

    async def require_read(self, asker: Asker, project: str) -> None:
        """Refuse who may not read the project's files."""
        ...

    async def working_folder(self, asker: Asker, project: str, path: str) -> Path:
        """Where a notebook's kernel works, for who may run code in the project."""
        ...

    async def alarms(self, asker: Asker) -> Alarms:
        """What calls whenever the asker's rights may have changed."""
        ...


class ProjectsHere:
    """Of this server."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def require_read(self, asker: Asker, project: str) -> None:
        """Refuse who may not read the project's files."""
        services = await self._site.services()
        await services.documents.require_read(asker.who, project)

    async def working_folder(self, asker: Asker, project: str, path: str) -> Path:
        """The notebook's folder among the project's files."""
        services = await self._site.services()
        await services.people.arrive(asker.who)
        return Path(await services.documents.working_folder(asker.who, project, path))

    async def alarms(self, asker: Asker) -> Alarms:
        """The feed's, for whatever changes lists."""
        return (await self._site.services()).feed.lists


class ProjectsThere:
    """Of the team service, asked with the visitor's own credential."""

    def __init__(self, site: ConnectedSite) -> None:
        self._site = site

    async def require_read(self, asker: Asker, project: str) -> None:
        """Refuse who may not read the project's files."""
        await self._require(asker, project, Capability.FILE_READ)

    async def working_folder(self, asker: Asker, project: str, path: str) -> Path:
        """A folder for the project on this server, made where there is none."""
        await self._require(asker, project, Capability.KERNEL_START)
        if self._site.folder_root is None:
            raise Unavailable("This server has no folder for a working copy.")
        folder = Path(inside(path, "path")).parent
        place = self._site.folder_root / COPIES / project / folder
        await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
        return place

    async def alarms(self, asker: Asker) -> Alarms:
        """Those of the topic ``me``: a socket to the service for each socket of a kernel."""
        token = self._site.credentials.of(asker.handler, asker.who)

        def begin(call: Callable[[], None]) -> Callable[[], None]:
            listening = asyncio.create_task(self._listen(token, call), name="submarine alarms")

            def end() -> None:
                listening.cancel()
                self._site.later(_ended(listening))

            return end

        return begin

    async def _require(self, asker: Asker, project: str, capability: Capability) -> None:
        token = self._site.credentials.of(asker.handler, asker.who)
        answer = await self._site.upstream.request(
            "GET", f"/projects/{project}", token=token, headers={}
        )
        with contextlib.closing(answer):
            told = await answer.read()
        if answer.status != HTTPStatus.OK:
            raise _refused(answer.status, told)
        if capability not in msgspec.json.decode(told)["capabilities"]:
            raise NotFound

    async def _listen(self, token: str, call: Callable[[], None]) -> None:
        """Until it is cancelled; a connection that broke is an alarm as well."""
        while True:
            try:
                await self._hear(token, call)
            except SubmarineError as error:
                pause = getattr(error, "retry_after", 30)
            else:
                pause = 1
            call()
            await asyncio.sleep(pause)

    async def _hear(self, token: str, call: Callable[[], None]) -> None:
        socket = await self._site.upstream.socket("/events", token=token)
        try:
            await socket.send(json.dumps({"op": "subscribe", "topic": "me"}))
            while not isinstance(frame := await socket.receive(), Ended):
                if json.loads(frame).get("type") in TELLING:
                    call()
        finally:
            await socket.close()


def projects_of(site: Site | ConnectedSite) -> Projects:
    """What the server's kernels ask."""
    return ProjectsHere(site) if isinstance(site, Site) else ProjectsThere(site)


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])


def _refused(status: int, told: bytes) -> SubmarineError:
    try:
        detail = msgspec.json.decode(told, type=Problem).detail
    except msgspec.DecodeError:
        detail = f"The team service failed (status {status})."
    if status == HTTPStatus.NOT_FOUND:
        return NotFound()
    return Forbidden(detail) if status == HTTPStatus.FORBIDDEN else Unavailable(detail)
