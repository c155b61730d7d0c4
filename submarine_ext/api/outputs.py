"""What jobs printed, measured and left: logs, metrics, artifacts.

Logs and artifacts are bytes that users' code made. They are answered so that no browser
runs them with our origin: sandboxed, never sniffed, as a download.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

from msgspec import Meta, Struct
from tornado.escape import url_escape
from tornado.iostream import StreamClosedError

from submarine_ext.api.base import Endpoint
from submarine_ext.api.operations import Media, operation
from submarine_ext.domain.access import Capability
from submarine_ext.domain.logs import LogMatches
from submarine_ext.domain.metrics import Metrics, Span, series_of
from submarine_ext.domain.pages import Page
from submarine_ext.errors import Forbidden, Invalid, NotFound, Unavailable
from submarine_ext.files.jobs import Artifact, opened
from submarine_ext.files.matches import Wanted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from submarine_ext.services.results import JobLog

CHUNK = 256 * 1024
LOG_CHUNK = 1024 * 1024
ROWS = 10_000
SHOWN = 1000
MAX_LOG = 8 * 1024 * 1024
Offset = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Bound = Annotated[float, Meta(ge=-(2**53), le=2**53)]


class WholeLogQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rank's log; without ``attempt`` the latest."""

    rank: Annotated[int, Meta(ge=0, le=65_536)] = 0
    attempt: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class SearchQuery(WholeLogQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``text`` is looked for as it is, from raw ``offset`` on; ``case`` tells A from a."""

    text: Annotated[str, Meta(min_length=1, max_length=256)]
    case: bool = False
    offset: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class LogQuery(WholeLogQuery, frozen=True, forbid_unknown_fields=True):
    """Which raw bytes of which rank's log. A negative ``offset`` counts from the end."""

    offset: Offset = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_LOG)] = 1024 * 1024


class MetricsQuery(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"begin": "from", "end": "to"}
):
    """Which series (``keys``, separated by commas; absent: all), how fine and in which form.

    ``from`` and ``to`` are steps, or with ``by=time`` seconds since the epoch, and both
    included. Without ``points`` a series in JSON has at most 1000 points, in CSV all of them.
    """

    keys: Annotated[str, Meta(max_length=4096)] | None = None
    points: Annotated[int, Meta(ge=2, le=100_000)] | None = None
    format: Literal["json", "csv"] = "json"
    by: Literal["step", "time"] = "step"
    begin: Bound | None = None
    end: Bound | None = None

    @property
    def span(self) -> Span:
        """What is asked for of each series. Raises Invalid where it ends before it begins."""
        if self.begin is not None and self.end is not None and self.begin > self.end:
            raise Invalid("from must not be greater than to.", field="from")
        return Span(self.by, self.begin, self.end)


LOG = Media(
    "text/plain",
    "The text of the raw bytes [offset, offset + limit), without records",
    {
        "Submarine-Next-Offset": "Where to go on, in raw bytes",
        "Submarine-Size": "The log's raw size now",
        "Submarine-Attempt": "Whose log it is",
        "Submarine-Complete": "true when the attempt has ended and nothing is left",
    },
)
WHOLE_LOG = Media("text/plain", "All that the rank has printed so far, without records")
FILE = Media("application/octet-stream", "The file")
COLUMNS = ("key", "step", "value", "time")
CSV = Media("text/csv", "One line a point: key, step, value, time")


class Logs(Endpoint):
    """``/jobs/{job}/logs``"""

    @operation(Capability.JOB_LOGS, query=LogQuery, answer=LOG)
    async def get(self, job: str, query: LogQuery) -> None:
        """Read a rank's log."""
        log = await self.services.results.log(
            self.principal, job, query.rank, query.attempt, query.offset, query.limit
        )
        self.set_header("Submarine-Next-Offset", str(log.next))
        self.set_header("Submarine-Size", str(log.size))
        self.set_header("Submarine-Attempt", str(log.attempt))
        self.set_header("Submarine-Complete", "true" if log.complete else "false")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Disposition", "attachment")
        _ = self.finish(log.text)


class LogSearch(Endpoint):
    """``/jobs/{job}/logs/search``"""

    @operation(Capability.JOB_LOGS, query=SearchQuery, answer=LogMatches)
    async def get(self, job: str, query: SearchQuery) -> LogMatches:
        """Find the lines of a rank's log that show a text, a bounded part of it at a time."""
        if not query.text.isprintable():
            raise Invalid("Look for what stands in one line: no control characters.", field="text")
        wanted = Wanted(query.text, case=query.case)
        return await self.services.results.search_log(
            self.principal, job, query.rank, query.attempt, wanted, query.offset, query.limit
        )


class LogFile(Endpoint):
    """``/jobs/{job}/logs/download``"""

    @operation(Capability.JOB_LOGS, query=WholeLogQuery, answer=WHOLE_LOG)
    async def get(self, job: str, query: WholeLogQuery) -> None:
        """Download all of a rank's log as it is now, without records."""
        log = await self._piece(job, query.rank, query.attempt, 0)
        end = log.size
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        name = f"{job}-attempt-{log.attempt}-rank-{query.rank}.log"
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        at = -1
        try:
            while at < log.next:
                at = log.next
                self.write(log.text)
                await self.flush()
                if at < end:  # each piece asks again who may read it
                    log = await self._piece(job, query.rank, log.attempt, at)
        except StreamClosedError:
            return  # the reader went away
        except (Forbidden, NotFound, Unavailable):
            self.request.connection.detach().close()  # type: ignore[union-attr]
            return
        _ = self.finish()

    async def _piece(self, job: str, rank: int, attempt: int | None, offset: int) -> JobLog:
        results = self.services.results
        return await results.log(self.principal, job, rank, attempt, offset, LOG_CHUNK)


class MetricsOf(Endpoint):
    """``/jobs/{job}/metrics``"""

    @operation(
        Capability.OUTPUT_READ,
        query=MetricsQuery,
        answers={200: (Metrics, CSV)},
    )
    async def get(self, job: str, query: MetricsQuery) -> Metrics | None:
        """Read the latest attempt's metrics, downsampled."""
        keys = query.keys.split(",") if query.keys else None
        if query.format == "csv":
            await self._send(job, keys, query)
            return None
        points = query.points or SHOWN
        return await self.services.results.metrics(self.principal, job, keys, points, query.span)

    async def _send(self, job: str, keys: list[str] | None, query: MetricsQuery) -> None:
        """A table, some rows at a time: memory holds one metric's numbers, no more.

        Every piece is read or sent by somebody who may; who loses the right gets no more.
        """
        results, span = self.services.results, query.span
        attempt, known = await results.metric_names(self.principal, job)
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{job}-metrics.csv"')
        self.write(_lines([COLUMNS]))
        try:
            for key in known if keys is None else keys:
                table = await results.metric_table(
                    self.principal, job, attempt, key, query.points, span
                )
                if table is None:
                    continue
                for begin in range(0, len(table), ROWS):
                    await results.require_output(self.principal, job)
                    self.write(await asyncio.to_thread(_rows, key, table[begin : begin + ROWS]))
                    await self.flush()
        except StreamClosedError:
            return  # the reader went away
        except (Forbidden, NotFound):  # a broken answer, not one that looks whole
            self.request.connection.detach().close()  # type: ignore[union-attr]
            return
        _ = self.finish()


class Artifacts(Endpoint):
    """``/jobs/{job}/artifacts``"""

    @operation(Capability.OUTPUT_READ, answer=Page[Artifact])
    async def get(self, job: str) -> Page[Artifact]:
        """List what the latest attempt left."""
        return Page(await self.services.results.artifacts(self.principal, job))


class OneArtifact(Endpoint):
    """``/jobs/{job}/artifacts/{path}``"""

    @operation(Capability.OUTPUT_READ, answer=FILE)
    async def get(self, job: str, path: str) -> None:
        """Download an artifact."""
        found = await self.services.results.artifact(self.principal, job, path)
        with await asyncio.to_thread(_opened, found) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Length", str(size))
            name = url_escape(PurePosixPath(path).name, plus=False)
            self.set_header("Content-Disposition", f"attachment; filename*=utf-8''{name}")
            await self._send(job, file, size)

    async def _send(self, job: str, file: BinaryIO, left: int) -> None:
        """Exactly ``left`` bytes, a chunk at a time: a slow reader holds one chunk, no more."""
        try:
            while left and (chunk := await asyncio.to_thread(file.read, min(CHUNK, left))):
                await self.services.results.require_output(self.principal, job)
                self.write(chunk)
                left -= len(chunk)
                await self.flush()
        except StreamClosedError:
            return  # the reader went away
        except (Forbidden, NotFound):
            pass  # who loses the right in the middle gets not one byte more
        if left:  # or the job cut its file short meanwhile: a broken answer, not a wrong one
            self.request.connection.detach().close()  # type: ignore[union-attr]
            return
        _ = self.finish()


def _opened(found: Path | bytes) -> BinaryIO:
    return io.BytesIO(found) if isinstance(found, bytes) else opened(found)


def _rows(key: str, table: NDArray[np.float64]) -> str:
    series, name = series_of(table), _plain(key)
    points = zip(series.step, series.value, series.time, strict=True)
    return _lines([(name, *point) for point in points])


def _lines(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _plain(key: str) -> str:
    """A name that a spreadsheet will not take for a formula."""
    return f"'{key}" if key.startswith(("=", "+", "-", "@", "\t", "\r")) else key
