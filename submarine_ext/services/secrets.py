"""Secrets: people write and name them, jobs get them."""

from __future__ import annotations

from submarine_ext.domain.access import Principal
from submarine_ext.domain.secrets import Secret
from submarine_ext.store.store import Store


class Secrets:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(self, who: Principal, project: str) -> list[Secret]:
        """Names, without values."""
        raise NotImplementedError

    async def write(self, who: Principal, project: str, name: str, value: str) -> Secret:
        """Write a value."""
        raise NotImplementedError

    async def delete(self, who: Principal, project: str, name: str) -> None:
        """Forget it."""
        raise NotImplementedError
