"""Projects as somebody sees them: listing and looking share one rule."""

from __future__ import annotations

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.projects import Project
from submarine_ext.domain.times import now
from submarine_ext.services import access
from submarine_ext.store import access as tuples
from submarine_ext.store import grants, handovers, projects
from submarine_ext.store.store import Transaction


def seen_by(tx: Transaction, who: Principal) -> list[Project]:
    """All projects that ``who`` sees, by name."""
    every = dict(tuples.standings(tx, who.name, now()))
    seen = {name: standing for name, standing in every.items() if access.in_project(standing)}
    records, owners, offers = projects.some(tx, seen), grants.owners(tx), handovers.receivers(tx)
    return [
        _view(who, records[name], standing, owners.get(name, []), offers.get(name))
        for name, standing in seen.items()
    ]


def view(tx: Transaction, who: Principal, project: str) -> Project:
    """The project as ``who`` sees it, who may (or could a moment ago)."""
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
        role=standing.relation.role if standing.relation else None,
        capabilities=sorted(allowed),
        owners=owners if members else [],
        offered_to=offered_to if members or offered_to == who.name else None,
    )
