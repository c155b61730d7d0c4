"""Projects as people use them: make, look, change, close, delete."""

from __future__ import annotations

from submarine_ext.domain.access import Capability, Principal, Role
from submarine_ext.domain.projects import NewProject, Project, ProjectChange
from submarine_ext.domain.subjects import user
from submarine_ext.domain.times import now
from submarine_ext.errors import Conflict
from submarine_ext.services import access
from submarine_ext.services.entries import note
from submarine_ext.store import access as tuples
from submarine_ext.store import grants, handovers, projects
from submarine_ext.store.store import Store, Transaction


class Projects:
    """The service."""

    def __init__(self, store: Store) -> None:
        self._store = store

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
        """Make a project. Raises Conflict for a name that is taken, also by one unseen."""

        def make(tx: Transaction) -> Project:
            access.signed_in(tx, who, Capability.PROJECT_CREATE)
            if projects.get(tx, wanted.name) is not None:
                raise Conflict(
                    f"The name {wanted.name} is taken on this server; choose another.", field="name"
                )
            projects.add(tx, wanted)
            grants.put(tx, wanted.name, user(who.name), Role.OWNER, who.name)
            name = wanted.name
            note(tx, who.name, "project.create", name, project=name, kind="project", after=wanted)
            return view(tx, who, name)

        return await self._store.write(make)

    async def change(self, who: Principal, project: str, change: ProjectChange) -> Project:
        """Change what is given."""
        raise NotImplementedError

    async def trash(self, who: Principal, project: str) -> None:
        """Put it into the trash."""
        raise NotImplementedError

    async def purge(self, who: Principal, project: str) -> None:
        """Delete for good what is in the trash."""
        raise NotImplementedError


def seen_by(tx: Transaction, who: Principal) -> list[Project]:
    """All projects that ``who`` sees, by name."""
    records, owners, offers = projects.every(tx), grants.owners(tx), handovers.receivers(tx)
    return [
        _view(who, records[name], standing, owners.get(name, []), offers.get(name))
        for name, standing in tuples.standings(tx, who.name, now())
        if access.in_project(standing)
    ]


def view(tx: Transaction, who: Principal, project: str) -> Project:
    """The project as ``who`` sees it, who may."""
    record = projects.get(tx, project)
    assert record is not None, "somebody may do something in it"
    standing = tuples.standing(tx, who.name, project, now())
    owners = grants.owners(tx, project).get(project, [])
    return _view(who, record, standing, owners, handovers.receivers(tx, project).get(project))


def _view(
    who: Principal,
    record: projects.Record,
    standing: tuples.Standing,
    owners: list[str],
    offered_to: str | None,
) -> Project:
    allowed = access.in_project(standing)
    relation = standing.relation
    members = Capability.MEMBER_READ in allowed
    return Project(
        name=record.name,
        title=record.title,
        description=record.description,
        visibility=record.visibility,
        state=record.state,
        settings=record.settings,
        personal=record.person is not None,
        created=record.created,
        role=relation.role if relation else None,
        capabilities=sorted(allowed),
        owners=owners if members else [],
        offered_to=offered_to if members or offered_to == who.name else None,
    )
