"""What an identity provider may know beyond who is asking, and how the server hears of it.

A provider that can do one of these is recognised by its methods; the server's own code asks
no provider for its class. Nothing here knows JupyterHub.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from submarine_ext.domain.directory import Known, Members

#: Hears what was found out about one person, and when it was asked (monotonic seconds).
Learn = Callable[[Known, float], Awaitable[None]]


@runtime_checkable
class Rechecks(Protocol):
    """A provider whose credentials may be taken back while a socket is open."""

    #: Seconds between two looks at an open socket's credential.
    recheck_seconds: float
    #: Seconds that a socket stays open while nobody can be asked.
    grace_seconds: float

    async def recheck(self, handler: Any) -> bool:
        """Whether the credential that opened the socket is still good.

        Raises tornado's HTTPError (500 and above) where nobody can be asked.
        """
        ...


@runtime_checkable
class HasDirectory(Protocol):
    """A provider that knows groups of people, which become teams."""

    #: Seconds between two looks at all groups.
    sync_seconds: float
    #: Called with what each fresh decision tells of a person, before it is used.
    learn: Learn | None

    async def groups(self) -> Mapping[str, Members]:
        """All groups that become teams, by name, as they are now."""
        ...
