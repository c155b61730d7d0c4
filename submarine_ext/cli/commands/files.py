"""What the commands about files, history, secrets and the audit log do."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from submarine_ext.cli import tables
from submarine_ext.cli.comparison import diff_text
from submarine_ext.cli.face import Face
from submarine_ext.domain.events import AuditEntry
from submarine_ext.domain.quantities import human_bytes
from submarine_ext.domain.versions import Version
from submarine_ext.errors import Invalid


def _files(face: Face, options: Namespace) -> None:
    files = face.client.files(options.project)
    if options.trash:
        found = tables.table("path", "deleted", "by", "version", "size")
        for one in files.trash():
            deleted = f"{tables.age(one.deleted)} ago"
            tables.row(found, one.path, deleted, one.by, one.version, human_bytes(one.size))
        face.show(found)
        if found.row_count:
            face.say(f"`{face.prog} history PATH --restore VERSION` brings one back.")
        return
    found = tables.table("name", "changed", "size")
    for file in files.list(options.path):
        folder = "/" if file.type == "directory" else ""
        changed = f"{tables.age(file.last_modified)} ago" if file.last_modified else ""
        size = "" if file.size is None or folder else human_bytes(file.size)
        tables.row(found, file.name + folder, changed, size)
    if found.row_count:
        face.show(found)
    else:
        face.say("No files here yet.")


def _history(face: Face, options: Namespace) -> None:
    files, path = face.client.files(options.project), options.path
    if options.diff:
        if len(options.diff) > 2:
            raise Invalid("--diff takes one version or two.")
        face.show(diff_text(files.diff(path, *options.diff)))
    elif options.restore:
        files.restore(path, options.restore)
        face.say(f"{path} is as in version {options.restore} again; what it was is a version.")
    elif options.name:
        version, text = options.name
        named = files.name(path, text or None, version=version)
        face.say(f"Version {version} is called {named.message!r}." if text else "It has no name.")
    else:
        face.show(_versions(files.history(path)))


def _versions(versions: list[Version]) -> Any:
    found = tables.table("", "version", "age", "author", "what", "size", "jobs")
    for one in reversed(versions):
        what = f"{one.kind}: {one.message}" if one.message else str(one.kind)
        jobs = str(len(one.jobs)) if one.jobs else ""
        who = ", ".join([one.author, *one.coauthors])
        cells = (tables.age(one.last_modified), who, what, human_bytes(one.size), jobs)
        tables.row(found, "*" if one.current else "", one.id, *cells)
    return found


def _import(face: Face, options: Namespace) -> None:
    note = Path(options.note).expanduser()
    path = options.path or f"{note.stem}.ipynb"
    try:
        text = msgspec.json.decode(note.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError:
        raise Invalid(f"{options.note} is no Zeppelin note: it is not JSON.") from None
    version = face.client.files(options.project).import_zeppelin(path, text)
    face.say(f"{path} is there, as version {version.id}.")


def _export(face: Face, options: Namespace) -> None:
    note = Path(options.note or f"{PurePosixPath(options.path).stem}.zpln").expanduser()
    content = face.client.files(options.project).export_zeppelin(options.path)
    try:
        with note.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise Invalid(f"{note} is there already: name another file.") from None
    face.say(f"{note} holds {options.path}.")


def _list_secrets(face: Face, options: Namespace) -> None:
    found = tables.table("secret", "written", "by")
    for secret in face.client.secrets(options.project).list():
        tables.row(found, secret.name, f"{tables.age(secret.written)} ago", secret.author)
    if found.row_count:
        face.show(found)
    else:
        face.say(f"There are no secrets yet; `{face.prog} secrets set NAME` writes one.")


def _set_secret(face: Face, options: Namespace) -> None:
    if not options.secret.isidentifier() or not options.secret.isascii():
        raise Invalid("A secret's name is letters, digits and _, such as API_TOKEN.")
    secrets = face.client.secrets(options.project)
    value = face.ask_secret(options.secret, stdin=options.stdin)
    name = secrets.write(options.secret, value).name
    face.say(f"{name} is written; `{face.prog} run --secret {name} …` gives it to a job.")


def _delete_secret(face: Face, options: Namespace) -> None:
    question = f"Jobs that ask for {options.secret} will fail."
    face.sure(question, yes=options.yes)
    face.client.secrets(options.project).delete(options.secret)
    face.say(f"{options.secret} is gone.")


def _audit(face: Face, options: Namespace) -> None:
    if options.all and options.project:
        raise Invalid("--all is the whole server: leave --project out.")
    entries = face.client.audit(
        None if options.all else options.project or face.client.project,
        actor=options.actor,
        action=options.action,
        object=options.object,
        limit=min(options.limit, 500),
    )
    found = list(islice(entries, options.limit))
    if options.json:
        face.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    else:
        face.show(_entries(found, everywhere=options.all))


def _entries(entries: list[AuditEntry], *, everywhere: bool) -> Any:
    found = tables.table(
        "time (UTC)", "who", "did", "to", *(["in"] if everywhere else []), "change"
    )
    for one in entries:
        place = [one.project] if everywhere else []
        time = one.time[:16].replace("T", " ")  # to the minute, UTC; --json has it whole
        cells = (time, one.actor, one.action, one.object, *place, _change(one))
        tables.row(found, *cells)
    return found


def _change(entry: AuditEntry) -> str:
    """``role viewer → editor``, for what differs."""
    before = entry.before or {}
    changed = {name: value for name, value in entry.after.items() if before.get(name) != value}
    words = [
        f"{name} {_short(before[name])} → {_short(value)}"
        if name in before
        else f"{name} {_short(value)}"
        for name, value in changed.items()
    ]
    return ", ".join(words)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


COMMANDS: dict[str, Callable[[Face, Namespace], None]] = {
    "files": _files,
    "history": _history,
    "import": _import,
    "export": _export,
    "secrets list": _list_secrets,
    "secrets set": _set_secret,
    "secrets delete": _delete_secret,
    "audit": _audit,
}
