"""What a job leaves in a staging area is its own, and made to harm who fetches it (B22, C9).

The volume is the same for all jobs, and where jobs run as this server's own user they can put
anything in the place of their folder's parts.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from submarine_ext.domain.bundles import MAX_ENTRIES
from submarine_ext.engines.kubernetes import staging
from submarine_ext.engines.kubernetes.settings import Settings


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


def settings(volume: Path) -> Settings:
    return Settings(staging_claim="scratch", staging_path=str(volume))


def out(volume: Path, name: str) -> Path:
    """The folder in which the nodes of a job deliver."""
    place = staging.area(settings(volume))
    assert place is not None
    place.expect(name, 1)
    return volume / name / "out"


def archive(*entries: tarfile.TarInfo, body: bytes = b"") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for entry in entries:
            tar.addfile(entry, io.BytesIO(body))
    return content.getvalue()


def named(name: str, size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry


def brought(volume: Path, name: str, into: Path) -> list[str]:
    into.mkdir(exist_ok=True)
    return staging.bring(settings(volume), name, into)


def test_a_pipe_in_a_deliverys_place_is_not_waited_at(volume: Path, tmp_path: Path) -> None:
    """Catches the mutant without ``O_NONBLOCK``: the job would never end, nor the server."""
    os.mkfifo(out(volume, "mine") / "node-0.tar.gz")
    assert brought(volume, "mine", tmp_path / "got") == [
        "Outputs of node-0 could not be unpacked: it is no file."
    ]


def test_a_link_in_the_folders_place_does_not_lead_to_anothers_outputs(
    volume: Path, tmp_path: Path
) -> None:
    """Catches the mutant that opens ``out / name`` with ``O_NOFOLLOW`` for the last part only."""
    theirs = out(volume, "theirs") / "node-0.tar.gz"
    theirs.write_bytes(archive(named("model", 6), body=b"theirs"))
    mine = out(volume, "mine")
    mine.rmdir()
    mine.symlink_to(theirs.parent)
    (problem,) = brought(volume, "mine", tmp_path / "got")
    assert problem.startswith("Outputs of node-0 could not be unpacked")
    assert list((tmp_path / "got").iterdir()) == []
    assert theirs.exists()  # and what went, was not theirs


def sparse() -> bytes:
    """An empty file that claims to be an exbibyte of nothing."""
    entry = tarfile.TarInfo("huge")
    entry.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    block[483:495] = b"7" * 11 + b"\0"  # its real size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return gzip.compress(bytes(block) + bytes(1024))


def pax_bomb() -> bytes:
    entry = named("x", 64 << 20)
    entry.type = tarfile.XHDTYPE
    return gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + bytes(64 << 20), compresslevel=1)


HOSTILE = {
    "sparse": (sparse, "sparse"),
    "a long description": (pax_bomb, "too long"),
    "many files": (
        lambda: archive(*(named(str(n)) for n in range(MAX_ENTRIES + 1))),
        f"more than {MAX_ENTRIES} files",
    ),
    "no archive": (lambda: b"\x1f\x8b" + bytes(99), "could not be unpacked"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_told_of_and_the_job_ends(
    kind: str, volume: Path, tmp_path: Path
) -> None:
    """Catches the mutant that catches ``tarfile.TarError`` only: the end would never come."""
    make, words = HOSTILE[kind]
    (out(volume, "mine") / "node-0.tar.gz").write_bytes(make())
    (problem,) = brought(volume, "mine", tmp_path / "got")
    assert words in problem
    assert not (tmp_path / "got" / "huge").exists()
    assert not (volume / "mine").exists()  # nothing of it stays
