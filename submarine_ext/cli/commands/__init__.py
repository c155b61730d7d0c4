"""What each command does, the same for the magics and the ``submarine`` command.

A command takes a face and its options and gives back what a program would want of it: a
``JobHandle``, or nothing.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from submarine_ext.cli.commands import copies, doctor, files, jobs, people, projects
from submarine_ext.cli.commands.missing import explained
from submarine_ext.cli.face import Face
from submarine_ext.client.handle import JobHandle
from submarine_ext.errors import NotFound

COMMANDS: dict[str, Callable[[Face, Namespace], JobHandle | None]] = {
    **jobs.COMMANDS,
    **projects.COMMANDS,
    **files.COMMANDS,
    **copies.COMMANDS,
    **people.COMMANDS,
    **doctor.COMMANDS,
}


def execute(face: Face, options: Namespace, cell: str | None = None) -> JobHandle | None:
    """Do what was asked. Raises the errors of :mod:`submarine_ext.errors`."""
    try:
        if options.command == "run":
            return jobs.run(face, options, cell)
        return COMMANDS[options.command](face, options)
    except NotFound as error:
        raise explained(face, options, error) from None
