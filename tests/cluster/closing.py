"""How a server of the tests stops listening without losing whom it just accepted.

asyncio makes a connection of an accepted socket one turn later, and if the server was closed
in between, `asyncio.Server._attach` refuses (an assertion) and nobody closes the socket: the
interpreter finds it at some later test. So accept no more first, let those that were accepted
become connections, and close then.
"""

from __future__ import annotations

import asyncio

from aiohttp import web


async def stop_listening(runner: web.AppRunner) -> None:
    """Refuse connections from now on; those that are open are the runner's ``connections``."""
    loop = asyncio.get_running_loop()
    for site in list(runner.sites):
        for listener in site._server.sockets:  # type: ignore[attr-defined]
            loop.remove_reader(listener.fileno())
    await turns()
    for site in list(runner.sites):
        await site.stop()


async def turns() -> None:
    """Some turns of the loop: a transport that was closed closes its socket in one of its own."""
    for _ in range(5):
        await asyncio.sleep(0)
