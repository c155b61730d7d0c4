"""A job live in a terminal: its log scrolls, its state and progress stay below it.

Where the output is not a terminal, the same as plain lines: a line a second at most for
progress, one for each new state.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from submarine_ext.cli.face import harmless
from submarine_ext.client.handle import JobHandle
from submarine_ext.client.words import MARKS, sentence
from submarine_ext.domain.jobs import Job

Story = Iterator[Job | str | None]
EVERY = 1.0  # seconds between lines of progress where nothing can be drawn over


def show(console: Console, job: JobHandle, story: Story) -> None:
    """Follow the story to its end; the handle knows the last of it."""
    if console.is_terminal:
        _drawn(console, job, story)
    else:
        _printed(console, job, story)


def _drawn(console: Console, job: JobHandle, story: Story) -> None:
    columns = TextColumn("{task.description}", markup=False), BarColumn(bar_width=24)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(_line(job.job), total=None)
        rest = ""
        for piece in story:
            if isinstance(piece, Job):
                job.job = piece
                _move(progress, task, piece)
            elif piece:
                *lines, rest = (rest + piece).split("\n")
                for line in lines:
                    progress.console.print(Text.from_ansi(harmless(line)))
    if rest:
        console.print(Text.from_ansi(harmless(rest)))
    console.print(Text(_line(job.job)))


def _move(progress: Progress, task: TaskID, job: Job) -> None:
    fraction = job.progress.fraction if job.progress else None
    progress.update(
        task,
        description=_line(job),
        total=None if fraction is None else 1.0,
        completed=fraction or 0.0,
    )


def _printed(console: Console, job: JobHandle, story: Story) -> None:
    state, at, fresh = None, 0.0, True
    for piece in story:
        if isinstance(piece, Job):
            job.job = piece
            news = piece.state != state or time.monotonic() - at >= EVERY
            if fresh and news and not piece.state.terminal:  # the end is the last line
                console.file.write(_line(piece) + "\n")
                state, at = piece.state, time.monotonic()
        elif piece:
            console.file.write(harmless(piece))
            fresh = piece.endswith("\n")
        console.file.flush()
    if state != job.job.state:
        console.file.write(("" if fresh else "\n") + _line(job.job) + "\n")


def _line(job: Job) -> str:
    return harmless(f"{MARKS[job.state]} {job.id} {job.name}: {sentence(job)}")
