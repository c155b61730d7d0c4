"""Examines how the engine was set up, in the order in which to repair it.

Each thing that is missing comes with the YAML that gives it, for whoever administers the
cluster to read and apply. Nothing is changed here; what is asked leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable

from submarine_ext.engines.base import Check
from submarine_ext.engines.kubernetes import rbac
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.cluster import Cluster
from submarine_ext.engines.kubernetes.diagnosis.quoting import plain
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.kinds.choose import Served
from submarine_ext.engines.kubernetes.placement import Identity
from submarine_ext.engines.kubernetes.rights import Rights, review, spoken, whoami
from submarine_ext.engines.kubernetes.settings import Choice
from submarine_ext.engines.kubernetes.transport import Api, can_act_as

NAME = "submarine-ext-doctor"
_DRY = {"dryRun": "All"}


class Doctor:
    """Of one engine. ``people`` are owners of its jobs: as whom it is asked to act."""

    def __init__(self, cluster: Cluster, people: Iterable[str] = ()) -> None:
        self._cluster = cluster
        self._settings = cluster.settings
        self._people = frozenset(people)

    async def examine(self) -> list[Check]:
        """All checks; those after the first that ends everything are left out."""
        api = self._cluster.reach.connected
        if api is None:
            why = self._cluster.reach.reason or "There are no credentials for a cluster."
            return [Check(title="Credentials", ok=False, detail=why)]
        found = [Check(title="Credentials", ok=True, detail=self._source(api))]
        try:
            version = await api.request("GET", "/version")
            user = await whoami(api)
            served = await self._cluster.offer()
        except ApiError as error:
            said = f"The cluster at {api.host} does not answer as it should: {plain(error.message)}"
            return [*found, Check(title="Connection", ok=False, detail=said)]
        release = plain(version.get("gitVersion"), 40)
        said = f"Kubernetes {release} at {api.host} knows this server as {plain(user, 100)}."
        found += [Check(title="Connection", ok=True, detail=said), self._offer(served)]
        if self._settings.impersonate:
            found.append(await self._acting(api, user))
        for namespace in self._namespaces(api):
            found += await self._namespace(api, user, served, namespace)
        return found

    def _source(self, api: Api) -> str:
        """Where they come from, and what an administrator should know of them."""
        return " ".join([f"From {plain(api.source)}.", *map(plain, api.notes)])

    def _offer(self, served: Served) -> Check:
        kinds = ", ".join(kind.resource.kind for kind in served.usable)
        queues = "has queues (Kueue)" if served.kueue else "has no queues (Kueue is not installed)"
        wants_queue = self._settings.queue is not None and not served.kueue
        said = f"Jobs can become {kinds}; the cluster {queues}."
        if wants_queue:
            said += " KubernetesEngine.queue names a queue: unset it, or install Kueue."
        return Check(title="Kinds", ok=not wants_queue, detail=said)

    def _namespaces(self, api: Api) -> list[str]:
        named = self._settings.namespaces.values()
        return [*dict.fromkeys([self._settings.namespace or api.namespace, *named])]

    async def _namespace(self, api: Api, user: str, served: Served, namespace: str) -> list[Check]:
        if not await _exists(api, namespace):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            said = "It does not exist."
            return [Check(title=_title(namespace), ok=False, detail=said, fix=rbac.yaml(body))]
        if self._settings.impersonate:
            return [await self._rights_of_people(api, served, namespace)]
        checks = [await self._rights(api, user, served, namespace)]
        if served.kueue and self._settings.queue is not None:
            checks.append(await self._queue(api, served, namespace))
        return checks

    def _rules(self, served: Served) -> tuple[rbac.Rule, ...]:
        only_jobs = self._settings.kind is Choice.JOB
        kinds = [] if only_jobs else [kind.resource for kind in served.usable]
        return rbac.rules(kinds, queues=served.kueue)

    async def _rights(self, api: Api, user: str, served: Served, namespace: str) -> Check:
        subjects = [rbac.subject(user)]
        return await self._held(api, Identity(), served, namespace, plain(user, 100), subjects)

    async def _held(
        self, api: Api, who: Identity, served: Served, namespace: str, name: str,
        subjects: list[Object],
    ) -> Check:  # fmt: skip
        """Whether everything is allowed; the fix is the whole Role, as `apply` replaces it."""
        rules = self._rules(served)
        try:
            missing = await Rights().missing(api, who, namespace, rules)
        except ApiError as error:
            said = f"The cluster does not say what {name} may: {plain(error.message)}"
            return Check(title=_title(namespace), ok=False, detail=said)
        fatal = [need for rule, needs in missing if rule.without is None for need in needs]
        fix = rbac.yaml(rbac.role(namespace, rules), rbac.binding(namespace, subjects))
        if fatal:
            said = f"{name} may not: {spoken(fatal)}."
            return Check(title=_title(namespace), ok=False, detail=said, fix=fix)
        notes = [rule.without for rule, _ in missing if rule.without is not None]
        said = " ".join([f"{name} may do all that jobs need.", *dict.fromkeys(notes)])
        return Check(title=_title(namespace), ok=True, detail=said, fix=fix if notes else None)

    async def _queue(self, api: Api, served: Served, namespace: str) -> Check:
        queues = next(found for found in served.resources if found.plural == "localqueues")
        name = str(self._settings.queue)
        try:
            await api.request("GET", queues.path(namespace, name))
        except ApiError as error:
            said = f"The queue {name!r} (KubernetesEngine.queue) cannot be read: "
            said += plain(error.message)
            return Check(title=_title(namespace), ok=False, detail=said)
        return Check(title=_title(namespace), ok=True, detail=f"It has the queue {name}.")

    # In people's names

    async def _acting(self, api: Api, user: str) -> Check:
        """Whether this server may act as those whom it knows, and as no one else."""
        users, groups = self._users(), self._groups()
        refused = [n for n in users if not await _may_act_as(api, "users", n)]
        refused += [n for n in groups if not await _may_act_as(api, "groups", n)]
        anybody = await _may_act_as(api, "users", "")
        fix = rbac.yaml(
            rbac.impersonator(users, groups), rbac.cluster_binding([rbac.subject(user)])
        )
        if refused:
            said = f"{plain(user, 100)} may not act as {plain(', '.join(refused))}."
            return Check(title="Impersonation", ok=False, detail=said, fix=fix)
        if anybody:
            said = f"{plain(user, 100)} may act as anybody, administrators too: name people."
            return Check(title="Impersonation", ok=False, detail=said, fix=fix)
        known = plain(", ".join([*users, *groups]) or "nobody yet")
        said = f"{plain(user, 100)} may act as everybody whom it must: {known}."
        return Check(title="Impersonation", ok=True, detail=said)

    async def _rights_of_people(self, api: Api, served: Served, namespace: str) -> Check:
        groups = [rbac.group(name) for name in self._groups(namespace)]
        users = self._users()
        subjects = groups or [rbac.subject(name) for name in users]
        if not users:
            said = "Nobody has run a job yet in whose name it could be looked at."
            fix = rbac.yaml(
                rbac.role(namespace, self._rules(served)), rbac.binding(namespace, subjects)
            )
            return Check(title=_title(namespace), ok=True, detail=said, fix=fix)
        who = Identity(users[0], tuple(self._groups(namespace)))
        acting = api.acting_as(users[0], who.groups)
        return await self._held(acting, who, served, namespace, plain(users[0], 100), subjects)

    def _users(self) -> list[str]:
        """No name that is nobody's: what is to be applied must not give what is the cluster's."""
        form = self._settings.impersonate_user
        names = {form.replace("{owner}", owner) for owner in self._people}
        return sorted(filter(can_act_as, names))

    def _groups(self, namespace: str | None = None) -> list[str]:
        """The groups of teams that have a namespace (that one)."""
        form, found = self._settings.impersonate_groups, self._settings.namespaces
        teams = (k.removeprefix("team:") for k, v in found.items()
                 if k.startswith("team:") and namespace in (None, v))  # fmt: skip
        names = {form.replace("{team}", team) for team in teams} if form else set()
        return sorted(filter(can_act_as, names))


def _title(namespace: str) -> str:
    return f"Namespace {plain(namespace, 63)}"


async def _exists(api: Api, namespace: str) -> bool:
    """Who may not read namespaces learns it from a dry run; a refusal says that it is there."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}
    try:
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        await api.request("POST", path, params=_DRY, body=body)
    except ApiError as error:
        return error.status != 404
    return True


async def _may_act_as(api: Api, what: str, name: str) -> bool:
    attributes = {"group": "", "resource": what, "verb": "impersonate", "name": name}
    try:
        return await review(api, attributes)
    except ApiError:
        return False
