"""Prints the OpenAPI document: ``python -m submarine_ext.api > docs/reference/openapi.json``."""

from __future__ import annotations

import sys

from submarine_ext.api.openapi import document
from submarine_ext.api.routes import PARTS, ROUTES

if __name__ == "__main__":
    sys.stdout.buffer.write(document(ROUTES, PARTS))
