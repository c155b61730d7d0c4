"""The way in: one server, one credential, its resources.

::

    client = Client()                      # finds the server by itself
    job = client.run(script="train.py")    # with the working folder
    job.wait(show=print)
    client.projects.share("vision", "bob", "editor")
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import msgspec

from submarine_ext.client.answers import pages, received
from submarine_ext.client.discovery import Server
from submarine_ext.client.files import Files
from submarine_ext.client.handle import JobHandle
from submarine_ext.client.jobs import Jobs, spec_from
from submarine_ext.client.projects import Projects
from submarine_ext.client.secrets import Secrets
from submarine_ext.client.teams import Teams
from submarine_ext.client.transport import connect
from submarine_ext.client.users import Users
from submarine_ext.domain.events import AuditEntry
from submarine_ext.domain.jobs import Job, JobSpec
from submarine_ext.domain.people import Me
from submarine_ext.engines.base import Check, EngineInfo
from submarine_ext.files.packing import Bundle, packed


class Client:
    """A connection to submarine-ext in a Jupyter server; see :mod:`.discovery` for which.

    ``project`` is meant where a call names none; see :attr:`project`. Raises ``Unavailable``
    where no server runs, ``NotFound`` where it lacks the extension.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, *, project: str | None = None
    ) -> None:
        self._transport = connect(url, token)
        self._project = project
        self._personal: str | None = None
        self.jobs = Jobs(self._transport, JobHandle, self._chosen)
        self.projects = Projects(self._transport, self._chosen)
        self.teams = Teams(self._transport)
        self.users = Users(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections; jobs go on."""
        self._transport.close()

    @property
    def server(self) -> Server:
        """The server that was found."""
        return self._transport.server

    @property
    def project(self) -> str:
        """The project that is meant where none is named: the one that was set here, else the
        environment's ``SUBMARINE_PROJECT`` (set in a project's kernels and jobs), else our
        personal one, which is asked for once. Setting None goes back to those.
        """
        return self._chosen()

    @project.setter
    def project(self, name: str | None) -> None:
        self._project = name

    def me(self) -> Me:
        """Who the server says we are, what we may do, and what we use of our quota."""
        return received(self._transport.get("me").json(), Me)

    def engines(self) -> list[EngineInfo]:
        """Where jobs can run, with health and load."""
        return _engines(self._transport.get("engines"))

    def checks(self, engine: str) -> list[Check]:
        """How an engine was set up, in the order in which to repair it (admins; others get
        ``Forbidden``). Raises ``NotFound``, ``Unavailable``.
        """
        answer = self._transport.get(f"engines/{quote(engine, safe='')}/checks").json()
        return [received(item, Check) for item in answer["items"]]

    def files(self, project: str | None = None) -> Files:
        """The shared files of a project, and their history."""
        return Files(self._transport, project or self.project)

    def secrets(self, project: str | None = None) -> Secrets:
        """The secrets of a project."""
        return Secrets(self._transport, project or self.project)

    def audit(self, project: str | None = None, **filters: Any) -> Iterator[AuditEntry]:
        """Who did what, newest first, all pages: in a project (its owners, admins), or, where
        ``project`` is None, on the whole server (admins; others get ``Forbidden``).

        Filters: ``actor``, ``action``, ``object``, and ``limit``, the size of a page.
        """
        yield from pages(self._transport, "audit", AuditEntry, project=project, **filters)

    def watch(self, job_id: str) -> Iterator[Job]:
        """A job now and after each change, up to its end."""
        return self.jobs.watch(job_id)

    def run(
        self,
        spec: JobSpec | None = None,
        *,
        folder: Path | str | None = ".",
        project: str | None = None,
        warn: Callable[[str], object] = lambda _: None,
        **fields: Any,
    ) -> JobHandle:
        """Submit a spec together with a working folder (None: without one).

        On the local engine it runs under this interpreter, so that the job finds the same
        packages. ``warn`` is called with sentences about large files.
        """
        body = {**msgspec.to_builtins(spec), **fields} if spec is not None else dict(fields)
        body.setdefault("environment", self._environment(body.get("engine")))
        if folder is None:
            return self._submit(body, project)
        with packed(Path(folder)) as bundle:
            for sentence in bundle.warnings:
                warn(sentence)
            return self._submit({**body, "bundle": bundle.sha256}, project, bundle)

    def _submit(
        self, body: dict[str, Any], project: str | None, bundle: Bundle | None = None
    ) -> JobHandle:
        """Nothing is sent before the spec is known to be sound."""
        spec = spec_from(body)
        if bundle is not None:
            self.upload(bundle)
        return self.jobs.submit(spec, project=project)

    def upload(self, bundle: Bundle) -> str:
        """Send a bundle unless the server has it; its hash."""
        path = f"bundles/{bundle.sha256}"
        if self._transport.send("HEAD", path, accept=(404,)).status_code == 404:
            self._transport.upload(path, bundle.file, {"Content-Type": "application/gzip"})
        return bundle.sha256

    def _chosen(self) -> str:
        if name := self._project or os.environ.get("SUBMARINE_PROJECT") or self._personal:
            return name
        self._personal = self.me().personal_project
        return self._personal

    def _environment(self, engine: str | None) -> str | None:
        """Our own interpreter, where it exists on the engine's machine and is not the default.

        A server that is connected to a team service has no engines of its own: ``Via`` says so.
        """
        if not self.server.local:
            return None
        answer = self._transport.get("engines")
        if "submarine-ext" in answer.headers.get("Via", ""):
            return None
        engines = _engines(answer)
        default = engines[0].name if engines else None
        for info in engines:
            if info.python and info.name == (engine or default):
                return None if _same_python(info.python) else sys.executable
        return None


def _engines(answer: httpx.Response) -> list[EngineInfo]:
    return [received(item, EngineInfo) for item in answer.json()["items"]]


def _same_python(other: str) -> bool:
    """Equal folders count, not equal files: environments link to one interpreter."""
    mine, theirs = Path(sys.executable), Path(other)
    return mine.parent.resolve() == theirs.parent.resolve() and mine.resolve() == theirs.resolve()
