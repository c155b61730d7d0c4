"""A notebook, or a terminal's IPython, as a face: results as outputs of the cell."""

from __future__ import annotations

import os
import shlex
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from IPython.core.error import StdinNotImplementedError
from rich.console import Console

from submarine_ext.cli.commands import execute
from submarine_ext.cli.face import Face
from submarine_ext.cli.grammar import parse
from submarine_ext.cli.parsing import HelpAsked
from submarine_ext.client.client import Client
from submarine_ext.client.handle import JobHandle
from submarine_ext.errors import Invalid, SubmarineError, Unavailable
from submarine_ext.magics.completion import completions
from submarine_ext.magics.known import known


class Refusal(Exception):
    """Ends the cell with one plain sentence instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Notebook(Face):
    """The face of one IPython shell. Its client is found on first use."""

    prog = "%submarine"

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._client: Client | None = None
        self._feed: Any = None
        self._fresh: tuple[JobHandle, int] | None = None
        self.console = Console(
            force_jupyter=False,
            force_terminal=False,
            color_system="standard" if self.live else None,  # an output shows colours, too
            width=120,
            markup=False,
            highlight=False,
        )
        if self.live:
            formatter = shell.display_formatter.ipython_display_formatter
            formatter.for_type(JobHandle, self._display)

    @property
    def live(self) -> bool:
        """Whether there is a kernel, so that somebody may show widgets."""
        return hasattr(self._shell, "kernel")

    @property
    def client(self) -> Client:
        """Connected on first use, and again after the server went away."""
        if self._client is None:
            self._client = Client()
        return self._client

    def execute(self, line: str, cell: str | None) -> JobHandle | None:
        """One magic; errors end the cell with a sentence."""
        try:
            return self._execute(line, cell)
        except HelpAsked as asked:
            self.write(f"{asked}\n")
            return None
        except Unavailable as error:
            self._client = self._feed = None
            raise Refusal(error.detail) from None
        except SubmarineError as error:
            raise Refusal(error.detail) from None
        except OSError as error:
            raise Refusal(str(error)) from None
        except KeyboardInterrupt:
            raise Refusal("Interrupted; jobs go on. `%submarine stop ID` stops one.") from None

    def complete(self, before: str, symbol: str) -> list[str]:
        """Words that can stand where the cursor is."""
        return completions(before.split("%submarine", 1)[1], symbol, self._known)

    def launched(self, job: JobHandle) -> None:
        """A widget, where there can be one."""
        if not self.live:
            self.write(f"{job!r}\n")
            return
        self._show(job)
        self._fresh = job, self._shell.execution_count

    watch = launched

    def wait(self, job: JobHandle) -> None:
        """Until it is over; the widget, or the lines of progress, move meanwhile."""
        job.wait(show=None if self.live else lambda line: self.write(f"{line}\n"))

    def use(self, project: str | None) -> str:
        """For this kernel: also its own Clients and the commands that it starts with ``!``."""
        if project is None:
            os.environ.pop("SUBMARINE_PROJECT", None)
        else:
            os.environ["SUBMARINE_PROJECT"] = project
        return "as long as this kernel runs"

    def enter(self, folder: Path) -> str | None:
        """At the end of the path: a project's ``json.py`` must not take the place of Python's."""
        if str(folder) in sys.path:
            return None
        sys.path.append(str(folder))
        return "This kernel imports its modules."

    def ask_secret(self, name: str, *, stdin: bool) -> str:
        """Asked by the frontend, which does not show what is typed; no output has it."""
        if stdin:
            raise Invalid("--stdin is for terminals: leave it out, and you are asked here.")
        try:
            return getpass(f"{name}: ")
        except StdinNotImplementedError:
            raise Invalid("This notebook cannot ask you: use a terminal.") from None

    def _execute(self, line: str, cell: str | None) -> JobHandle | None:
        try:
            options = parse(self.prog, shlex.split(line))
        except ValueError as error:
            raise Invalid(f"This line cannot be read: {error}.") from None
        if cell is not None and options.command != "run":
            raise Invalid(f"%%submarine runs a cell; for {options.command} use one %.")
        return execute(self, options, cell)

    def _display(self, job: JobHandle) -> None:
        """A handle as a cell's result: the widget, unless this cell has just shown it."""
        if self._fresh != (job, self._shell.execution_count):
            self._show(job)

    def _show(self, job: JobHandle) -> None:
        from submarine_ext.widgets.feed import Feed
        from submarine_ext.widgets.job import JobWidget

        self._feed = self._feed or Feed(self.client.server)
        JobWidget(self.client, job).show(self._feed)

    def _known(self, what: str, start: str) -> list[str]:
        try:
            return known(self.client, what, start)
        except SubmarineError:
            return []
