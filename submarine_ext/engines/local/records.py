"""The files by which a supervisor and the servers meet in an attempt's folder.

``claim``      whoever creates it begins the attempt: at most one supervisor ever does
``stop``       somebody wants the end, and how long it may take
``exit.json``  how it ended; absent while the supervisor lives, and for ever if it was killed

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

CLAIM, STOP, EXIT = "claim", "stop", "exit.json"


def start_ticks(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None if there is none (or no /proc).

    With the pid it names one process for ever. Field 22 of ``/proc/PID/stat`` (proc(5)).
    """
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def running(pid: int, start: int | None) -> bool:
    """Whether that very process is alive: a zombie is not, nor another with its pid."""
    if start is None:  # no /proc where the claim was written: the pid is all we have
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return True
        return False
    fields = _stat(pid)
    return fields is not None and int(fields[19]) == start and fields[0] not in ("Z", "X")


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def boot() -> str:
    """A name for this run of the machine: pids and ticks mean nothing after a restart."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def claim(folder: str, content: dict[str, Any]) -> bool:
    """Take the attempt for this process; False if another has.

    It stands whatever is killed from now on; :func:`settle` makes it outlive a power cut.

    A hard link is made or refused as a whole, as ``O_EXCL`` would, but a reader never
    sees a claim without its content. Raises OSError where nothing can be written.
    """
    draft = f"{folder}/{CLAIM}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, json.dumps(content).encode())
        os.link(draft, f"{folder}/{CLAIM}")
    except FileExistsError:
        return False
    finally:
        os.close(fd)
        Path(draft).unlink()
    return True


def settle(folder: str) -> None:
    """Make a claim durable. Two disk writes, so not before the user's process has begun."""
    fd = os.open(f"{folder}/{CLAIM}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(folder)


def write(folder: str, name: str, content: dict[str, Any]) -> None:
    """Write a record so that readers see none or all of it, also after a power cut."""
    draft = f"{folder}/{name}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, json.dumps(content).encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    Path(draft).replace(f"{folder}/{name}")
    sync_folder(folder)


def read(folder: str | Path, name: str) -> dict[str, Any] | None:
    """A record's content, None where there is none."""
    try:
        content = json.loads(Path(folder, name).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def sync_folder(folder: str) -> None:
    """Make names in the folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
