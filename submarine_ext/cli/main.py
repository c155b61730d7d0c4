"""The ``submarine`` command.

Exit status: 0; 1 for an error, or a job that was waited for and did not succeed; 2 where
the command line could not be understood; 130 after Ctrl-C, which never stops a job.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import cached_property

from rich.console import Console

from submarine_ext.cli import live
from submarine_ext.cli.commands import execute
from submarine_ext.cli.face import Face, harmless
from submarine_ext.cli.grammar import parse
from submarine_ext.cli.parsing import HelpAsked
from submarine_ext.client.client import Client
from submarine_ext.client.handle import JobHandle
from submarine_ext.domain.jobs import JobState
from submarine_ext.errors import SubmarineError


class Terminal(Face):
    """Results on standard output."""

    prog = "submarine"

    def __init__(self) -> None:
        self._kept = ExitStack()
        self.console = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)

    @cached_property
    def client(self) -> Client:
        """Connected on first use, and let go of by ``close``."""
        return self._kept.enter_context(Client())

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
