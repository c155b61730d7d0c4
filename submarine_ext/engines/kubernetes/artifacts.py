"""Puts the files that arrive in a pod's log among the task's artifacts.

Pieces gather beside the artifacts; a file appears there when it is complete and has the
SHA-256 that was announced, in one rename. Nothing about a piece is trusted: not its path,
not its order, not its sizes, not how many there are. What is refused is told in a sentence.

The state can be written down after any piece; the same pieces may come again after a crash.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from msgspec import Struct

from submarine_ext.domain.bundles import check_name
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.engines.kubernetes.pod.frames import Piece
from submarine_ext.errors import Invalid

ENTRY = 1024  # bytes that a file and each of its folders count, so that they are bounded
NOTEBOOK_LIMIT = 64 << 20  # the executed notebook always comes back, within reason
MOST_NOTES = 20
KEPT = "only one is kept, the first machine's if it has one."


class State(Struct):
    """The one file that is arriving (``path`` empty: none), and what all have cost so far."""

    path: str = ""
    size: int = 0
    sha256: str = ""
    got: int = 0
    spent: int = 0
    notes: list[str] = []


class Inbox:
    """The files of one pod. ``part`` is a path for the unfinished one; ``limit`` bytes may come
    in all, besides the executed ``notebook``. Only node 0 (``first``) replaces files.
    """

    def __init__(
        self, artifacts: Path, part: Path, *, limit: int, notebook: str | None, first: bool
    ) -> None:
        self._artifacts = artifacts
        self._part = part
        self._limit = limit
        self._notebook = notebook
        self._first = first
        self._ours: set[str] = set()  # what is not another machine's
        self.state = State()

    def take(self, piece: Piece) -> None:
        """One more piece. Raises OSError where this machine cannot write."""
        state = self.state
        if piece.at == 0 and not self._begin(piece):
            state.path = ""
            return
        if (piece.path, piece.size, piece.sha256) != (state.path, state.size, state.sha256):
            return  # of a file that was refused, or whose begin is lost
        if piece.at != state.got or piece.at + len(piece.data) > piece.size:
            self._refuse(piece.path, "its pieces do not fit together")
            return
        self._write(piece)
        state.got += len(piece.data)
        if state.got == state.size:
            self._complete()

    def _begin(self, piece: Piece) -> bool:
        limit = NOTEBOOK_LIMIT if piece.path == self._notebook else self._limit
        cost = piece.size + ENTRY * (1 + piece.path.count("/"))
        try:
            check_name(piece.path)
        except Invalid:
            self._refuse(piece.path, "its name leads out of the job's folder or is none")
            return False
        if self.state.spent + cost > limit + ENTRY:
            self._refuse(piece.path, f"more than {human_bytes(self._limit)} came in the log")
            return False
        self.state.spent += 0 if piece.path == self._notebook else cost
        self.state.path, self.state.size = piece.path, piece.size
        self.state.sha256, self.state.got = piece.sha256, 0
        return True

    def _refuse(self, path: str, why: str) -> None:
        self.state.path = ""
        self.note(f"{path[:100]!r} could not be kept: {why}.")

    def note(self, sentence: str) -> None:
        """Remember a sentence about what was not kept; of very many only the first."""
        notes = self.state.notes
        if len(notes) < MOST_NOTES and sentence not in notes:
            self.state.notes = [*notes, sentence]

    def _write(self, piece: Piece) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._part, flags, 0o600)
        try:
            view = memoryview(piece.data)
            at = piece.at
            while view:
                written = os.pwrite(descriptor, view, at)
                view, at = view[written:], at + written
            if at == piece.size:
                os.ftruncate(descriptor, piece.size)
        finally:
            os.close(descriptor)

    def _complete(self) -> None:
        path, digest = self.state.path, self.state.sha256
        self.state.path = ""
        target = self._artifacts / path
        right = _digest(self._part) == digest
        if not right:
            self._part.unlink(missing_ok=True)
            if _digest(target) != digest:  # else it was complete before a crash
                self._refuse(path, "its content is not what was announced")
            return
        if path not in self._ours and target.is_file() and _digest(target) != digest:
            self.note(f"Several machines left {path[:100]!r}: {KEPT}")
        if not self._first and target.exists():
            self._part.unlink()
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._part.replace(target)
            self._ours.add(path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            self._refuse(path, "a file of that name is in the way")


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
