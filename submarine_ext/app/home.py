"""The service's own page, where the Hub's menu leads: who you are here, and where to go."""

from __future__ import annotations

from html import escape

from tornado.web import authenticated

from submarine_ext import __version__
from submarine_ext.api.base import Guard
from submarine_ext.api.problems import Unauthenticated

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>submarine-ext</title></head>
<body><h1>submarine-ext</h1>
<p>The team service, version {version}. You are signed in as <b>{who}</b>.</p>
<p>Your projects and jobs are in the Submarine panel of your JupyterLab.</p></body></html>
"""


class Home(Guard):
    """``/``"""

    async def prepare(self) -> None:  # type: ignore[override]
        """Browsers of strangers are sent to the login."""
        try:
            await self._authenticate()
        except Unauthenticated:
            self.redirect(self.get_login_url())

    @authenticated
    async def get(self) -> None:
        """A page that says who is signed in."""
        _ = self.finish(_PAGE.format(version=escape(__version__), who=escape(self.principal.name)))
