"""The service's log: one JSON object a line, without anything that opens a door.

Of a request it has the method, the route's template, the status, the time it took and who
asked: never a query, a header, a body or the parts of a path. What libraries say loses the
queries of URLs and is cut to :data:`LONGEST` characters.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

LONGEST = 256
ACCESS = "submarine_ext.access"
_QUERY = re.compile(r"\?\S*=\S*")


class JsonLines(logging.Formatter):
    """``extra={"fields": {…}}`` adds to a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _QUERY.sub("?…", record.getMessage())[:LONGEST],
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def begin(level: Any, stream: TextIO = sys.stderr) -> None:
    """Everything from ``level`` (a number or a name) that this process logs goes to the stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    level = root.level
    # It tells our access log's story again, with whole URLs, and cookies' ids.
    logging.getLogger("tornado.access").disabled = True
    logging.getLogger("tornado.application").setLevel(max(level, logging.ERROR))
    logging.getLogger("httpx").setLevel(max(level, logging.WARNING))
