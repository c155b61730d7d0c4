"""The job's files on their way into the cluster.

The work folder becomes a gzipped tar, the same bytes for the same files, cut into pieces
that ConfigMaps hold (an object has at most 1 MiB). What is larger than eight of them goes
through a staging area, where one is configured; else it is refused, with what to leave out.

Everything here blocks (disk, compression, staging): call it in a thread.
"""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from msgspec import Struct
from msgspec.structs import replace

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import names, staging
from submarine_ext.engines.kubernetes.cargo import Cargo
from submarine_ext.engines.kubernetes.kinds.base import Kind
from submarine_ext.engines.kubernetes.pod import plan
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.template import timeout
from submarine_ext.errors import Invalid, TooLarge

CHUNK = 900 * 1024
CHUNKS = 8
#: A ConfigMap's content, all keys together, with room for the manifest around it.
MAX_KIT = 1_000_000


class Member(Struct, frozen=True):
    """One file or folder of the work folder. ``size`` in bytes."""

    name: str
    path: Path
    mode: int
    size: int
    folder: bool


def cargo(task: Task, settings: Settings, kind: Kind) -> Cargo:
    """All that travels with the task; its files are staged if they must be.

    Raises TooLarge (``bundle``, ``code``, ``command``) and Invalid, in words for people.
    """
    name = names.of(task.name)
    area = staging.area(settings)
    with tempfile.TemporaryFile() as file:
        members = pack(task.work, file)
        size = file.tell()
        file.seek(0)
        if size <= CHUNK * CHUNKS:
            fetch, parts = staging.NOTHING, list(chunks(file)) if members else []
        elif area is not None:
            fetch, parts = area.send(name, file), []
        else:
            raise too_large(members, size)
    deliver = area.expect(name, task.spec.distributed.nodes) if area else staging.NOTHING
    told = plan.plan(
        replace(task, spec=_as_run(task.spec, settings)),
        grace_seconds=settings.grace_seconds,
        max_framed=settings.max_framed_bytes,
        hosts=kind.hosts(name, task.spec.distributed.nodes),
        fetch=fetch.fetch,
        deliver=deliver.deliver,
    )
    return Cargo(
        name=name,
        parts=parts,
        kit=_within(task, told),
        secrets=_secrets({**task.secrets, **fetch.urls, **deliver.urls}),
        claim=deliver.claim,
    )


def _as_run(spec: JobSpec, settings: Settings) -> JobSpec:
    """What the launcher is to do; with MPI its one process is ``mpirun``."""
    alone = spec.distributed.framework is Framework.MPI
    return replace(
        spec,
        timeout_seconds=timeout(spec, settings),
        distributed=Distributed() if alone else spec.distributed,
    )


def pack(folder: Path, file: IO[bytes]) -> list[Member]:
    """Write ``folder`` as a gzipped tar: sorted, without times, owners or a ``.`` entry."""
    members = sorted(_scan(folder), key=lambda member: member.name)
    zipped = gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
    with (
        zipped,
        tarfile.open(
            fileobj=cast("IO[bytes]", zipped), mode="w", format=tarfile.PAX_FORMAT
        ) as archive,
    ):
        for member in members:
            _add(archive, member)
    return members


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces of which each fits a ConfigMap."""
    while chunk := file.read(CHUNK):
        yield chunk


def too_large(members: list[Member], size: int) -> TooLarge:
    """The refusal: how large, the limit, the largest files and how to leave one out."""
    largest = sorted(members, key=lambda member: -member.size)[:3]
    shown = ", ".join(f"{member.name} ({human_bytes(member.size)})" for member in largest)
    return TooLarge(
        f"The job's files are {human_bytes(size)} packed, and the cluster takes "
        f"{human_bytes(CHUNK * CHUNKS)} without a staging area. The largest: {shown}. Name "
        "what the job does not need in .submarineignore, for example with the line "
        f"/{largest[0].name}, or have an administrator set staging_claim or staging_url.",
        field="bundle",
    )


def _scan(folder: Path) -> Iterator[Member]:
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            status = path.lstat()
            kind = stat.S_IFMT(status.st_mode)
            relative = path.relative_to(folder).as_posix()
            if kind not in (stat.S_IFREG, stat.S_IFDIR):
                raise Invalid(
                    f"{relative[:80]!r} is a link or a device, which cannot travel: put a file "
                    "in its place.",
                    field="bundle",
                )
            executable = status.st_mode & stat.S_IXUSR or kind == stat.S_IFDIR
            yield Member(
                name=relative,
                path=path,
                mode=0o755 if executable else 0o644,
                size=status.st_size if kind == stat.S_IFREG else 0,
                folder=kind == stat.S_IFDIR,
            )


def _add(archive: tarfile.TarFile, member: Member) -> None:
    entry = tarfile.TarInfo(member.name)
    entry.mode = member.mode
    if member.folder:
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
        return
    with member.path.open("rb") as content:
        entry.size = os.fstat(content.fileno()).st_size
        archive.addfile(entry, content)


def _secrets(values: dict[str, str]) -> dict[str, str]:
    """One Secret holds them all."""
    if sum(len(value.encode()) for value in values.values()) > MAX_KIT:
        raise TooLarge(
            f"secrets: together they are longer than the {human_bytes(MAX_KIT)} that a cluster "
            "takes. Name fewer.",
            field="secrets",
        )
    return values


def _within(task: Task, told: bytes) -> dict[str, bytes]:
    """Kit and plan, which one ConfigMap must hold: long cells and commands may not fit."""
    files = {"plan.json": told, **{path: text.encode() for path, text in plan.kit().items()}}
    size = sum(map(len, files.values()))
    if size > MAX_KIT:
        field = "parameters" if task.spec.parameters else task.spec.kind
        raise TooLarge(
            f"{field} is too long for the cluster: {human_bytes(size)} with what runs it, "
            f"and {human_bytes(MAX_KIT)} fit. Put it into a file of the job's folder.",
            field=field,
        )
    return files
