"""The queue: use against quotas, who holds the GPUs, where one's own jobs stand."""

from __future__ import annotations

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.queues import Queue


class WholeQueue(Endpoint):
    """``/queue``"""

    @operation(Capability.QUEUE_READ, answer=Queue)
    async def get(self) -> Queue:
        """What you and your teams take, who holds the GPUs, and where your jobs stand."""
        return await self.services.queues.of(self.principal)
