"""Why something could not be started, and what somebody may have meant instead: the nearest
name on the job's path or among its files.

Standard library only, Python 3.8: this travels into pods, so that all engines say the same.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
from collections.abc import Iterable
from pathlib import Path

_NOT_EXECUTED = {
    errno.EACCES: "{0!r} may not be executed; is it a program, and is its x bit set?",
    errno.ENOEXEC: "{0!r} is no program; a script needs a first line such as #!/bin/sh.",
    errno.E2BIG: "The arguments and environment variables are too long for this system.",
}
_NOT_STARTED = "{0!r} could not be started: {1}."


def not_started(stage: str, number: int, command: str, work: Path, workdir: str | None) -> str:
    """The sentence for a process that got no further than ``stage`` (error ``number``)."""
    if stage == "workdir":
        return f"There is no folder {workdir!r} in the job's files."
    if stage == "log":
        return f"The job's log could not be opened: {os.strerror(number)}."
    if number == errno.ENOENT:
        return no_command(command, work / (workdir or ""))
    return _NOT_EXECUTED.get(number, _NOT_STARTED).format(command, os.strerror(number))


def no_command(command: str, folder: Path) -> str:
    """The sentence for a command that is nowhere, with its nearest match if there is one."""
    if os.sep in command:
        if (folder / command).exists():
            return f"{command!r} can't be started: the program its first line names is not here."
        return no_file(command, folder)
    match = _nearest(command, _programs())
    local = _nearest(command, _files(folder))
    if match is None and local is not None:
        match = f"./{local}"
    return f"There is no command {command!r} here{_hint(match)}"


def no_file(name: str, folder: Path) -> str:
    """The sentence for a file that the job's folder does not have."""
    parent, base = os.path.split(name)
    match = _nearest(base, _files(folder / parent))
    return f"There is no file {name!r} here{_hint(match and name[: len(name) - len(base)] + match)}"


def _hint(match: str | None) -> str:
    return f"; did you mean {match!r}?" if match else "."


def _nearest(name: str, names: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, sorted(set(names)), n=1, cutoff=0.7)), None)


def _files(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return [entry.name for entry in folder.iterdir()]
    return []


def _programs() -> list[str]:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return [name for folder in folders if folder for name in _files(Path(folder))]
