"""What the commands about working copies do."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from submarine_ext.cli.face import Face
from submarine_ext.client.copies import Copy, Report, default_folder, nearest
from submarine_ext.client.copies.notes import Notes
from submarine_ext.domain.copies import Step
from submarine_ext.errors import Conflict, Invalid

#: In words, what was done or would be.
_WORDS = {
    Step.FETCH: "got",
    Step.BRING: "got back",
    Step.MERGE: "merged, not pushed yet",
    Step.DROP: "removed here",
    Step.SEND: "saved",
    Step.DELETE: "deleted in the project",
}
_WOULD = {
    Step.FETCH: "changed in the project",
    Step.BRING: "changed in the project, deleted here",
    Step.DROP: "deleted in the project",
    Step.SEND: "changed here",
    Step.DELETE: "deleted here",
}


def _checkout(face: Face, options: Namespace) -> None:
    copy = _begun(face, options) if options.project else _found(face, options.folder)
    report = copy.checkout(dry=options.dry_run, merge=options.merge)
    _show(face, report, _WOULD if options.dry_run else _WORDS)
    if not report.done:
        face.say(f"{copy.root} has all that is in {copy.project}.")
    words = face.enter(copy.root)
    if words:
        face.say(words)
    _complain(report)


def _push(face: Face, options: Namespace) -> None:
    copy = _found(face, options.folder)
    report = copy.push(dry=options.dry_run)
    _show(face, report, _WOULD if options.dry_run else _WORDS)
    if not report.done and not report.refused:
        face.say(f"Nothing in {copy.root} has changed.")
    _complain(report)


def _status(face: Face, options: Namespace) -> None:
    copy = _found(face, options.folder)
    report = copy.status()
    _show(face, report, _WOULD)
    if not report.done and not report.refused:
        face.say(f"{copy.root} and the project {copy.project} are the same.")
    for sentence in report.refused.values():
        face.warn(sentence)


def _begun(face: Face, options: Namespace) -> Copy:
    project = face.client.projects.get(options.project)
    named = options.folder and Path(options.folder).expanduser()
    folder = named or default_folder(project.name, Path.cwd())
    return Copy.begin(folder, face.client.files(project.name), project.created)


def _found(face: Face, folder: str | None) -> Copy:
    root = Path(folder).expanduser() if folder else nearest(Path.cwd())
    if root is None:
        raise Invalid(
            f"This is no working copy: name its folder, or make one with `{face.prog} "
            "checkout PROJECT`."
        )
    project = face.client.projects.get(Notes(root).project)
    return Copy.begin(root, face.client.files(project.name), project.created)


def _show(face: Face, report: Report, words: Mapping[Step, str]) -> None:
    for each in report.done:
        face.say(f"{words[each.step]}: {each.path}")


def _complain(report: Report) -> None:
    """What was refused ends the command as an error; the rest is done."""
    if report.refused:
        raise Conflict(" ".join(report.refused.values()))


COMMANDS: dict[str, Callable[[Face, Namespace], None]] = {
    "checkout": _checkout,
    "push": _push,
    "status": _status,
}
