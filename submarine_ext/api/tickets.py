"""Tickets for the WebSocket: what a cookie alone must not open.

A browser sends its cookie with a WebSocket from any page; a ticket it has only from an
answer that other pages cannot read. Each is used once, within :data:`LIFETIME` seconds, by
the person to whom it was given. They live in this process only.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from submarine_ext.domain.access import Principal

LIFETIME = 30.0
#: More than anybody opens at once; the oldest goes first.
MOST = 1000


class Tickets:
    """Gives and redeems tickets. ``clock`` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._given: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    def give(self, who: Principal) -> str:
        """A new ticket for this person."""
        while self._given and (len(self._given) >= MOST or self._oldest_is_over()):
            self._given.popitem(last=False)
        ticket = secrets.token_urlsafe(32)
        self._given[ticket] = (who, self._clock() + LIFETIME)
        return ticket

    def redeem(self, ticket: str, who: Principal) -> bool:
        """Whether the ticket is this person's and still good; afterwards it is not."""
        owner, ends = self._given.pop(ticket, (None, 0.0))
        return owner == who and self._clock() < ends

    def _oldest_is_over(self) -> bool:
        _, ends = next(iter(self._given.values()))
        return self._clock() >= ends
