"""What the service knows of an attempt on a machine, whatever connections come and go."""

from __future__ import annotations

from submarine_ext.engines.base import Task
from submarine_ext.engines.remote import keeping
from submarine_ext.engines.remote.frames import Absent, Wanted


class Entry:
    """One attempt. ``ready``: it may begin, for its secrets are here. ``ended``: its end was
    observed and may not be on record yet; ``given_up``: without a word from the machine.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.mark = keeping.mark(task.folder)
        self.ready = False
        self.running = False
        self.stop: float | None = None
        self.ended = False
        self.given_up = False

    @property
    def absent(self) -> Absent:
        """What it means where the machine does not have it."""
        if self.mark is not None and self.mark.began:
            return Absent.LOST
        return Absent.BEGIN if self.ready else Absent.WAIT

    def note(self, machine: str, *, began: bool) -> None:
        """From now on it may have begun at that machine (or it has), and nowhere else."""
        if self.mark is None or (began and not self.mark.began):
            self.mark = keeping.Mark(machine=machine, began=began)
            keeping.set_mark(self.task.folder, self.mark)

    def wanted(self) -> Wanted:
        """What its machine is told. Its secrets only where it may begin."""
        task = self.task
        return Wanted(
            job=task.job,
            attempt=task.attempt,
            owner=task.owner,
            project=task.project,
            spec=task.spec,
            absent=self.absent,
            secrets=task.secrets if self.absent is Absent.BEGIN else {},
            stop=self.stop,
            logs=keeping.log_sizes(task),
            outputs=keeping.output_sizes(task),
        )
