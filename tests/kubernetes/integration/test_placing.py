"""A job's objects on the cluster: their order, their names, and that there is one of each."""

from __future__ import annotations

import asyncio
import json

from submarine_ext.domain.jobs import Distributed, Framework
from submarine_ext.engines.base import Outcome, Task, Waiting
from submarine_ext.engines.kubernetes import bundle, names, objects, site
from submarine_ext.engines.kubernetes.kinds import choose
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.testing.session import Session
from tests.kubernetes.integration.bench import NOWHERE, SMALL, Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import (
    CONFIGMAPS,
    JOBS,
    LEFT,
    PODS,
    SECRETS,
    SERVICES,
)

PAIR = Distributed(framework=Framework.TORCH, nodes=2)


async def placed(s: Session, place: Place, task: Task) -> Object:
    """The task's Job once the engine has let it go and its pods are there."""

    async def whole() -> Object | None:
        found = await place.found(JOBS, names.of(task.name))
        pods = await place.of(PODS, task)
        ready = found and not found["spec"].get("suspend")
        return found if ready and len(pods) == task.spec.distributed.nodes else None

    found: Object = await place.until(whole, f"{task.name} is placed")
    return found


class Watched:
    """Every state of a task's Job, from before it is made. On the admin's loop."""

    def __init__(self, place: Place, task: Task) -> None:
        self.states: list[Object] = []
        self._place = place
        self._params = {
            "watch": "1", "timeoutSeconds": "600",
            "labelSelector": f"{names.TASK}={names.label(task.name)}",
        }  # fmt: skip

    async def begin(self) -> None:
        answer = await self._place.admin.ask("GET", JOBS.path(self._place.namespace))
        self._params["resourceVersion"] = answer["metadata"]["resourceVersion"]
        self._following = asyncio.create_task(self._place.admin.on_loop(self._follow()))

    async def end(self) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        path = JOBS.path(self._place.namespace)
        async with self._place.admin.api.stream(path, self._params, silence=None) as pieces:
            rest = b""
            async for piece in pieces:
                *lines, rest = (rest + piece).split(b"\n")
                self.states += [json.loads(line)["object"] for line in lines if line]


def version(thing: Object) -> int:
    """Versions are numbers that only grow, over all kinds (promised since Kubernetes 1.35)."""
    return int(thing["metadata"]["resourceVersion"])


async def test_what_the_job_owns_is_made_between_its_making_and_its_letting_go(
    place: Place, bench: Bench
) -> None:
    """Mutants: a Job that is made unsuspended; files that come after pods look for them."""
    task = bench.secretive(distributed=PAIR)
    watched = Watched(place, task)
    await watched.begin()
    async with bench.session(node_selector=NOWHERE) as s:
        await s.engine.start(task)
        top = await placed(s, place, task)
        owned = [thing for resource in (CONFIGMAPS, SECRETS, SERVICES)
                 for thing in await place.of(resource, task)]  # fmt: skip

        async def let_go() -> Object | None:
            return next((o for o in watched.states if not o["spec"]["suspend"]), None)

        free = await place.until(let_go, "the watch shows the job let go")
        await s.engine.stop(task.name)
        await s.ended(task.name)
    await watched.end()
    first = watched.states[0]
    assert first["spec"]["suspend"]
    assert len(owned) == 4, "two ConfigMaps, a Secret and a Service"
    for thing in owned:
        (owner,) = thing["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("Job", top["metadata"]["uid"])
        assert not owner.get("blockOwnerDeletion")
        assert version(first) < version(thing) < version(free)


async def test_everything_is_named_and_labelled_after_the_attempt(
    place: Place, bench: Bench
) -> None:
    task = bench.secretive(distributed=PAIR)
    async with bench.session(node_selector=NOWHERE) as s:
        await s.engine.start(task)
        top = await placed(s, place, task)
        found = {resource.kind: await place.of(resource, task) for resource in LEFT}
        await s.engine.stop(task.name)
        await s.ended(task.name)
    name = names.of(task.name)
    wanted = names.labels(task, site.of(bench.root))
    for thing in [thing for things in found.values() for thing in things]:
        assert thing["metadata"]["name"].startswith(name)
        assert thing["metadata"]["labels"].items() >= wanted.items()
    assert [thing["metadata"]["name"] for thing in found["Service"]] == [name]
    assert [thing["metadata"]["name"] for thing in found["Secret"]] == [name]
    assert top["metadata"]["annotations"].items() >= names.remarks(task).items()
    assert {pod["spec"]["hostname"] for pod in found["Pod"]} == {f"{name}-0", f"{name}-1"}
    assert not any(pod["spec"]["automountServiceAccountToken"] for pod in found["Pod"])


async def test_the_service_selects_the_jobs_pods_and_no_others(place: Place, bench: Bench) -> None:
    """Mutant: a selector that selects nothing, which machines without DNS would not notice."""
    tasks = [bench.secretive(distributed=PAIR) for _ in range(2)]
    async with bench.session(node_selector=NOWHERE) as s:
        for task in tasks:
            await s.engine.start(task)
        for task in tasks:
            await placed(s, place, task)
            (service,) = await place.of(SERVICES, task)
            assert service["spec"]["clusterIP"] == "None"
            selector = ",".join(f"{k}={v}" for k, v in service["spec"]["selector"].items())
            selected, own = await place.listed(PODS, selector), await place.of(PODS, task)
            assert [p["metadata"]["uid"] for p in selected] == [p["metadata"]["uid"] for p in own]
            assert {p["spec"]["subdomain"] for p in own} == {service["metadata"]["name"]}
        for task in tasks:
            await s.engine.stop(task.name)
            await s.ended(task.name)


async def test_what_an_earlier_server_had_made_is_gone_on_with(place: Place, bench: Bench) -> None:
    """The one that made the Job was killed before it could write down its uid."""
    task = bench.secretive()
    settings = bench.engine(node_selector=NOWHERE).settings
    kind = choose.named("job")
    cargo = bundle.cargo(task, settings, kind)
    draft = objects.draft(
        task, settings, cargo, site=site.of(bench.root), namespace=place.namespace, queue=None
    )
    made = await place.make(JOBS, kind.manifest(draft))
    for resource, body in list(objects.owned(draft, cargo, kind, made["metadata"]["uid"]))[:2]:
        await place.make(resource, body)
    async with bench.session(node_selector=NOWHERE) as s:
        await s.engine.start(task)
        top = await placed(s, place, task)
        assert top["metadata"]["uid"] == made["metadata"]["uid"]
        await s.engine.stop(task.name)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
    await place.nothing_left(task)


async def test_somebody_elses_job_of_that_name_is_left_alone(place: Place, bench: Bench) -> None:
    task = bench.program("pass")
    theirs = {"restartPolicy": "Never", "containers": [{"name": "x", "image": "python:3.12"}]}
    body = {"metadata": {"name": names.of(task.name)},
            "spec": {"suspend": True, "template": {"spec": theirs}}}  # fmt: skip
    made = await place.make(JOBS, body)
    ended = await bench.run(task)
    assert (ended.outcome, ended.retryable) == (Outcome.FAILED, False)
    assert "did not make" in str(ended.reason)
    found = await place.found(JOBS, names.of(task.name))
    assert found is not None
    assert (found["metadata"]["uid"], found["spec"]["suspend"]) == (made["metadata"]["uid"], True)
    await place.delete(JOBS, names.of(task.name))


async def test_two_servers_of_one_root_make_one_job(place: Place, bench: Bench) -> None:
    task = bench.secretive()
    async with (
        bench.session(node_selector=NOWHERE) as one,
        bench.session(node_selector=NOWHERE) as two,
    ):
        await asyncio.gather(one.engine.start(task), two.engine.start(task))
        await asyncio.gather(*(s.first(task.name, Waiting) for s in (one, two)))
        await placed(one, place, task)
        assert len(await place.of(JOBS, task)) == 1
        assert len(await place.of(PODS, task)) == 1
        await one.engine.stop(task.name)
        await two.engine.stop(task.name)
        ends = await asyncio.gather(*(s.ended(task.name) for s in (one, two)))
    assert {ended.outcome for ended in ends} == {Outcome.STOPPED}
    await place.nothing_left(task)


async def test_what_is_left_after_a_stop_is_nothing(place: Place, bench: Bench) -> None:
    task = bench.secretive(distributed=PAIR, resources=SMALL)
    async with bench.session(node_selector=NOWHERE) as s:
        await s.engine.start(task)
        await placed(s, place, task)
        await s.engine.stop(task.name)
        assert (await s.ended(task.name)).outcome is Outcome.STOPPED
        assert await place.of(PODS, task) == []
    await place.nothing_left(task)
