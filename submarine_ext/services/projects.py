"""Projects as people use them: make, look, change, archive.

Who is what in them is in :mod:`.sharing`, how they end in :mod:`.closing`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from submarine_ext.domain.access import Capability, Principal, Role
from submarine_ext.domain.projects import (
    NewProject,
    Open,
    Project,
    ProjectChange,
    ProjectState,
    Visibility,
)
from submarine_ext.domain.subjects import user
from submarine_ext.errors import Conflict
from submarine_ext.services import access
from submarine_ext.services.consequences import settle
from submarine_ext.services.entries import note
from submarine_ext.services.views import seen_by, view
from submarine_ext.store import grants, projects
from submarine_ext.store.store import Store, Transaction

#: What of a project decides who may do what in it.
_RIGHTS = {"visibility", "state", "settings"}


class Projects:
    """The service. ``wake`` tells reconcile that jobs may have to be stopped; projects of the
    names in ``reserved`` are made by admins only.
    """

    def __init__(
        self, store: Store, wake: Callable[[], None], reserved: frozenset[str] = frozenset()
    ) -> None:
        self._store = store
        self._wake = wake
        self._reserved = reserved

    async def list(self, who: Principal) -> list[Project]:
        """The projects that ``who`` sees, by name."""

        def query(tx: Transaction) -> list[Project]:
            access.signed_in(tx, who, Capability.PROJECT_LIST)
            return seen_by(tx, who)

        return await self._store.read(query)

    async def get(self, who: Principal, project: str) -> Project:
        """One project."""

        def query(tx: Transaction) -> Project:
            access.may(tx, who, project, Capability.PROJECT_READ)
            return view(tx, who, project)

        return await self._store.read(query)

    async def create(self, who: Principal, wanted: NewProject) -> Project:
        """Make a project. Raises Conflict for a name that is or was in use, seen or unseen."""

        def make(tx: Transaction) -> Project:
            standing = access.signed_in(tx, who, Capability.PROJECT_CREATE)
            reserved = wanted.name in self._reserved and not standing.admin
            if reserved or not projects.is_free(tx, wanted.name):
                raise Conflict(
                    f"The name {wanted.name} is taken on this server; choose another.", field="name"
                )
            projects.add(tx, wanted)
            grants.put(tx, wanted.name, user(who.name), Role.OWNER, who.name)
            name = wanted.name
            note(tx, who.name, "project.create", name, project=name, kind="access", after=wanted)
            return view(tx, who, name)

        return await self._store.write(make)

    async def change(self, who: Principal, project: str, change: ProjectChange) -> Project:
        """Change what is given. Raises Conflict for a project without an owner."""

        def apply(tx: Transaction) -> Project:
            access.may(tx, who, project, Capability.PROJECT_READ)
            record = projects.get(tx, project)
            assert record is not None, "somebody may read it"
            for capability in sorted(_needed(change)):
                access.may(tx, who, project, capability)
            _apply(tx, who, record, _wanted(record, change))
            return view(tx, who, project)

        changed = await self._store.write(apply)
        self._wake()
        return changed


def _needed(change: ProjectChange) -> set[Capability]:
    """What the change takes; making a project less visible or closing it takes less."""
    needed = set()
    if change.state is not UNSET:
        needed.add(Capability.PROJECT_CLOSE)
    if change.visibility is Visibility.PRIVATE:
        needed.add(Capability.VISIBILITY_LOWER)
    given = {name for name in change.__struct_fields__ if getattr(change, name) is not UNSET}
    if not needed or given - {"state", "visibility"} or change.visibility is Visibility.INTERNAL:
        needed.add(Capability.PROJECT_WRITE)
    return needed


def _wanted(record: projects.Record, change: ProjectChange) -> dict[str, Any]:
    """The columns that become other than they are."""
    wanted = {
        name: getattr(change, name)
        for name in change.__struct_fields__
        if getattr(change, name) is not UNSET
    }
    if "state" in wanted:
        wanted["state"] = _state(record, wanted["state"])
    if "settings" in wanted:
        asked = wanted["settings"]
        given = {n: getattr(asked, n) for n in asked.__struct_fields__}
        given = {name: value for name, value in given.items() if value is not UNSET}
        wanted["settings"] = msgspec.structs.replace(record.settings, **given)
    return {name: value for name, value in wanted.items() if value != getattr(record, name)}


def _state(record: projects.Record, asked: Open) -> ProjectState:
    if record.state is ProjectState.ORPHANED:
        raise Conflict("The project has no owner left: an admin must name one.", field="state")
    return ProjectState(asked)


def _apply(
    tx: Transaction, who: Principal, record: projects.Record, wanted: dict[str, Any]
) -> None:
    if not wanted:
        return
    name = record.name
    projects.change(tx, name, **wanted)
    kind = "access" if _RIGHTS & wanted.keys() else "project"
    note(
        tx,
        who.name,
        "project.change",
        name,
        project=name,
        kind=kind,
        data={"name": name} if kind == "project" else {},
        before={column: getattr(record, column) for column in wanted},
        after=wanted,
    )
    if kind == "access":
        settle(tx, who, name)
