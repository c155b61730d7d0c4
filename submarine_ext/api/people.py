"""People: who is asking, who else is here, and what admins change of them."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page, Search
from submarine_ext.domain.people import Me, User, UserChange


class WhoAmI(Endpoint):
    """``/me``"""

    @operation(Capability.ME_READ, answer=Me)
    async def get(self) -> Me:
        """Who you are and what you may do."""
        return await self.services.people.me(self.principal)


class Users(Endpoint):
    """``/users``"""

    @operation(Capability.USER_LIST, query=Search, answer=Page[User])
    async def get(self, query: Search) -> Page[User]:
        """Find people by a part of their name."""
        return await self.services.people.search(self.principal, query)


class OneUser(Endpoint):
    """``/users/{user}``"""

    @operation(Capability.USER_LIST, answer=User)
    async def get(self, user: str) -> User:
        """Look at a person."""
        return await self.services.people.get(self.principal, user)

    @operation(Capability.USER_WRITE, body=UserChange, answer=User, problems=(409, 413, 415, 507))
    async def patch(self, user: str, body: UserChange) -> User:
        """Make or unmake an admin, disable or enable an account, set quotas (admins)."""
        return await self.services.people.change(self.principal, user, body)
