"""The cluster takes every object of every kind that it serves, and takes all of them away."""

from __future__ import annotations

import uuid

import pytest

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.kubernetes import names, objects
from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.cargo import Cargo
from submarine_ext.engines.kubernetes.discovery import discover, fields
from submarine_ext.engines.kubernetes.kinds import choose
from submarine_ext.engines.kubernetes.kinds.base import Draft, Kind
from submarine_ext.engines.kubernetes.kinds.choose import Served
from submarine_ext.engines.kubernetes.kinds.trainjob import TrainJob
from tests.kubernetes import drafts
from tests.kubernetes.integration.bench import NOWHERE
from tests.kubernetes.integration.place import Place

STRICT = {"fieldValidation": "Strict"}
FRAMEWORKS = {"tfjob": Framework.TENSORFLOW, "xgboostjob": Framework.XGBOOST,
              "mpijob": Framework.MPI, "mpijob-v1": Framework.MPI}  # fmt: skip


async def served(place: Place) -> Served:
    api = place.admin.api
    catalogue = await place.admin.on_loop(discover(api, choose.GROUPS))
    known = frozenset()
    if TrainJob.resource in catalogue.resources:
        known = await place.admin.on_loop(fields(api, TrainJob.resource, "spec"))
    return Served(resources=catalogue.resources, trainjob=known)


async def served_kind(place: Place, name: str) -> Kind:
    """The kind as this cluster has it."""
    offer = await served(place)
    if not offer.has(kind := choose.named(name, offer)):
        pytest.skip(f"this cluster has no {kind.resource.kind} ({kind.resource.api_version})")
    return kind


def draft(place: Place, kind: str) -> tuple[Draft, Cargo]:
    """A job with all that a job can have, for machines that no cluster has."""
    spec = JobSpec(
        command=["mpirun", "true"] if kind.startswith("mpi") else ["true"],
        env={"X": "$(Y)", "EMPTY": ""},
        secrets=["TOKEN"],
        resources=Resources(cpu="50m", memory="64Mi", gpu=1),
        distributed=Distributed(framework=FRAMEWORKS.get(kind, Framework.TORCH), nodes=2),
        timeout_seconds=60,
    )
    task = drafts.task(spec, name=f"j{uuid.uuid4().hex[:12]}-1", owner="zoë", project="a b/ü")
    settings = place.target.settings(node_selector=NOWHERE, tolerations=[drafts.TOLERATION])
    load = drafts.cargo(task)
    made = objects.draft(
        task, settings, load, site=f"test{uuid.uuid4().hex[:6]}", namespace=place.namespace,
        queue=None,
    )  # fmt: skip
    return made, load


@pytest.mark.parametrize("kind", drafts.KINDS)
async def test_every_object_is_taken_and_goes_with_the_job(place: Place, kind: str) -> None:
    """Under strict validation, as a dry run and for real, and without a warning."""
    shape = await served_kind(place, kind)
    made, load = draft(place, kind)
    top, path = shape.manifest(made), shape.resource.path(place.namespace)
    warned: list[str] = []
    for params in ({**STRICT, "dryRun": "All"}, STRICT):
        try:
            answer = await place.admin.ask(
                "POST", path, params=params, body=top, warned=warned.append
            )
        except ApiError as error:
            if "webhook" in error.message:  # of an operator that wants more than the API server
                pytest.skip(f"this cluster's operator refuses it: {error.message}")
            raise
    assert shape.read(answer).suspended
    uid = answer["metadata"]["uid"]
    owned = list(objects.owned(made, load, shape, uid))
    for resource, body in owned:
        for params in ({**STRICT, "dryRun": "All"}, STRICT):
            await place.admin.ask(
                "POST", resource.path(place.namespace), params=params, body=body,
                warned=warned.append,
            )  # fmt: skip
    assert warned == []
    await place.delete(shape.resource, made.name)

    async def gone() -> bool:
        return not [
            body["metadata"]["name"]
            for resource, body in owned
            if await place.found(resource, body["metadata"]["name"])
        ]

    await place.until(gone, f"garbage collection after {made.name}")


async def test_an_object_that_does_not_belong_to_the_job_is_not_its_own(place: Place) -> None:
    """What the order of creation rests on: only the real uid keeps owned objects alive."""
    shape = choose.named("job")
    made, load = draft(place, "job")
    stray = list(objects.owned(made, load, shape, drafts.UID))
    await place.admin.ask("POST", shape.resource.path(place.namespace), body=shape.manifest(made))
    for resource, body in stray:
        await place.make(resource, body)

    async def gone() -> bool:
        return not await place.listed(objects.CONFIGMAP, f"{names.SITE}={made.labels[names.SITE]}")

    await place.until(gone, "garbage collection of what has an unknown owner")
    await place.delete(shape.resource, made.name)
