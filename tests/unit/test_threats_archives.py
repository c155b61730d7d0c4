"""Archives made to harm who reads them (threat B13): refused early, in little memory.

Catches the mutant ``tarinfo=tarfile.TarInfo`` in ``files.bundles``: Python's own reader takes
a long name into memory whole, whatever length it claims.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc

import pytest

from submarine_ext.domain.archives import LONGEST, Header
from submarine_ext.domain.bundles import MAX_ENTRIES
from submarine_ext.errors import Invalid, TooLarge
from submarine_ext.files.bundles import check_archive

CLAIMED = 64 << 20


def header(name: str, kind: bytes, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, size
    return entry.tobuf(tarfile.GNU_FORMAT)


def packed(*parts: bytes) -> io.BytesIO:
    return io.BytesIO(gzip.compress(b"".join(parts), compresslevel=1))


def long_name(kind: bytes) -> io.BytesIO:
    """A few KiB that are ``CLAIMED`` bytes of a file's description."""
    return packed(header("x", kind, CLAIMED), bytes(CLAIMED), header("a", tarfile.REGTYPE, 0))


KINDS = [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]


def memory_of_reading(archive: io.BytesIO, tarinfo: type[tarfile.TarInfo]) -> int:
    """The most bytes that it takes."""
    tracemalloc.start()
    try:
        with tarfile.open(fileobj=archive, mode="r|gz", tarinfo=tarinfo) as tar:
            list(tar)
    except tarfile.TarError:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def test_a_description_of_any_length_takes_little_memory() -> None:
    assert memory_of_reading(long_name(tarfile.XHDTYPE), Header) < 8 * LONGEST
    assert memory_of_reading(long_name(tarfile.XHDTYPE), tarfile.TarInfo) > CLAIMED  # the mutant


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_with_such_a_description_is_refused(kind: bytes) -> None:
    with pytest.raises(Invalid, match="too long"):
        check_archive(long_name(kind))


def test_a_file_that_is_described_a_thousand_times_is_refused() -> None:
    name = header("x", tarfile.GNUTYPE_LONGNAME, 2) + b"a\0".ljust(512, b"\0")
    with pytest.raises(Invalid, match="described too often"):
        check_archive(packed(name * 5000, header("a", tarfile.REGTYPE, 0)))


def test_the_same_folder_ever_again_counts_each_time() -> None:
    """Catches the mutant that counts names: a bundle of nothing but ``./a`` never ended."""
    with pytest.raises(TooLarge):
        check_archive(packed(header("a", tarfile.DIRTYPE, 0) * (MAX_ENTRIES + 1)))


def test_sizes_below_nothing_do_not_pay_for_others() -> None:
    record = b"14 size=-5000\n"
    pax = header("x", tarfile.XHDTYPE, len(record)) + record.ljust(512, b"\0")
    with pytest.raises(Invalid):
        check_archive(packed(pax, header("a", tarfile.REGTYPE, 0), bytes(1024)))
