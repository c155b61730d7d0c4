"""A connected server passes on every header that the API reads or writes, and says which not."""

from __future__ import annotations

import re
from pathlib import Path

import submarine_ext.api
from submarine_ext.app.proxy import SENT, TOLD

SOURCES = "\n".join(
    each.read_text() for each in Path(submarine_ext.api.__file__).parent.glob("*.py")
)

#: What is asked by the guard of the server that the visitor speaks to, or is about one connection.
READ_AT_THE_EDGE = {
    "Connection",
    "Expect",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Upgrade",
}
#: ``Location`` is told in other words; ``Connection`` is each server's own.
WRITTEN_AT_THE_EDGE = {"Connection", "Location"}


def test_every_header_that_the_api_reads_is_sent_on() -> None:
    read = set(re.findall(r'headers\.get(?:_list)?\(\s*"([\w-]+)"', SOURCES))
    assert {"If-Match", "Range", "Idempotency-Key"} <= read
    assert read - READ_AT_THE_EDGE <= set(SENT)


def test_every_header_that_the_api_writes_comes_back() -> None:
    written = set(re.findall(r'(?:set|add)_header\(\s*"([\w-]+)"', SOURCES))
    assert {"ETag", "Content-Range", "Retry-After"} <= written
    assert written - WRITTEN_AT_THE_EDGE <= set(TOLD)
