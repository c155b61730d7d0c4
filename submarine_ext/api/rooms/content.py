"""A file's content while several people type into it: a CRDT.

The only module that knows pycrdt and jupyter_ydoc, which come with jupyter-collaboration: it
is imported where a room is opened. It knows neither people nor sockets.

A cell's mark ``trusted`` would run its author's scripts in everybody's browser, so nobody is
ever sent one that is set: what comes, and its correction, leave as one update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_ydoc import YNotebook, YUnicode
from pycrdt import (
    Doc,
    Map,
    TextEvent,
    TransactionEvent,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    merge_updates,
)

from submarine_ext.errors import Invalid

NOTEBOOK = "notebook"


class SharedContent:
    """``tell`` gets every change as a message for everybody."""

    def __init__(self, kind: str, tell: Callable[[bytes], None]) -> None:
        self._doc: Any = Doc()
        self._file: Any = (YNotebook if kind == NOTEBOOK else YUnicode)(self._doc)
        self._tell = tell
        self._updates: list[bytes] = []
        self._typed = self._unsure = False
        self._doc.observe(self._changed)
        self._file.observe(self._noticed)

    def get(self) -> Any:
        """As Jupyter's contents have it. Raises Invalid for what somebody broke."""
        with _told():
            return self._file.get()

    def set(self, content: Any) -> None:
        """Take what the file holds; only what differs is changed."""
        with _told():
            self._file.set(content)
        self._settle()

    def saved(self) -> None:
        """Nobody's lab shows it as unsaved any more."""
        if self._file.dirty:
            self._file.dirty = False
            self._settle()

    def question(self) -> bytes:
        """Asks a newcomer for what is not known here."""
        question: bytes = create_sync_message(self._doc)
        return question

    def answer(self, question: bytes) -> bytes | None:
        """What is not known there. Raises Invalid."""
        with _told():
            answer: bytes | None = handle_sync_message(question[1:], self._doc)
        return answer

    def take(self, message: bytes) -> bool:
        """Apply what somebody typed; whether it changed the content, and not only its state.

        Raises Invalid.
        """
        self._typed = False
        with _told():
            handle_sync_message(message[1:], self._doc)
        self._settle()
        return self._typed

    def _settle(self) -> None:
        """Send what has changed, in one piece."""
        if self._unsure:
            self._distrust()
            self._unsure = False
        updates, self._updates = self._updates, []
        if updates:
            self._tell(create_update_message(merge_updates(*updates)))

    def _changed(self, event: TransactionEvent) -> None:
        self._updates.append(event.update)

    def _noticed(self, target: str, events: Any) -> None:
        if target == "state":
            return
        self._typed = True
        if target == "cells":
            self._unsure = self._unsure or any(map(_may_trust, events))

    def _distrust(self) -> None:
        with self._doc.transaction():
            for cell in self._file.ycells:
                metadata = cell.get("metadata") if isinstance(cell, Map) else None
                if isinstance(metadata, Map) and metadata.get("trusted"):
                    metadata["trusted"] = False


def _may_trust(event: Any) -> bool:
    """Whether it can be about a mark: texts and outputs, which change most often, cannot."""
    return not isinstance(event, TextEvent) and event.path[1:2] != ["outputs"]


@contextmanager
def _told() -> Iterator[None]:
    """Neither package has errors of its own for what it cannot make sense of."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        raise Invalid(f"This is no change of the file: {error!r}"[:100]) from None
