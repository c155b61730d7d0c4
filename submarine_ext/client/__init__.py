"""The Python SDK: everything over HTTP and one WebSocket, nothing of the server imported.

``Client`` is the way in; ``JobHandle`` is what submitting gives back.
"""

from __future__ import annotations

from submarine_ext.client.client import Client
from submarine_ext.client.handle import JobHandle

__all__ = ["Client", "JobHandle"]
