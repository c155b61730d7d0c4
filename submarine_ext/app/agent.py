"""Offers this server's machine to the team service, as an engine of the server's owner.

Everything that is said is :mod:`submarine_ext.engines.remote`'s. Here is the way there, with the
owner's own credential, again and again: services restart, networks break, and with several
servers on one database the right one has to be found. Only one process offers a folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from http import HTTPStatus
from logging import Logger
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import Struct

from submarine_ext.app.upstream import Channel, Ended, Upstream, broken
from submarine_ext.domain.bundles import MAX_PACKED
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.engines.remote.machine import Machine
from submarine_ext.errors import ServiceAway, SubmarineError
from submarine_ext.files.bundles import BundleFiles
from submarine_ext.files.keys import secret_at
from submarine_ext.identity.credentials import Credentials
from submarine_ext.reconcile.lease import FileLease

#: Seconds between two tries: at first, and at most.
SOON, LATE = 1.0, 30.0


class Offer(Struct, frozen=True, kw_only=True):
    """What of this machine is offered; None: all that there is. ``root`` holds the jobs."""

    root: Path
    cpu: float | None = None
    memory: int | None = None
    gpu: int | None = None


class _Me(Struct):
    user: str


class Agent:
    """``run()`` until cancelled. ``busy``: a job is here that the service does not have whole."""

    def __init__(
        self, offer: Offer, upstream: Upstream, credentials: Credentials, log: Logger
    ) -> None:
        jobs = offer.root / "jobs"
        jobs.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = LocalEngine(jobs, cpu=offer.cpu, memory=offer.memory, gpu=offer.gpu)
        identity = hashlib.sha256(secret_at(offer.root / "identity")).hexdigest()
        code = BundleFiles(offer.root / "bundles", MAX_PACKED)
        self._machine = Machine(engine, jobs, identity, code)
        self._only = FileLease(offer.root / "offered.lock")
        self._upstream = upstream
        self._credentials = credentials
        self._log = log
        self._said: str | None = None

    @property
    def busy(self) -> bool:
        """Whether this server should not be ended for lack of activity."""
        return self._only.held and self._machine.busy

    async def run(self) -> None:
        """Offer the machine as long as this goes on; jobs go on after it."""
        await self._only.acquire()
        await self._machine.open()
        try:
            await self._keep_offering()
        finally:
            await self._machine.close()
            await self._upstream.close()
            await self._only.release()

    async def _keep_offering(self) -> None:
        pause, log = SOON, self._log
        while True:
            began = asyncio.get_running_loop().time()
            try:
                self._tell(await self._visit())
            except SubmarineError as error:
                self._tell(error.detail)
            except (OSError, msgspec.MsgspecError, ValueError) as error:
                self._tell(f"{error!r}")
            except Exception:  # nothing else would ever offer it again
                log.exception("The offer of this machine failed; it is tried again")
            lasted = asyncio.get_running_loop().time() - began
            pause = SOON if lasted > LATE else min(pause * 1.5, LATE)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads them out

    async def _visit(self) -> str:
        """One connection; why the service ended it."""
        token = self._credentials.own()
        target = f"/machines/{quote(await self._name(token), safe='')}"
        channel = await self._upstream.socket(target, token=token)
        self._tell("")
        link = ChannelLink(channel)
        try:
            await self._machine.serve(link, link.frames())
        finally:
            await channel.close()
        return link.ended

    async def _name(self, token: str) -> str:
        """How the service calls the person whose token this is."""
        answer = await self._upstream.request("GET", "/me", token=token, headers={})
        try:
            if answer.status != HTTPStatus.OK:
                raise ServiceAway(f"The team service does not say who this is: {answer.status}.")
            return msgspec.json.decode(await answer.read(), type=_Me).user
        except broken() as error:
            raise ServiceAway("The team service went away while it was asked.") from error
        finally:
            answer.close()

    def _tell(self, why: str) -> None:
        """Once, however often it is tried."""
        if why == self._said:
            return
        self._said = why
        if why:
            self._log.warning("This machine is not offered to the team service now: %s", why)
        else:
            self._log.info("This machine is offered to the team service")


class ChannelLink:
    """The socket to the service as the machine's link."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._closing: asyncio.Task[None] | None = None
        self.ended = ""

    async def send(self, frame: bytes) -> None:
        """Where the service is gone, :meth:`frames` ends."""
        await self._channel.send(frame)

    async def frames(self) -> AsyncIterator[bytes]:
        """What the service says, until either side ends."""
        while not isinstance(frame := await self._channel.receive(), Ended):
            if isinstance(frame, bytes):  # text is a sign of life
                yield frame
        self.ended = frame.reason or "The connection was cut."

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and why."""
        self._closing = asyncio.create_task(self._channel.close(code, reason))
