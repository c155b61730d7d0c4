"""The job widget: live in any frontend that shows ipywidgets, readable in all others.

Its output holds four forms (protocol.md): ours, which the labextension keeps alive without
a kernel; an ipywidget; and HTML and text as of now, replaced once when the job is over, so
that a notebook that is read elsewhere shows how it ended.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from IPython.display import DisplayHandle, display
from ipywidgets.widgets.widget_string import HTML

from submarine_ext.client.client import Client
from submarine_ext.client.handle import JobHandle
from submarine_ext.widgets import render
from submarine_ext.widgets.feed import Feed
from submarine_ext.widgets.view import View
from submarine_ext.widgets.watched import Watched

MIME = "application/vnd.submarine.job+json"


class JobWidget(HTML):
    """Shows ``job`` of ``client``'s server, until it ends or the widget is closed."""

    def __init__(self, client: Client, job: JobHandle, **options: Any) -> None:
        self._handle = job
        self._base_url = urlsplit(client.server.url).path
        self._view = View(job.job)
        self._display: DisplayHandle | None = None
        self._watched = Watched(self._view, client.jobs, self._draw)
        super().__init__(value=render.html(self._view), **options)  # type: ignore[no-untyped-call]

    def show(self, feed: Feed) -> None:
        """Display it in the current cell, and follow the job."""
        self._display = display(self, display_id=True)
        feed.add(self._watched)

    def close(self) -> None:
        """Stop following, and disappear."""
        self._watched.over = True
        super().close()  # type: ignore[no-untyped-call]

    def _draw(self) -> None:
        self._handle.job = self._view.job
        self.value = render.html(self._view)
        if self._watched.over and self._display is not None:
            self._display.update(self)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        job = self._view.job
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options) or {}  # type: ignore[no-untyped-call]
        reference = {"id": job.id, "project": job.project, "base_url": self._base_url}
        return bundle | {
            MIME: reference,
            "text/html": render.html(self._view),
            "text/plain": render.text(self._view),
        }
