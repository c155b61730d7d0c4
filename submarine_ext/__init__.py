"""submarine-ext: shared projects and remote training inside JupyterLab.

This module holds the version and the hooks by which Jupyter and IPython find the
package, and nothing else: everything is imported on first use, so that neither a server
start nor a kernel start pays for what it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from submarine_ext.client.client import Client as Client

try:
    from submarine_ext._version import __version__
except ImportError:  # a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> Any:
    """Import :class:`Client` on first use (PEP 562)."""
    if name == "Client":
        from submarine_ext.client.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "submarine-ext"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from submarine_ext.app.extension import SubmarineExtension

    return [{"module": "submarine_ext", "app": SubmarineExtension}]


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics: ``%load_ext submarine_ext``."""
    from submarine_ext.magics.magics import register

    register(ipython)
