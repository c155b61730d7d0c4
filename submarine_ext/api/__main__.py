"""Prints what is made from the routes, for ``docs/reference``.

``python -m submarine_ext.api > docs/reference/openapi.json`` prints the OpenAPI document,
``python -m submarine_ext.api access > docs/reference/access.md`` who may do what.
"""

from __future__ import annotations

import sys

from submarine_ext.api.openapi import document
from submarine_ext.api.rights import page
from submarine_ext.api.routes import PARTS, ROUTES

if __name__ == "__main__":
    wanted = page(ROUTES).encode() if sys.argv[1:] == ["access"] else document(ROUTES, PARTS)
    sys.stdout.buffer.write(wanted)
