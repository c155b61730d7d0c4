"""What the engine remembers of an attempt, in the attempt's folder.

``kubernetes.json``   where it goes: written before anything is asked of the cluster
``kubernetes.uid``    which object it is; nothing may run before this is written
``kubernetes.begun``  everything is made and the object was let go
``kubernetes.stop``   somebody wants the end, and how many seconds of grace it has
``kubernetes.end``    how it ended, as it was reported

Each file is written by itself, so that two servers on one root never undo what the other
wrote. Nothing secret is in them, and nothing of Kubernetes' own state: that is asked.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from submarine_ext.engines.base import Ended
from submarine_ext.engines.kubernetes import records


class Identity(Struct, frozen=True):
    """As whom the cluster is asked; no user: as the server itself."""

    user: str | None = None
    groups: tuple[str, ...] = ()


class Placement(Struct, frozen=True, kw_only=True):
    """Where an attempt goes, decided once. ``kind`` is the name of a module of ``kinds``;
    ``queue`` the Kueue queue that lets it run, if one does.
    """

    namespace: str
    name: str
    kind: str
    queue: str | None = None
    identity: Identity = Identity()


class Memory:
    """The files of one attempt. Every method may raise OSError; writing waits for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def placement(self) -> Placement | None:
        """Where it goes, if that is decided."""
        known = records.read(self._file("json"))
        return msgspec.json.decode(known, type=Placement) if known else None

    def place(self, placement: Placement) -> Placement:
        """Decide where it goes, unless that is decided: then the first decision stands."""
        known = records.once(self._file("json"), msgspec.json.encode(placement))
        return msgspec.json.decode(known, type=Placement)

    def uid(self) -> str | None:
        """The uid of the one object that may run this attempt."""
        known = records.read(self._file("uid"))
        return known.decode() if known else None

    def made(self, uid: str) -> str:
        """The object exists; answers with the uid of the one that may run: the first."""
        return records.once(self._file("uid"), uid.encode()).decode()

    def begun(self) -> bool:
        """Whether everything was made and let go."""
        return self._file("begun").exists()

    def begin(self) -> None:
        """Everything is made and let go."""
        records.once(self._file("begun"), b"")

    def grace(self) -> float | None:
        """The grace in seconds with which somebody wants the end, None where nobody does."""
        known = records.read(self._file("stop"))
        return float(known) if known else None

    def ask_to_stop(self, grace_seconds: float) -> None:
        """Somebody wants the end."""
        records.write(self._file("stop"), str(grace_seconds).encode())

    def end(self) -> Ended | None:
        """How it ended, where that is known already."""
        known = records.read(self._file("end"))
        return msgspec.json.decode(known, type=Ended) if known else None

    def ended(self, ended: Ended) -> Ended:
        """It is over; answers with the end that stands: the first."""
        known = records.once(self._file("end"), msgspec.json.encode(ended))
        return msgspec.json.decode(known, type=Ended)

    def _file(self, suffix: str) -> Path:
        return self._folder / f"kubernetes.{suffix}"
