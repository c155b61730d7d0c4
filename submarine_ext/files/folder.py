"""Which files of a working folder a job needs: ignore files, links, what never travels."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from pathspec import GitIgnoreSpec

from submarine_ext.domain.bundles import MAX_ENTRIES, check_name
from submarine_ext.domain.paths import inside
from submarine_ext.errors import Invalid, TooLarge

IGNORE_FILES = (".gitignore", ".submarineignore")
NEVER = frozenset({".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints"})
_VIRTUALENV = ("pyvenv.cfg", "conda-meta")


class Found(Struct, frozen=True):
    """A file to pack: its name in the bundle, where its content lies, bytes."""

    name: str
    path: Path
    size: int
    executable: bool


def below(root: Path | None, folder: str) -> Path:
    """The folder below the server's root that the lab's file browser names so. Raises Invalid."""
    if root is None:
        raise Invalid("This server has no files of its own to pack.", field="folder")
    path = root / inside(folder, "folder")
    if not path.is_dir() or not path.resolve().is_relative_to(root.resolve()):
        raise Invalid(f"There is no folder {folder[:80]!r} on this server.", field="folder")
    return path


class _Rules(Struct, frozen=True):
    """The ignore files of one folder, and those above it; the nearest that speaks decides."""

    base: Path
    spec: GitIgnoreSpec
    above: _Rules | None = None

    def ignores(self, path: Path, *, folder: bool) -> bool:
        name = path.relative_to(self.base).as_posix() + ("/" if folder else "")
        verdict = self.spec.check_file(name).include
        if verdict is None:
            return self.above.ignores(path, folder=folder) if self.above else False
        return verdict


def scan(folder: Path, left_out: list[str] | None = None) -> list[Found]:
    """All files of ``folder`` that travel, sorted by name.

    ``left_out`` is given the names of what stays at home; a folder's ends with a slash.

    Raises ``Invalid`` for a link that leaves the folder, ``TooLarge`` for too many files.
    """
    root = Path(os.path.realpath(folder))
    found = []
    stays: list[str] = [] if left_out is None else left_out
    for each in _walk(root, root, "", _rules_above(root), [root], stays):
        found.append(each)
        if len(found) > MAX_ENTRIES:
            raise TooLarge(
                f"The folder {folder} holds more than {MAX_ENTRIES} files. Run from the "
                "folder of your code, or name what the job does not need in .submarineignore.",
                field="bundle",
            )
    return sorted(found, key=lambda f: f.name)


def _walk(
    root: Path,
    folder: Path,
    prefix: str,
    above: _Rules | None,
    trail: list[Path],
    stays: list[str],
) -> Iterator[Found]:
    """``trail`` holds the real folders we are inside of, so that a loop of links ends."""
    rules = _rules_of(folder, above)
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda e: e.name)
    for entry in ordered:
        path, name = Path(entry.path), prefix + entry.name
        directory = entry.is_dir()
        if entry.name in NEVER or (rules and rules.ignores(path, folder=directory)):
            stays.append(f"{name}/" if directory else name)
            continue
        if entry.is_symlink() and not _inside(root, path, name):
            continue
        if directory:
            yield from _enter(root, path, name, rules, trail, stays)
        elif entry.is_file():
            yield _file(path, check_name(name))


def _enter(
    root: Path,
    path: Path,
    name: str,
    rules: _Rules | None,
    trail: list[Path],
    stays: list[str],
) -> Iterator[Found]:
    if any((path / mark).exists() for mark in _VIRTUALENV):
        stays.append(f"{name}/")
        return
    real = Path(os.path.realpath(path))
    if real in trail:
        raise Invalid(
            f"{name} is a link to a folder that holds it. Remove it or name it in "
            ".submarineignore.",
            field="bundle",
        )
    yield from _walk(root, path, name + "/", rules, [*trail, real], stays)


def _inside(root: Path, path: Path, name: str) -> bool:
    """Whether a link's content may travel; a link to nothing is left out."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(root):
        raise Invalid(
            f"{name} is a link out of the folder (to {real}). Copy the file here, or name "
            "the link in .submarineignore and read the file by its absolute path.",
            field="bundle",
        )
    return real.exists()


def _file(path: Path, name: str) -> Found:
    status = path.stat()
    return Found(name, path, status.st_size, executable=bool(status.st_mode & 0o100))


def _rules_of(folder: Path, above: _Rules | None) -> _Rules | None:
    lines: list[str] = []
    for name in IGNORE_FILES:
        file = folder / name
        if file.is_file():
            lines += file.read_text(errors="replace").splitlines()
    return _Rules(folder, GitIgnoreSpec.from_lines(lines), above) if lines else above


def _rules_above(root: Path) -> _Rules | None:
    """The ignore files between ``root`` and the top of its git repository, if it has one.

    Where they ignore ``root`` itself they say nothing about what is in it: somebody who
    works in an ignored folder means its files.
    """
    chain = [root, *root.parents]
    top = next((i for i, folder in enumerate(chain) if (folder / ".git").exists()), 0)
    rules = None
    for folder in reversed(chain[1 : top + 1]):
        rules = _rules_of(folder, rules)
    return None if rules is not None and rules.ignores(root, folder=True) else rules


def is_ignored(root: Path, name: str) -> bool:
    """Whether the ignore files in ``root`` leave a file of that name out; it need not exist."""
    rules, folder = _rules_above(root), root
    *above, last = name.split("/")
    for part in above:
        rules = _rules_of(folder, rules)
        folder /= part
        if part in NEVER or (rules and rules.ignores(folder, folder=True)):
            return True
    rules = _rules_of(folder, rules)
    return last in NEVER or bool(rules and rules.ignores(folder / last, folder=False))
