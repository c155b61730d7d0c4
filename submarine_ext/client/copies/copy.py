"""A working copy of a project: what others saved comes, what was changed here goes.

Each file travels only over the version that it was made from. What both sides changed is not
decided here: theirs comes beside mine, and the file is not sent before that one is merged and
removed. Nothing that anybody wrote is lost, whatever is killed when.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from submarine_ext.client.copies.here import Here
from submarine_ext.client.copies.merging import merged
from submarine_ext.client.copies.notes import INCOMING, Notes
from submarine_ext.client.copies.there import There
from submarine_ext.client.files import Files
from submarine_ext.domain.copies import (
    AGAINST_PUSH,
    OF_CHECKOUT,
    OF_PUSH,
    Difference,
    Step,
    step,
)
from submarine_ext.errors import Conflict, Invalid, NotFound, Stale
from submarine_ext.failpoints import reach

#: Acts on a file; a sentence where somebody must do more.
Act = Callable[[Difference], str | None]


class Report(Struct, kw_only=True):
    """What was done, or would be; and, by path, what was not: a sentence with what to do."""

    done: list[Difference] = []
    refused: dict[str, str] = {}


class Copy:
    """The working copy in ``root`` of the project whose ``files`` are given."""

    def __init__(self, root: Path, notes: Notes, files: Files) -> None:
        self.root = root
        self._notes, self._here, self._there = notes, Here(root), There(files)

    @classmethod
    def begin(cls, root: Path, files: Files, created: str) -> Copy:
        """The one in ``root``, made if that is a new or empty folder; ``created`` is the
        project's. Raises Invalid for a folder of anything else.
        """
        root = Path(os.path.realpath(root))
        return cls(root, Notes.begin(root, files.project, created), files)

    @property
    def project(self) -> str:
        """Of which project it is a copy."""
        return self._notes.project

    def status(self) -> Report:
        """What is not the same here and there; ``refused`` is what needs somebody."""
        report = Report()
        with self._notes.locked():
            for each in self._differences(report):
                self._told(report, each, self._why)
        return report

    def checkout(self, *, dry: bool = False, merge: bool = False) -> Report:
        """Bring what others saved; what was changed here stays. ``merge``: what both sides
        changed becomes one where they did not change the same.
        """
        report = Report()
        with self._notes.locked():
            for each in self._differences(report):
                if each.step is Step.REFUSE and merge and not dry:
                    self._told(report, replace(each, step=Step.MERGE), self._merge)
                elif each.step in OF_CHECKOUT:
                    self._told(report, each, self._why if dry else self._bring)
        return report

    def push(self, *, dry: bool = False) -> Report:
        """Send what was changed here, over what it was made from and nothing else."""
        report = Report()
        with self._notes.locked():
            for each in self._differences(report):
                if each.step in OF_PUSH | AGAINST_PUSH:
                    self._told(report, each, self._why if dry else self._send)
        return report

    def _differences(self, report: Report) -> list[Difference]:
        strange: list[str] = []
        mine, marks = self._here.etags(), self._there.marks(strange)
        for path in strange:
            report.refused[path] = f"{path[:80]!r} cannot be here: rename it in the project."
        for beside in filter(None, map(self._unmerged, self._notes.files)):
            mine.pop(beside, None)
        paths = sorted({*self._notes.files, *mine, *marks})
        found = [self._difference(path, mine, marks) for path in paths if self._counts(path, mine)]
        return [each for each in found if each.step is not Step.NOTHING]

    def _counts(self, path: str, mine: dict[str, str]) -> bool:
        """Not what stays at home: that it is not among mine does not mean that it is deleted."""
        if self._here.stays_home(path):
            return False
        return path in mine or not self._here.is_there(path)

    def _difference(self, path: str, mine: dict[str, str], marks: dict[str, str]) -> Difference:
        known, mark = self._notes.files.get(path), marks.get(path)
        theirs = None if mark is None else self._there.etag(path, mark, known)
        base = known.etag if known else None
        found = Difference(path, Step.NOTHING, base, mine.get(path), theirs, mark or "")
        found = replace(found, step=step(base, found.mine, theirs))
        if found.step is Step.NOTHING and (base != found.mine or (known and known.mark != mark)):
            self._note(path, found.mine, found.mark)  # both sides came to the same
        return replace(found, step=Step.FETCH) if self._was_interrupted(found) else found

    # --- from there to here ---------------------------------------------------------------

    def _bring(self, each: Difference) -> str | None:
        """Do what a checkout does about a file; a sentence where somebody must do more."""
        if each.step is Step.DROP:
            assert each.mine is not None, "what is dropped is as it was"
            self._here.remove(each.path, over=each.mine)
            self._note(each.path, None)
        elif each.step is Step.KEEP:
            self._note(each.path, None)
            return self._why(each)
        elif each.step is Step.REFUSE:
            return self._bring_beside(each)
        else:
            self._fetch(each, each.path, over=each.mine)
        return None

    def _was_interrupted(self, each: Difference) -> bool:
        """A first checkout came to this file and no further; somebody has saved it since."""
        if each.step is not Step.REFUSE or each.base is not None or each.mine is None:
            return False
        return self._there.is_version(each.path, each.mine)

    def _merge(self, each: Difference) -> str | None:
        """Both become one in the place of mine, which the project keeps as a version."""
        found = merged(self._there.files, each, self.root / each.path)
        if found is None:
            return self._bring_beside(each)
        body, theirs = found
        incoming = f"{INCOMING}{secrets.token_hex(8)}"
        (self._notes.folder / incoming).write_bytes(body)
        self._here.put(incoming, each.path, sha256(body).hexdigest(), over=each.mine)
        reach("copy-placed")
        self._note(each.path, theirs)
        return None

    def _bring_beside(self, each: Difference) -> str:
        """Theirs beside mine, which from then on counts as made from theirs."""
        path = PurePosixPath(each.path)
        beside = str(path.with_name(f"{path.stem}.theirs-{(each.theirs or '')[:8]}{path.suffix}"))
        before = self._unmerged(each.path)
        self._fetch(each, beside, over=None)
        if before not in (None, beside) and self._here.etag(str(before)) == each.base:
            self._here.remove(str(before), over=str(each.base))  # theirs was made from it
        changed = f"{self._there.who(each.path)} {each.path}, which you changed too."
        return f"{changed} {_merge_first(each.path, beside)}"

    def _fetch(self, each: Difference, to: str, *, over: str | None) -> None:
        incoming = f"{INCOMING}{secrets.token_hex(8)}"
        etag = self._there.receive(each.path, self._notes.folder / incoming)
        reach("copy-received")
        self._here.put(incoming, to, etag, over=over)
        reach("copy-placed")
        self._note(each.path, etag, each.mark, beside=None if to == each.path else to)

    # --- from here to there ---------------------------------------------------------------

    def _send(self, each: Difference) -> str | None:
        """Do what a push does about a file, unless somebody must do something before."""
        if (why := self._why(each)) is not None:
            return why
        files = self._there.files
        if each.step is Step.DELETE:
            files.delete(each.path, if_match=each.base)
            self._note(each.path, None)
            return None
        create = each.base is None
        at = self.root / each.path
        version = files.send(each.path, at, if_match=each.base, create=create)
        reach("copy-sent")
        self._note(each.path, version.etag)
        return None

    # --- what is told and remembered ------------------------------------------------------

    def _why(self, each: Difference) -> str | None:
        """What somebody must know or do about it, and who is concerned; None for nothing."""
        beside = self._unmerged(each.path)
        if each.step in OF_PUSH:
            return beside and _merge_first(each.path, beside)
        if each.step not in _BOTH_CHANGED:
            return None
        return f"{self._there.who(each.path)} {each.path}, {_BOTH_CHANGED[each.step]}"

    def _told(self, report: Report, each: Difference, act: Act) -> None:
        """One file's trouble does not hold up the others."""
        try:
            refused = act(each)
        except Stale as error:
            kept = f" What you sent is kept as version {error.kept}." if error.kept else ""
            refused = f"{self._there.who(each.path)} {each.path} just now: check out first.{kept}"
        except (Conflict, Invalid, NotFound) as error:
            refused = error.detail
        if refused is None:
            report.done.append(each)
        else:
            report.refused[each.path] = refused

    def _unmerged(self, path: str) -> str | None:
        """The file that holds what somebody else saved, while it is there."""
        known = self._notes.files.get(path)
        beside = known.beside if known else None
        return beside if beside is not None and self._here.is_there(beside) else None

    def _note(self, path: str, etag: str | None, mark: str = "", beside: str | None = None) -> None:
        self._notes.write(path, etag, mark, beside or self._unmerged(path))


_BOTH_CHANGED = {
    Step.KEEP: "which you changed: it stays here, and a push makes it anew.",
    Step.BRING: "which you deleted: a checkout brings it back.",
    Step.REFUSE: "which you changed too: a checkout brings theirs beside it, or --merge into it.",
}


def _merge_first(path: str, beside: str) -> str:
    return f"Theirs is in {beside}: merge it into {path}, delete it, then push."
