"""Who is asking, who else is here, and what admins change of them."""

from __future__ import annotations

from submarine_ext.domain.access import Principal
from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.people import Me, User, UserChange
from submarine_ext.store.store import Store


class People:
    """The service. ``owner`` is the person whose server this is, whose personal project is
    called ``default``; ``admins`` are admins by configuration.
    """

    def __init__(self, store: Store, owner: str, admins: frozenset[str]) -> None:
        self._store = store
        self._owner = owner
        self._admins = admins
        self._arrived: set[str] = set()

    async def prepare(self) -> None:
        """At start: the configured admins are admins, the owner of the server is somebody."""
        raise NotImplementedError

    async def arrive(self, who: Principal) -> None:
        """First sight of a verified identity: a user with a personal project from now on."""
        raise NotImplementedError

    async def me(self, who: Principal) -> Me:
        """The asker: name, rights, personal project, quota and use."""
        raise NotImplementedError

    async def search(self, who: Principal, wanted: Search) -> Page[User]:
        """People by a part of their name."""
        raise NotImplementedError

    async def get(self, who: Principal, name: str) -> User:
        """One person."""
        raise NotImplementedError

    async def change(self, who: Principal, name: str, change: UserChange) -> User:
        """Change a person's account."""
        raise NotImplementedError
