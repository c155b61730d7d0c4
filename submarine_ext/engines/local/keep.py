"""Copy a job's ``outputs`` from its work folder into its artifacts, after it has ended.

Only regular files that really lie in the work folder: no links, no way out of it.

Standard library only: this runs in the launcher, without site-packages.
"""

from __future__ import annotations

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


def _keep(work: Path, artifacts: Path, pattern: str) -> int:
    import glob  # only jobs with outputs pay for these
    import shutil

    kept = 0
    for name in glob.glob(pattern, root_dir=work, recursive=True):  # noqa: PTH207 - follows "**"
        source = work / name
        if source.resolve() != source or not source.is_relative_to(work) or not source.is_file():
            continue
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
