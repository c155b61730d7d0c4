"""What a command needs of whoever shows its results: a terminal, or a notebook."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from rich.console import Console, RenderableType

from submarine_ext.client.client import Client
from submarine_ext.client.handle import JobHandle
from submarine_ext.errors import Invalid

# Whatever a log holds, it may colour a terminal (SGR) but not steer it.
_STEERING = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-9;?]*[@-ln-~]|\x1b[^\[]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)


class Face(ABC):
    """One way to show things. ``prog`` is how commands are written here."""

    prog: ClassVar[str]
    console: Console

    @property
    @abstractmethod
    def client(self) -> Client:
        """The client, connected on first use."""

    @abstractmethod
    def launched(self, job: JobHandle) -> None:
        """Show a job that has just begun."""

    @abstractmethod
    def watch(self, job: JobHandle) -> None:
        """Show a job live; ``wait`` says whether it is over on return."""

    @abstractmethod
    def wait(self, job: JobHandle) -> None:
        """Show a job live until it is over."""

    @abstractmethod
    def use(self, project: str | None) -> str:
        """Mean this project where none is named (None: our own); in words, how long."""

    def enter(self, folder: Path) -> str | None:
        """A working copy lies there: make its modules importable; in words, where that counts."""
        return None

    @abstractmethod
    def ask_secret(self, name: str, *, stdin: bool) -> str:
        """A secret's value, typed without being shown, or from standard input."""

    def sure(self, question: str, *, yes: bool) -> None:
        """Return only if somebody means it. Raises ``Invalid`` where nobody said so."""
        if not yes and not self.confirm(question):
            raise Invalid("Nothing was done.")

    def confirm(self, question: str) -> bool:
        """Ask. Where nobody can be asked, raises ``Invalid`` that says what to write."""
        raise Invalid(f"{question} Add --yes to do it.")

    def say(self, sentence: str) -> None:
        """What was done, on a line."""
        self.write(f"{sentence}\n")

    def show(self, what: RenderableType) -> None:
        """A table or a line."""
        self.console.print(what)

    def write(self, text: str) -> None:
        """Text as it is, but for what would steer a terminal."""
        self.console.file.write(harmless(text))
        self.console.file.flush()

    def warn(self, sentence: str) -> None:
        """Something to know, that is no error."""
        self.write(f"Note: {sentence}\n")


def harmless(text: str) -> str:
    """Text that can colour a terminal and nothing else."""
    return _STEERING.sub("", text)
