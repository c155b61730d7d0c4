"""The queue as somebody may see it.

Use is told of oneself and of one's own teams. Whoever holds GPUs is named where the asker may
see that job anyway: in a project whose jobs they see, or charged to a team of theirs. The
others are one number: that the GPUs are taken is no secret, by whom may be one.
"""

from __future__ import annotations

from collections import Counter

from submarine_ext.domain.access import Capability, Principal
from submarine_ext.domain.machines import machine_owner
from submarine_ext.domain.queues import MOST_PLACES, Account, Holder, Place, Queue
from submarine_ext.domain.subjects import team as team_called
from submarine_ext.domain.subjects import user as user_called
from submarine_ext.domain.times import now
from submarine_ext.engines.base import task_name
from submarine_ext.services import access
from submarine_ext.services.engines import Engines
from submarine_ext.store import access as tuples
from submarine_ext.store import queues, quotas, teams
from submarine_ext.store.store import Store, Transaction


class Queues:
    """The service. Reading changes nothing."""

    def __init__(self, store: Store, engines: Engines) -> None:
        self._store = store
        self._engines = engines

    async def of(self, who: Principal) -> Queue:
        """What ``who`` and their teams take, who holds GPUs, where their own jobs stand."""
        known = self._engines.places()

        def query(tx: Transaction) -> Queue:
            access.signed_in(tx, who, Capability.QUEUE_READ)
            accounts = _accounts(tx, who)
            sight = _Sight(tx, who)
            places = _places(tx, who, sight, known)
            return Queue(
                accounts=accounts,
                holders=_holders(tx, who, sight, [each.subject for each in accounts[1:]]),
                places=places[:MOST_PLACES],
                waiting=len(places),
            )

        return await self._store.read(query)


class _Sight:
    """In which projects somebody sees the jobs; each is asked about once."""

    def __init__(self, tx: Transaction, who: Principal) -> None:
        self._tx, self._who, self._now = tx, who, now()
        self._known: dict[str, bool] = {}

    def of(self, project: str) -> bool:
        if project not in self._known:
            standing = tuples.standing(self._tx, self._who.name, project, self._now)
            self._known[project] = Capability.JOB_LIST in access.in_project(standing)
        return self._known[project]


def _accounts(tx: Transaction, who: Principal) -> list[Account]:
    mine = str(user_called(who.name))
    titles = {mine: who.name}
    for name in teams.standings(tx, who.name):
        record = teams.get(tx, name)
        titles[str(team_called(name))] = record.title if record else name
    moment = now()
    return [
        Account(
            subject=subject,
            title=title,
            quota=quotas.quota_of(tx, subject),
            use=quotas.use(tx, subject, moment),
        )
        for subject, title in titles.items()
    ]


def _holders(
    tx: Transaction, who: Principal, sight: _Sight, team_accounts: list[str]
) -> list[Holder]:
    gpus: Counter[tuple[str, str | None]] = Counter()
    jobs: Counter[tuple[str, str | None]] = Counter()
    for held in queues.held(tx, team_accounts):
        named = held.owner == who.name or held.shared or sight.of(held.project)
        if not named and machine_owner(held.engine) is not None:
            continue  # whose machine it is would say who
        key = (held.engine, held.owner if named else None)
        gpus[key] += held.gpu
        jobs[key] += 1
    found = [
        Holder(engine=engine, owner=owner, gpu=gpu, jobs=jobs[engine, owner])
        for (engine, owner), gpu in gpus.items()
    ]
    return sorted(found, key=lambda h: (h.engine, h.owner is None, -h.gpu, h.owner or ""))


def _places(tx: Transaction, who: Principal, sight: _Sight, known: dict[str, int]) -> list[Place]:
    found = [
        Place(
            job=job.id,
            name=job.name,
            project=job.project,
            engine=job.engine,
            reason=job.reason,
            position=known.get(task_name(job.id, job.attempt)),
        )
        for job in queues.waiting(tx, who.name)
        if sight.of(job.project)
    ]
    last = len(known) + 1
    return sorted(found, key=lambda place: last if place.position is None else place.position)
