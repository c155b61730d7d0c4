"""An open socket ends when the credential that opened it does.

Only where the identity provider can tell (:class:`~submarine_ext.identity.directory.Rechecks`).
While nobody can be asked the socket stays for a short grace; then it is closed so that its
client comes again, and is told by HTTP what is the matter.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.web import HTTPError

from submarine_ext.api.base import Guard
from submarine_ext.api.subscriptions import REVOKED
from submarine_ext.identity.directory import Rechecks

TRY_AGAIN = 1013
#: Seconds between two questions that nobody answers.
PAUSE = 1.0


def watch_credential(socket: Guard) -> asyncio.Task[None] | None:
    """Look at the credential now and then until the socket is closed, or close it."""
    provider = socket.identity_provider
    if not isinstance(provider, Rechecks):
        return None
    return asyncio.create_task(_watch(socket, provider), name="submarine credential")


async def _watch(socket: Any, provider: Rechecks) -> None:
    while True:
        await asyncio.sleep(provider.recheck_seconds)
        try:
            async with asyncio.timeout(provider.grace_seconds):
                good = await _answer(socket, provider)
        except TimeoutError:
            socket.close(TRY_AGAIN, "Whoever checks credentials does not answer.")
            return
        if not good:
            socket.close(REVOKED, "The credential that opened this is no longer good.")
            return


async def _answer(socket: Any, provider: Rechecks) -> bool:
    while True:
        try:
            return await provider.recheck(socket)
        except HTTPError:
            await asyncio.sleep(PAUSE)
