"""Copy a job's ``outputs`` from its work folder into its artifacts, after it has ended.

Only regular files that really lie in the work folder: no links, no way out of it.

Standard library only: this runs in the launcher, without site-packages; what globs mean
(:func:`matches`) is the same in pods, whose Python may be 3.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def outputs(work: str, artifacts: str, patterns: list[str]) -> list[str]:
    """Copy what the globs match; answers with a sentence for each that could not be kept."""
    problems = []
    for pattern in patterns:
        try:
            if not _keep(Path(work).resolve(), Path(artifacts), pattern):
                problems.append(f"No file matched {pattern!r}.")
        except OSError as error:
            problems.append(f"{pattern!r} could not be kept: {error.strerror}.")
    return problems


def matches(work: Path, pattern: str) -> Iterator[Path]:
    """The regular files that a glob means, as they lie in ``work`` (a resolved path)."""
    import glob  # only jobs with outputs pay for it

    for name in glob.glob(f"{glob.escape(str(work))}/{pattern}", recursive=True):  # noqa: PTH207 - follows "**"
        source = Path(name)
        if source.resolve() == source and work in source.parents and source.is_file():
            yield source


def _keep(work: Path, artifacts: Path, pattern: str) -> int:
    import shutil  # only jobs with outputs pay for it

    kept = 0
    for source in matches(work, pattern):
        target = artifacts / source.relative_to(work)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            shutil.copyfile(source, target)
        except OSError:
            target.unlink(missing_ok=True)  # half a file would pass for a whole one
            raise
        kept += 1
    return kept
