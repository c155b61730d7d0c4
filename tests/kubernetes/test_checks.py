"""What the cluster can't honour is refused by the field's name, with the way out."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.kubernetes.checks import check
from submarine_ext.engines.kubernetes.kinds.base import Resource
from submarine_ext.engines.kubernetes.kinds.choose import Served
from submarine_ext.engines.kubernetes.settings import GpuType, Settings
from submarine_ext.errors import Invalid
from tests.kubernetes import drafts

PLAIN = Served(resources=(Resource("batch", "v1", "jobs", "Job"),))
GIVEN = Settings(
    images=["registry.example.org/*", "pytorch/pytorch:2.*"],
    gpu_types={"a100": GpuType(labels={}), "h200": GpuType(labels={})},
    max_timeout_seconds=3600,
)


def spec(**fields):
    return JobSpec(**({"command": ["true"]} | fields))


def shape(framework, nodes=2):
    return Distributed(framework=Framework(framework), nodes=nodes)


REFUSED = {
    "a path": (spec(environment="/usr/bin/python3"), "environment", "Name an image"),
    "a relative path": (spec(environment="./venv/bin/python"), "environment", "Name an image"),
    "no image at all": (spec(environment="my image"), "environment", "no container image"),
    "an image with an option": (spec(environment="-v"), "environment", "no container image"),
    "an image in capitals": (spec(environment="Python:3"), "environment", "no container image"),
    "an image of elsewhere": (spec(environment="evil.example.org/x"), "environment", "not allowed"),
    "an image that looks allowed": (
        spec(environment="registry.example.org.evil.org/x"),
        "environment",
        "not allowed",
    ),
    "an unknown GPU": (
        spec(resources=Resources(gpu=1, gpu_type="v100")),
        "resources.gpu_type",
        "There is: a100, h200",
    ),
    "a type of no GPUs": (
        spec(resources=Resources(gpu_type="a100")),
        "resources.gpu_type",
        "resources.gpu",
    ),
    "too long": (spec(timeout_seconds=3601), "timeout_seconds", "3600 seconds"),
    "a priority": (spec(priority=1), "priority", "Leave it out"),
    "a queue where there are none": (spec(queue="team-a"), "queue", "Kueue is not installed"),
    "a queue with a strange name": (spec(queue="Team A"), "queue", "no queue's name"),
    "GPUs of others": (
        spec(env={"NVIDIA_VISIBLE_DEVICES": "all"}),
        "env.NVIDIA_VISIBLE_DEVICES",
        "resources.gpu",
    ),
    "GPUs of others by a secret": (
        spec(secrets=["NVIDIA_VISIBLE_DEVICES"]),
        "secrets",
        "resources.gpu",
    ),
    "torchrun's own variables": (spec(env={"PET_NNODES": "9"}), "env.PET_NNODES", "the engine"),
    "a secret of the controller's name": (
        spec(secrets=["JOB_COMPLETION_INDEX"]),
        "secrets",
        "the engine",
    ),
    "a rank of one's own": (
        spec(env={"RANK": "0"}, distributed=shape("torch", 1)),
        "env.RANK",
        "the engine",
    ),
    "a master of one's own": (
        spec(env={"MASTER_PORT": "x"}, distributed=shape("none")),
        "env.MASTER_PORT",
        "the engine",
    ),
    "variables without end": (
        spec(env={f"V{n}": "x" * 32_000 for n in range(20)}),
        "env",
        "512 KiB",
    ),
    "mpi without mpirun": (
        spec(command=["python", "t.py"], distributed=shape("mpi")),
        "distributed.framework",
        "the command is mpirun",
    ),
    "mpi without its operator": (
        spec(command=["mpirun", "t"], distributed=shape("mpi")),
        "distributed.framework",
        "MPI operator",
    ),
    "a notebook on two nodes": (
        JobSpec(notebook="n.ipynb", distributed=shape("torch")),
        "distributed",
        "one process",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_by_the_fields_name(case):
    wrong, field, words = REFUSED[case]
    with pytest.raises(Invalid) as refusal:
        check(wrong, GIVEN, PLAIN)
    assert refusal.value.field == field
    assert field in refusal.value.detail
    assert words in refusal.value.detail
    assert refusal.value.detail.endswith(".")


ACCEPTED = {
    "nothing special": spec(),
    "the usual image": spec(environment="python:3.12"),
    "an allowed image": spec(environment="registry.example.org/team/torch@sha256:" + "0" * 64),
    "an allowed tag": spec(environment="pytorch/pytorch:2.13.0-cuda13.0-cudnn9-runtime"),
    "a known GPU": spec(resources=Resources(gpu=1, gpu_type="h200")),
    "as long as allowed": spec(timeout_seconds=3600),
    "a rank that nobody else sets": spec(env={"RANK": "0", "MASTER_ADDR": "x"}),
    "several nodes": spec(distributed=shape("torch")),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_it_is_accepted(case):
    check(ACCEPTED[case], GIVEN, PLAIN)
    check(ACCEPTED[case], GIVEN, None)


def test_what_depends_on_the_cluster_is_left_open_until_it_is_known():
    check(spec(queue="team-a"), GIVEN, None)
    check(spec(command=["mpirun", "t"], distributed=shape("mpi")), GIVEN, None)


def test_an_administrators_queue_without_kueue_is_said_to_be_the_administrators():
    with pytest.raises(Invalid, match="Ask an administrator"):
        check(spec(), Settings(queue="team-a"), PLAIN)


@settings(max_examples=2000, deadline=None)
@given(seed=drafts.seeds)
def test_any_spec_is_accepted_or_refused_by_a_fields_name(seed):
    random = Random(seed)
    refusal = _refusal(drafts.spec(random), drafts.settings(random))
    assert refusal is None or refusal.field.split(".")[0] in refusal.detail


def _refusal(spec, given_settings):
    try:
        check(spec, given_settings, PLAIN)
    except Invalid as refusal:
        return refusal
    return None
