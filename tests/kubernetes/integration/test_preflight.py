"""What is known of a job beforehand, of real quotas, limits and policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from submarine_ext.domain.jobs import Distributed, Resources
from submarine_ext.engines.base import Finding
from submarine_ext.testing.session import session
from tests.kubernetes.integration.bench import Bench
from tests.kubernetes.integration.place import Place
from tests.kubernetes.integration.target import JOBS, PODS, QUOTAS, RANGES

More = Callable[..., Place]
GPU = "requests.nvidia.com/gpu"


async def look(bench: Bench, place: Place, *, settings: Any = None, **fields: Any) -> list[Finding]:
    """What preflight finds once the engine is connected."""
    async with session(bench.engine(place=place, **(settings or {}))) as s:
        await bench.examined(s)
        return await s.engine.preflight(bench.prospect(**fields))


async def quota(place: Place, **hard: str) -> None:
    """A quota, counted by the cluster's controller."""
    await place.make(QUOTAS, {"metadata": {"name": "team"}, "spec": {"hard": hard}})

    async def counted() -> bool:
        found = await place.found(QUOTAS, "team")
        return bool(found and (found.get("status") or {}).get("used"))

    await place.until(counted, "the quota is counted")


async def test_an_ordinary_job_has_nothing_against_it(bench: Bench, place: Place) -> None:
    assert await look(bench, place) == []


async def test_more_gpus_than_the_quota_holds_is_fatal(bench: Bench, another: More) -> None:
    place = another()
    await quota(place, **{GPU: "2"})
    wanted = Resources(cpu="50m", gpu=2)
    found = (await look(bench, place, resources=wanted, distributed=Distributed(nodes=2)))[0]
    assert (found.field, found.fatal) == ("resources.gpu", True)
    assert "holds 2 GPUs in all; this asks for 4" in found.text


async def test_a_full_quota_is_waited_for(bench: Bench, another: More) -> None:
    place = another()
    pod = {"restartPolicy": "Never", "containers": [{"name": "x", "image": "python:3.12"}]}
    body = {"metadata": {"name": "one"}, "spec": {"suspend": True, "template": {"spec": pod}}}
    await place.make(JOBS, body)
    await quota(place, **{"count/jobs.batch": "1"})
    found = await look(bench, place)
    assert {f.fatal for f in found} == {False}
    assert "1 of 1" in found[0].text


async def test_memory_that_must_be_said_is_asked_for(bench: Bench, another: More) -> None:
    place = another()
    await quota(place, **{"limits.memory": "8Gi"})
    found = await look(bench, place)
    assert {f.field for f in found if f.fatal} == {"resources.memory"}
    assert await look(bench, place, resources=Resources(cpu="50m", memory="64Mi")) == []


async def test_a_limit_range_is_named_with_its_numbers(bench: Bench, another: More) -> None:
    place = another()
    limit = {"type": "Container", "max": {"memory": "2Gi"}}
    await place.make(RANGES, {"metadata": {"name": "team"}, "spec": {"limits": [limit]}})

    async def found() -> list[Finding]:  # admission learns of it a moment later
        return await look(bench, place, resources=Resources(cpu="50m", memory="4Gi"))

    one = (await place.until(found, "the limit is known"))[0]
    assert (one.field, one.fatal) == ("resources.memory", True)
    assert "at most 2 GiB of memory" in one.text


async def test_jobs_are_within_the_strictest_policy(bench: Bench, another: More) -> None:
    modes = ("enforce", "warn", "audit")
    place = another({f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes})
    wanted = Resources(cpu="50m", memory="64Mi", gpu=1)
    assert await look(bench, place, resources=wanted) == []


async def test_a_namespace_that_does_not_exist_is_named(bench: Bench, place: Place) -> None:
    nowhere = {"namespaces": {"project:vision": "submarine-ext-test-nowhere"}}
    found = await look(bench, place, settings=nowhere)
    assert found[0].fatal
    wanted = "submarine-ext-test-nowhere" + (" does not exist" if place.mine else "")
    assert wanted in found[0].text


async def test_nothing_is_left_by_looking(bench: Bench, another: More) -> None:
    place = another()
    await look(bench, place, resources=Resources(cpu="50m", gpu=1))
    assert [await place.listed(resource) for resource in (JOBS, PODS)] == [[], []]
