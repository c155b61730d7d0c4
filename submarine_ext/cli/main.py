"""The ``submarine`` command.

Exit status: 0; 1 for an error, or a job that was waited for and did not succeed; 2 where
the command line could not be understood; 130 after Ctrl-C, which never stops a job.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import cached_property
from getpass import getpass

from rich.console import Console

from submarine_ext.cli import choice, live
from submarine_ext.cli.commands import execute
from submarine_ext.cli.face import Face, harmless
from submarine_ext.cli.grammar import parse
from submarine_ext.cli.parsing import HelpAsked
from submarine_ext.client.client import Client
from submarine_ext.client.handle import JobHandle
from submarine_ext.domain.jobs import JobState
from submarine_ext.errors import Invalid, SubmarineError


class Terminal(Face):
    """Results on standard output."""

    prog = "submarine"

    def __init__(self) -> None:
        self._kept = ExitStack()
        self.console = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)

    @cached_property
    def client(self) -> Client:
        """Connected on first use, and let go of by ``close``."""
        project = os.environ.get("SUBMARINE_PROJECT") or choice.kept()
        return self._kept.enter_context(Client(project=project))

    def close(self) -> None:
        """The command is done."""
        self._kept.close()

    def launched(self, job: JobHandle) -> None:
        """Its id, and what to do with it."""
        self.write(f"{job.id} {job.name}: {job.job.state} — submarine watch {job.id}\n")

    def watch(self, job: JobHandle) -> None:
        """State, progress and log, to the end."""
        live.show(self.console, job, self.client.jobs.story(job.id))

    wait = watch

    def use(self, project: str | None) -> str:
        """Kept for all command lines of this user."""
        choice.keep(project)
        named = os.environ.get("SUBMARINE_PROJECT")
        if named:
            self.warn(f"here SUBMARINE_PROJECT goes first, which is {named}.")
        self.client.project = project
        return "wherever you type submarine"

    def ask_secret(self, name: str, *, stdin: bool) -> str:
        """Typed blindly, or all of standard input without a closing line feed."""
        if stdin:
            return sys.stdin.read().removesuffix("\n")
        if not sys.stdin.isatty():
            raise Invalid("Nobody can be asked for the value: add --stdin and send it there.")
        return getpass(f"{name}: ")

    def confirm(self, question: str) -> bool:
        """``y`` or ``yes``, at a terminal."""
        if not sys.stdin.isatty():
            return super().confirm(question)
        return input(f"{harmless(question)} Go on? [y/N] ").strip().lower() in ("y", "yes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit status."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    with closing(Terminal()) as face:
        return _serve(face, tokens)


def _serve(face: Terminal, tokens: Sequence[str]) -> int:
    try:
        options = parse(face.prog, tokens)
    except HelpAsked as asked:
        face.write(f"{asked}\n")
        return 0
    except SubmarineError as error:
        return _complain(error.detail, 2)
    return _execute(face, options)


def _execute(face: Terminal, options: Namespace) -> int:
    try:
        job = execute(face, options)
    except SubmarineError as error:
        return _complain(error.detail, 1)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone: nobody is left to complain to
        return 1
    except OSError as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:
        return _complain("Interrupted; jobs go on. `submarine stop ID` stops one.", 130)
    waited = options.command == "watch" or getattr(options, "wait", False)
    return int(waited and job is not None and job.job.state is not JobState.SUCCEEDED)


def _complain(sentence: str, status: int) -> int:
    sys.stderr.write(harmless(sentence) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
