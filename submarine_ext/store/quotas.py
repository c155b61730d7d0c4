"""What jobs are charged to, what is taken now, and whether there is room for one more.

Nothing is counted on the side: use is computed from the jobs that have not ended, in the
transaction that asks (a writing one excludes all others), so that it cannot drift and a
crash leaves nothing to repair. GPU time is a row for each attempt that had GPUs.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Text, bindparam, insert, text, update

from submarine_ext.domain import quotas
from submarine_ext.domain.jobs import Job, JobSpec
from submarine_ext.domain.quotas import Load, Quota, Span, Use
from submarine_ext.domain.specs import demand
from submarine_ext.store.schema import usage

#: How many of those who use most of a quota a refusal names.
NAMED = 3

# From the few jobs that have not ended to their charges: an account's past costs nothing.
# The list of states is spelled as the partial index has it.
_CHARGED = """
    FROM jobs j
    WHERE j.state IN ('pending', 'queued', 'running')
      AND EXISTS (SELECT 1 FROM charges c WHERE c.job = j.id AND c.account = :account)
"""
# CROSS JOIN: SQLite keeps to this order, from few jobs to their charges. CAST: PostgreSQL's
# sums are of a wider kind than what they sum up.
_TAKEN = text(
    """
    SELECT c.account, count(*) AS jobs, CAST(sum(j.cpu) AS BIGINT) AS cpu,
      CAST(sum(j.memory) AS BIGINT) AS memory, CAST(sum(j.gpu) AS BIGINT) AS gpu
    FROM jobs j CROSS JOIN charges c
    WHERE j.state IN ('pending', 'queued', 'running')
      AND c.job = j.id AND c.account IN :accounts
    GROUP BY c.account
    """
).bindparams(bindparam("accounts", expanding=True, type_=Text()))
_BY_OWNER = text(
    "SELECT j.owner AS name, count(*) AS jobs, CAST(sum(j.cpu) AS BIGINT) AS cpu, "
    "CAST(sum(j.memory) AS BIGINT) AS memory, CAST(sum(j.gpu) AS BIGINT) AS gpu "
    f"{_CHARGED} GROUP BY j.owner"
)
_BY_JOB = text(
    f"SELECT j.name AS name, 1 AS jobs, j.cpu AS cpu, j.memory AS memory, j.gpu AS gpu {_CHARGED}"
)
_SPANS = text(
    """
    SELECT u.gpu, u.started, u.finished,
      (SELECT min(p.account) FROM charges p WHERE p.job = u.job AND p.account LIKE 'user:%') AS who
    FROM usage u
    WHERE (u.finished IS NULL OR u.finished > :begin)
      AND EXISTS (SELECT 1 FROM charges c WHERE c.job = u.job AND c.account = :account)
    """
)
_ACCOUNTS = text(
    """
    SELECT 'user:' || u.name AS account, u.quota FROM users u WHERE u.name = :person
    UNION ALL
    SELECT 'team:' || t.name, t.quota
      FROM teams t
      JOIN memberships m ON m.team = t.name AND m."user" = :person
      JOIN grants g ON g.project = :project AND g.kind = 'team' AND g.subject = t.name
    """
)
# A further attempt is charged to the same accounts.
_CHARGE = text(
    """
    INSERT INTO charges (job, account) SELECT :job, :account
     WHERE NOT EXISTS (SELECT 1 FROM charges WHERE job = :job AND account = :account)
    """
)
_QUOTA = {
    "user": text("SELECT quota FROM users WHERE name = :name"),
    "team": text("SELECT quota FROM teams WHERE name = :name"),
}
_FINISH = (
    update(usage)
    .where(usage.c.job == bindparam("of_job"), usage.c.attempt == bindparam("of_attempt"))
    .values(started=bindparam("began"), finished=bindparam("ended"))
)
_NOTHING = Load(jobs=0, cpu=0, memory=0, gpu=0)
_quota = msgspec.json.Decoder(Quota).decode


def reserve(conn: Connection, job: Job, moment: str) -> None:
    """Charge a job that is about to be pending to its owner and to their teams.

    Call it before the job is stored as such, in the same writing transaction. Raises
    QuotaExceeded, naming the first quota that has no room.
    """
    accounts = require_room(conn, job.owner, job.project, job.spec, moment)
    conn.execute(_CHARGE, [{"job": job.id, "account": account} for account in accounts])


def require_room(
    conn: Connection, owner: str, project: str, spec: JobSpec, moment: str
) -> list[str]:
    """Whom such a job would be charged to. Raises QuotaExceeded as :func:`reserve` does."""
    asked = demand(spec)
    load = Load(jobs=1, cpu=asked.cpu, memory=asked.memory, gpu=asked.gpu)
    found = conn.execute(_ACCOUNTS, {"person": owner, "project": project}).all()
    accounts = {f"user:{owner}": Quota()}
    accounts |= {row.account: _quota(row.quota) for row in found}
    limited = [account for account, quota in accounts.items() if quota != Quota()]
    for account, taken in _taken(conn, *limited).items():
        _require_room(conn, account, accounts[account], taken, load, moment)
    return list(accounts)


def use(conn: Connection, account: str, moment: str) -> Use:
    """What is taken of ``user:NAME`` or ``team:NAME`` at the time ``moment``."""
    taken = _taken(conn, account)[account]
    hours = quotas.gpu_hours([span for _, span in _spans(conn, account, moment)], moment)
    return Use(
        jobs=taken.jobs,
        cpu=taken.cpu / 1000,
        memory=taken.memory,
        gpu=taken.gpu,
        gpu_hours=round(hours, 4),
    )


def quota_of(conn: Connection, account: str) -> Quota:
    """The limits of ``user:NAME`` or ``team:NAME``; none for somebody unknown."""
    kind, _, name = account.partition(":")
    found = conn.execute(_QUOTA[kind], {"name": name}).scalar()
    return Quota() if found is None else _quota(found)


def note(conn: Connection, job: Job) -> None:
    """Write down the GPU time of the job's present attempt, if it has begun with any."""
    gpu = demand(job.spec).gpu
    if not gpu or job.started is None:
        return
    here = {"of_job": job.id, "of_attempt": job.attempt}
    told = {"began": job.started, "ended": job.finished}
    if not conn.execute(_FINISH, {**here, **told}).rowcount:
        row = {"job": job.id, "attempt": job.attempt, "gpu": gpu}
        conn.execute(insert(usage), {**row, "started": job.started, "finished": job.finished})


def teams(conn: Connection, person: str, project: str) -> tuple[str, ...]:
    """The person's teams that the project is shared with, sorted: a job's are charged too."""
    accounts = conn.execute(_ACCOUNTS, {"person": person, "project": project}).scalars()
    kinds = (account.partition(":") for account in accounts)
    return tuple(sorted(name for kind, _, name in kinds if kind == "team"))


def _require_room(
    conn: Connection, account: str, quota: Quota, taken: Load, load: Load, moment: str
) -> None:
    lacking = quotas.lacking(quota, taken, load)
    if lacking is not None:
        kind, limit = lacking
        raise quotas.refusal(account, kind, limit, taken, load, _holders(conn, account, kind))
    if quota.gpu_hours is None or not load.gpu:
        return
    spans = _spans(conn, account, moment)
    used = quotas.gpu_hours([span for _, span in spans], moment)
    if used >= quota.gpu_hours:
        by = _hours_by_person(spans, moment) if account.startswith("team:") else []
        raise quotas.used_up(account, quota.gpu_hours, used, moment, by)


def _taken(conn: Connection, *accounts: str) -> dict[str, Load]:
    """What is taken of each account, in one pass over the jobs that have not ended."""
    rows = conn.execute(_TAKEN, {"accounts": accounts}) if accounts else ()
    found = {
        row.account: Load(jobs=row.jobs, cpu=row.cpu, memory=row.memory, gpu=row.gpu)
        for row in rows
    }
    return {account: found.get(account, _NOTHING) for account in accounts}


def _holders(conn: Connection, account: str, kind: str) -> list[tuple[str, float]]:
    """Who has most of a team's, or which jobs have most of a person's."""
    query = _BY_OWNER if account.startswith("team:") else _BY_JOB
    rows = conn.execute(query, {"account": account}).all()
    return _most([(row.name, getattr(row, kind)) for row in rows])


def _spans(conn: Connection, account: str, moment: str) -> list[tuple[str, Span]]:
    """Attempts of this month with GPUs, each with the account of who submitted it."""
    rows = conn.execute(_SPANS, {"account": account, "begin": quotas.month(moment)})
    return [(row.who, Span(row.gpu, row.started, row.finished)) for row in rows]


def _hours_by_person(spans: list[tuple[str, Span]], moment: str) -> list[tuple[str, float]]:
    by: dict[str, float] = {}
    for account, span in spans:
        person = account.removeprefix("user:")
        by[person] = by.get(person, 0.0) + quotas.gpu_hours([span], moment)
    return _most(list(by.items()))


def _most(holders: list[tuple[str, float]]) -> list[tuple[str, float]]:
    held = [holder for holder in holders if holder[1]]
    return sorted(held, key=lambda holder: (-holder[1], holder[0]))[:NAMED]
