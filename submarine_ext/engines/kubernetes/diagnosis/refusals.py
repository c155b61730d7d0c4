"""Why the API server would not have an object: quota, limits, policies, webhooks, rights.

The same texts come from three places: the event ``FailedCreate`` of a job whose pods are
refused, a dry run, and the answer to a POST. Recorded in
``recordings/quota-limits-podsecurity.json``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.kubernetes.diagnosis import amounts
from submarine_ext.engines.kubernetes.diagnosis.quoting import READ, plain, quoted
from submarine_ext.engines.kubernetes.diagnosis.view import Said, View, Weight

_COMBINED = "(combined from similar events): "
_ADMIN = "Ask whoever runs the cluster."
_QUOTA = re.compile(
    r"exceeded quota: ([^\s,]{1,253}), requested: (\S+), used: (\S+), limited: (\S+)"
)
_MUST = re.compile(r"failed quota: ([^\s:]{1,253}): must specify (.+)", re.DOTALL)
_SPECIFIED = re.compile(r"([a-z][\w./-]{0,253}) for: ")
_EDGE = re.compile(
    r"(maximum|minimum) (\S+) usage per (Container|Pod) is (\S+?), but (?:limit|request) is "
    r"([^\s,\]]+)"
)
_RATIO = re.compile(
    r"(\S{1,253}) max limit to request ratio per (?:Container|Pod) is (\S+?), "
    r"but provided ratio is ([0-9.]{1,20})"
)
_ABOVE_LIMIT = re.compile(
    r'resources\.requests: Invalid value: "([^"]{1,40})": must be less than or equal to '
    r"(\S+) limit of (\S+)"
)
_POLICY = re.compile(r'violates PodSecurity "([^"]{1,80})": (.*)', re.DOTALL)
_WEBHOOK = re.compile(
    r'admission webhook "([^"]{1,253})" denied the request:? ?(.*)'
    r'|failed calling webhook "([^"]{1,253})"',
    re.DOTALL,
)
_RIGHTS = re.compile(
    r'User "([^"]{1,253})" cannot (\S+) resource "([^"]{1,253})".*?'
    r'(?:in the namespace "([^"]{1,253})"|at the cluster scope)',
    re.DOTALL,
)
_GONE = re.compile(
    r'namespaces? "([^"]{1,253})" (?:not found|is being terminated)|being terminated'
)
_PRIORITY = re.compile(r"no PriorityClass with name (\S+) was found")
_ACCOUNT = re.compile(
    r'error looking up service account (\S+?): serviceaccount "([^"]*)" not found'
)


def explain(view: View, message: str) -> Said:
    """What a refusal means for this job; one that nobody knows is quoted."""
    text = message[:READ].removeprefix(_COMBINED).removeprefix("Error creating: ")
    for reading in _READINGS:
        said = reading(view, text)
        if said is not None:
            return said
    return Said(text=f"The cluster refuses it: {quoted(text)}.", weight=Weight.STUCK)


def _quota(view: View, text: str) -> Said | None:
    found = _QUOTA.search(text)
    if found is None:
        return None
    wanted, used, limits = (dict(_pairs(found[group])) for group in (2, 3, 4))
    over = [name for name in wanted if name in limits]
    said = "; ".join(_one_quota(view, n, wanted[n], used.get(n, "0"), limits[n]) for n in over)
    never = [n for n in over if _above(wanted[n], limits[n])]
    head = f"The quota of {view.namespace} has no room for it: {said}."
    if never:
        less = " and ".join(dict.fromkeys(_fewer(name) for name in never))
        return Said(
            text=f"{head} Ask for {less}.",
            remedy=_within(view.spec, [(name, limits[name]) for name in never]),
            field=amounts.FIELDS.get(amounts.kind(never[0])),
            weight=Weight.STUCK,
        )
    return Said(text=f"{head} It starts when there is room.", weight=Weight.BUSY)


def _one_quota(view: View, name: str, wanted: str, used: str, limit: str) -> str:
    """``GPUs: 8 of 8 in use, 2 asked``"""
    used, limit, wanted = (amounts.figure(name, value) for value in (used, limit, wanted))
    nodes = view.spec.distributed.nodes
    many = f" for each of {nodes} machines" if nodes > 1 else ""
    return f"{amounts.noun(name)}: {used} of {limit} in use, {wanted} asked{many}"


def _fewer(name: str) -> str:
    return amounts.FEWER.get(amounts.kind(name), f"fewer {amounts.noun(name)}")


def _within(
    spec: JobSpec,
    limits: list[tuple[str, str]],
    at_most: Callable[[JobSpec, str, Decimal], JobSpec | None] = amounts.at_most,
) -> JobSpec | None:
    """The spec with no more of each than its limit; None where one of them can't be."""
    smaller: JobSpec | None = spec
    for name, limit in limits:
        most = amounts.number(limit)
        if smaller is not None and most is not None:
            smaller = at_most(smaller, name, most)
    return None if smaller is spec else smaller


def _above(wanted: str, limit: str) -> bool:
    asked, most = amounts.number(wanted), amounts.number(limit)
    return asked is not None and most is not None and asked > most


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if equals:
            yield name, value


def _unspecified(view: View, text: str) -> Said | None:
    found = _MUST.search(text)
    if found is None:
        return None
    names = list(_SPECIFIED.findall(found[2])) or [plain(found[2], 100)]
    kinds = list(dict.fromkeys(amounts.kind(name) for name in names))
    fields = [amounts.FIELDS[k] for k in kinds if k in amounts.FIELDS]
    wanted = " and ".join(dict.fromkeys(amounts.noun(name) for name in names))
    ask = f"Say how much in {' and '.join(fields)}." if fields else _ADMIN
    return Said(
        text=f"The quota of {view.namespace} wants every job to say how much {wanted} it needs. "
        f"{ask}",
        field=fields[0] if fields else None,
        weight=Weight.STUCK,
    )


def _edges(view: View, text: str) -> Said | None:
    found = list(_EDGE.finditer(text))
    if not found:
        return None
    said = [_one_edge(view, *match.groups()) for match in found]
    upper = [(m[2], m[4]) for m in found if m[1] == "maximum"]
    remedy = _within(view.spec, upper, amounts.at_most_each)
    field = amounts.FIELDS.get(amounts.kind(found[0][2]))
    return Said(text=" ".join(said), remedy=remedy, field=field, weight=Weight.STUCK)


def _one_edge(view: View, edge: str, name: str, _per: str, limit: str, asked: str) -> str:
    word = "at most" if edge == "maximum" else "at least"
    return (
        f"{view.namespace} allows {word} {amounts.words(name, limit)} for each machine of a job; "
        f"this asks for {amounts.words(name, asked)}."
    )


def _ratio(view: View, text: str) -> Said | None:
    found = _RATIO.search(text)
    if found is None:
        return None
    return Said(
        text=f"{view.namespace} lets a limit of {amounts.noun(found[1])} be at most {found[2]} "
        f"times what is reserved; here it is {found[3].rstrip('0').rstrip('.')} times. {_ADMIN}",
        field=amounts.FIELDS.get(amounts.kind(found[1])),
        weight=Weight.STUCK,
    )


def _above_limit(view: View, text: str) -> Said | None:
    found = _ABOVE_LIMIT.search(text)
    if found is None:
        return None
    name = found[2]
    return Said(
        text=f"It asks for {amounts.words(name, found[1])}, but {view.namespace} limits jobs that "
        f"do not say more to {amounts.words(name, found[3].rstrip('.,'))}.",
        field=amounts.FIELDS.get(amounts.kind(name)),
        weight=Weight.STUCK,
    )


def _policy(view: View, text: str) -> Said | None:
    found = _POLICY.search(text)
    if found is None:
        return None
    return Said(
        text=f"The security policy {quoted(found[1])} of {view.namespace} forbids it: "
        f"{plain(found[2])}. Ask an administrator of this server.",
        weight=Weight.STUCK,
    )


def _webhook(_: View, text: str) -> Said | None:
    found = _WEBHOOK.search(text)
    if found is None:
        return None
    if found[3]:
        said = f"The cluster's check {quoted(found[3])} does not answer, so nothing can start."
        return Said(text=f"{said} {_ADMIN}", weight=Weight.BUSY)
    said = f"The cluster's check {quoted(found[1])} refuses it"
    return Said(text=f"{said}: {quoted(found[2])}. {_ADMIN}", weight=Weight.STUCK)


def _rights(view: View, text: str) -> Said | None:
    found = _RIGHTS.search(text)
    if found is None:
        return None
    return Said(
        text=f"{quoted(found[1], 80)} has no right to {plain(found[2], 20)} "
        f"{plain(found[3], 80)} in {plain(found[4] or 'the cluster', 80)}. "
        "`submarine doctor kubernetes` says how to give it.",
        weight=Weight.STUCK,
    )


def _gone(view: View, text: str) -> Said | None:
    if _GONE.search(text) is None:
        return None
    ends = "terminated" in text
    said = f"The namespace {view.namespace} {'is being deleted' if ends else 'does not exist'}."
    return Said(text=f"{said} Ask an administrator of this server.", weight=Weight.STUCK)


def _names(_: View, text: str) -> Said | None:
    if priority := _PRIORITY.search(text):
        said = f"The priority class {quoted(priority[1], 80)} does not exist."
    elif account := _ACCOUNT.search(text):
        said = f"The service account {quoted(account[1], 80)} does not exist."
    else:
        return None
    return Said(text=f"{said} Ask an administrator of this server.", weight=Weight.STUCK)


_READINGS: tuple[Callable[[View, str], Said | None], ...] = (
    _quota,
    _unspecified,
    _edges,
    _ratio,
    _above_limit,
    _policy,
    _webhook,
    _rights,
    _gone,
    _names,
)
