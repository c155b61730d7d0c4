"""The page ``docs/reference/access.md``: who may do what, from the code that decides.

One table comes from ``domain.access``, one from the declared operations, so that neither can
say what is not so.
"""

from __future__ import annotations

from collections.abc import Mapping

from submarine_ext.api.base import VERBS, Guard
from submarine_ext.domain.access import (
    ADMINISTRATION,
    CHANGES,
    SIGNED_IN,
    Capability,
    Relation,
    Role,
    rights,
)

_COLUMNS: dict[str, frozenset[Capability]] = {
    "stranger": rights(Relation()),
    "internal reader": rights(Relation(internal=True)),
    "receiver": rights(Relation(offered=True)),
    "viewer": rights(Relation(role=Role.VIEWER)),
    "editor": rights(Relation(role=Role.EDITOR)),
    "owner": rights(Relation(role=Role.OWNER)),
    "admin": rights(Relation(admin=True)),
    "admin in an emergency": rights(Relation(admin=True, break_glass=True)),
}
_OPT_IN = rights(Relation(role=Role.VIEWER, viewer_logs=True)) - _COLUMNS["viewer"]
_INTRODUCTION = """\
# Who may do what
Made by `python -m submarine_ext.api access`; a test holds it against the code, another walks
every route below as everybody in this table, with own and foreign projects and with
credentials that are missing, made up, expired or another server's.

What is not allowed here is refused: whoever sees nothing of a project is answered as if it did
not exist (404), everybody else is told what is missing (403). The greatest of one's own roles
and those of one's teams counts.

## In a project
*Internal reader*: anybody signed in, where the project is internal. *Receiver*: to whom it is
offered. *Admin in an emergency*: for an hour at most, with a reason that its owners are told.
"""


def page(routes: Mapping[str, type[Guard]]) -> str:
    """The page as Markdown."""
    notes = [
        f"¹ where the project shows its logs to viewers. "
        f"² not while the project is archived, in the trash or without an owner. "
        f"Admins may also do {_listed({Capability.OWNER_WRITE})} where no owner is left.",
    ]
    server = [
        f"Everybody who is signed in: {_listed(SIGNED_IN)}.",
        f"Admins: {_listed(ADMINISTRATION)}; managers may `team:write` in their own team.",
    ]
    sections = [
        _INTRODUCTION,
        *(_rights(), "", *notes, ""),
        *("## On the server", *server, ""),
        *("## Which route asks for what", _MORE, "", _operations(routes), ""),
    ]
    return "\n".join(sections)


_MORE = (
    "Some requests ask for more than the route does: to stop or delete somebody else's job, "
    "`-any`; to name or remove an owner, `owner:write`; to archive, `project:close`; to purge a "
    "project, `project:purge`; to leave, only `project:leave`."
)


def _rights() -> str:
    head = ["", *_COLUMNS]
    rows = [[f"`{each}`{_note(each)}", *_marks(each)] for each in Capability if _in_project(each)]
    return _table(head, rows)


def _in_project(capability: Capability) -> bool:
    return any(capability in held for held in _COLUMNS.values())


def _note(capability: Capability) -> str:
    return " ²" if capability in CHANGES else ""


def _marks(capability: Capability) -> list[str]:
    opt_in = capability in _OPT_IN
    return [
        "●" if capability in held else "¹" if opt_in and name == "viewer" else "–"
        for name, held in _COLUMNS.items()
    ]


def _operations(routes: Mapping[str, type[Guard]]) -> str:
    rows = [
        [f"`{path}`", verb, f"`{handler.operations[verb].capability}`"]
        for path, handler in routes.items()
        for verb in VERBS
        if verb in handler.operations
    ]
    return _table(["route", "verb", "capability"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _listed(capabilities: frozenset[Capability] | set[Capability]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(capabilities))
