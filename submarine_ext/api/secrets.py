"""Secrets: written, listed by name, never read back."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.pages import Page
from submarine_ext.domain.secrets import Secret, SecretRequest


class Secrets(Endpoint):
    """``/projects/{project}/secrets``"""

    @operation(Capability.SECRET_READ, answer=Page[Secret])
    async def get(self, project: str) -> Page[Secret]:
        """List the names of a project's secrets."""
        return Page(await self.services.secrets.list(self.principal, project))


class OneSecret(Endpoint):
    """``/projects/{project}/secrets/{secret}``"""

    @operation(
        Capability.SECRET_WRITE,
        body=SecretRequest,
        answer=Secret,
        problems=(409, 413, 415, 507),
    )
    async def put(self, project: str, secret: str, body: SecretRequest) -> Secret:
        """Write a secret's value; jobs that name it get it as an environment variable."""
        return await self.services.secrets.write(self.principal, project, secret, body.value)

    @operation(Capability.SECRET_WRITE, status=204, problems=(409, 507))
    async def delete(self, project: str, secret: str) -> None:
        """Forget a secret."""
        await self.services.secrets.delete(self.principal, project, secret)
