"""Whether a namespace has room for a job: its quotas and limits against what is asked.

Pure: lists of ResourceQuotas and LimitRanges in, findings out. More than a quota holds in
all is final; more than is free now means waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from submarine_ext.engines.base import Finding
from submarine_ext.engines.kubernetes.diagnosis import amounts
from submarine_ext.engines.kubernetes.diagnosis.facts import items, part
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain
from submarine_ext.engines.kubernetes.kinds.base import Object

_NOTHING = Decimal(0)
_ADMIN = "Ask an administrator of this server."


def findings(
    namespace: str,
    pod: Object,
    nodes: int,
    made: dict[str, int],
    *,
    quotas: list[Object],
    ranges: list[Object],
) -> list[Finding]:
    """``pod`` is the spec of one of the job's ``nodes`` pods; ``made`` counts the objects
    that it becomes (``jobs.batch``: 1).
    """  # fmt: skip
    asked = _asked(pod)
    found = list(_ranges(namespace, asked, ranges))
    defaults = _defaults(ranges)
    for quota in quotas:
        if not part(quota, "spec").get("scopes") and not part(quota, "spec").get("scopeSelector"):
            found += _quota(namespace, quota, {**defaults, **asked}, nodes, made)
    return found


def _asked(pod: Object) -> dict[str, str]:
    """What one pod asks for, as quotas name it: ``requests.cpu``, ``limits.memory``."""
    found: dict[str, str] = {}
    for container in items(pod, "containers"):
        resources = part(container, "resources")
        # A limit alone is a request as well.
        found |= {f"requests.{name}": str(v) for name, v in part(resources, "limits").items()}
        for kind in ("limits", "requests"):
            found |= {f"{kind}.{name}": str(v) for name, v in part(resources, kind).items()}
    return found


def _defaults(ranges: list[Object]) -> dict[str, str]:
    """What a LimitRange gives to who asks for nothing."""
    found: dict[str, str] = {}
    for limit in _of_containers(ranges):
        default = part(limit, "default")
        requests = {**default, **part(limit, "defaultRequest")}
        found |= {f"limits.{name}": str(value) for name, value in default.items()}
        found |= {f"requests.{name}": str(value) for name, value in requests.items()}
    return found


def _of_containers(ranges: list[Object]) -> Iterator[Object]:
    for found in ranges:
        for limit in items(found, "spec", "limits"):
            if limit.get("type") in ("Container", "Pod"):
                yield limit


def _ranges(namespace: str, asked: dict[str, str], ranges: list[Object]) -> Iterator[Finding]:
    for limit in _of_containers(ranges):
        for name, most in part(limit, "max").items():
            yield from _edge(namespace, asked, name, str(most), "most")
        for name, least in part(limit, "min").items():
            yield from _edge(namespace, asked, name, str(least), "least")


def _edge(
    namespace: str, asked: dict[str, str], name: str, limit: str, edge: str
) -> Iterator[Finding]:
    given = asked.get(f"limits.{name}") or asked.get(f"requests.{name}")
    value, bound = amounts.number(given or ""), amounts.number(limit)
    if value is None or bound is None or given is None:
        return
    if (value > bound) if edge == "most" else (value < bound):
        yield Finding(
            text=f"{namespace} allows at {edge} {amounts.words(name, limit)} for each machine of a "
            f"job; this asks for {amounts.words(name, given)}.",
            field=amounts.FIELDS.get(amounts.kind(name)),
        )


def _quota(
    namespace: str, quota: Object, each: dict[str, str], nodes: int, made: dict[str, int]
) -> Iterator[Finding]:
    hard = part(quota, "status", "hard") or part(quota, "spec", "hard")
    used = part(quota, "status", "used")
    for name, limit in hard.items():
        wanted = _wanted(name, each, nodes, made)
        most, taken = amounts.number(str(limit)), amounts.number(str(used.get(name, "0")))
        if wanted is None:
            if _must_say(name):
                yield _unsaid(namespace, name)
        elif most is not None and wanted > most:
            yield _never(namespace, name, str(limit), wanted)
        elif most is not None and taken is not None and wanted + taken > most:
            yield _later(namespace, name, str(limit), str(used[name]), wanted)


def _wanted(name: str, each: dict[str, str], nodes: int, made: dict[str, int]) -> Decimal | None:
    """How much of it the whole job takes; None: it says nothing about that."""
    bare = amounts.bare(name)
    if bare == "pods":
        return Decimal(nodes)
    if bare in made:
        return Decimal(made[bare])
    key = name if name.startswith(("requests.", "limits.")) else f"requests.{name}"
    one = amounts.number(each.get(key, ""))
    if one is None:
        return None if _must_say(name) else _NOTHING
    return one * nodes


def _must_say(name: str) -> bool:
    """A quota of CPU or memory takes only pods that say how much (admission/resourcequota)."""
    return amounts.bare(name) in ("cpu", "memory")


def _unsaid(namespace: str, name: str) -> Finding:
    what = amounts.kind(name)
    field = amounts.FIELDS.get(what)
    if name == "limits.cpu":
        # Jobs have no CPU limit: idle CPUs are everybody's. Only a default can give one.
        todo = f"It needs a LimitRange with a default. {_ADMIN}"
        return Finding(text=f"{namespace} limits CPUs by quota, which no job states. {todo}")
    return Finding(
        text=f"{namespace} wants every job to say how much {amounts.noun(name)} it needs: "
        f"say it in {field}.",
        field=field,
    )


def _never(namespace: str, name: str, limit: str, wanted: Decimal) -> Finding:
    what = amounts.kind(name)
    less = amounts.FEWER.get(what, f"fewer {amounts.noun(name)}")
    return Finding(
        text=f"The quota of {namespace} holds {plain(amounts.words(name, limit), 60)} in all; this "
        f"asks for {amounts.figure(name, str(wanted))}. Ask for {less}.",
        field=amounts.FIELDS.get(what),
    )


def _later(namespace: str, name: str, limit: str, used: str, wanted: Decimal) -> Finding:
    have, most = amounts.figure(name, used), amounts.figure(name, limit)
    return Finding(
        text=f"It will wait: of {amounts.noun(name)} {have} of {most} are in use in {namespace}, "
        f"and this asks for {amounts.figure(name, str(wanted))}.",
        field=amounts.FIELDS.get(amounts.kind(name)),
        fatal=False,
    )
