"""A remedy is the same job with one thing changed, so that it can run."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from submarine_ext.domain import remedies
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import memory_bytes
from submarine_ext.domain.specs import check
from submarine_ext.engines.kubernetes.diagnosis.endings import ended
from submarine_ext.engines.kubernetes.diagnosis.waiting import remedy
from submarine_ext.engines.kubernetes.kinds.base import Top
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes import recorded
from tests.kubernetes import views as make
from tests.kubernetes.views import FAILED, TOP, event, spec, unplaced, view, waits, workload

GIB = 1024**3
OOM = {"exitCode": 137, "reason": "OOMKilled"}


def quota(asked: int, limit: int, used: int = 0) -> list[dict[str, object]]:
    message = (
        "exceeded quota: team, "
        f"requested: requests.nvidia.com/gpu={asked}, used: requests.nvidia.com/gpu={used}, "
        f"limited: requests.nvidia.com/gpu={limit}"
    )
    return [event("FailedCreate", message)]


class TestMoreMemory:
    def test_is_doubled_after_an_end_for_want_of_it(self) -> None:
        ending = ended(view(spec(memory="16Gi"), top=FAILED, pods=[make.ended(OOM)]))
        assert ending.remedy == spec(memory="32Gi")

    @pytest.mark.parametrize(("used", "memory"), [(10, "128Mi"), (128, "256Mi"), (700, "1024Mi")])
    def test_is_doubled_until_it_holds_what_was_used(self, used: int, memory: str) -> None:
        told = {"kind": "exited", "rank": 0, "code": -9, "oom": True, "used": used << 20}
        ending = ended(view(spec(memory="64Mi"), top=FAILED, reports={0: told}))
        assert ending.remedy == spec(memory=memory)

    def test_starts_from_the_limit_that_the_namespace_gave(self) -> None:
        killed = make.ended(OOM)
        killed["spec"]["containers"][0]["resources"] = {"limits": {"memory": "512Mi"}}
        ending = ended(view(top=FAILED, pods=[killed]))
        assert ending.remedy is not None
        assert memory_bytes(ending.remedy.resources.memory or 0) == GIB

    def test_is_offered_for_nothing_else(self) -> None:
        killed = make.ended({"exitCode": 137, "reason": "Error"})
        assert ended(view(spec(memory="1Gi"), top=FAILED, pods=[killed])).remedy is None


class TestFewerGpus:
    NEVER = next(
        m
        for m in recorded.unschedulable()
        if "4 Insufficient nvidia.com/gpu." in m and "4 Preemption is not helpful" in m
    )

    def test_half_where_no_machine_has_as_many(self) -> None:
        assert remedy(view(spec(gpu=8), pods=[unplaced(self.NEVER)])) == spec(gpu=4)

    def test_none_where_one_is_too_many(self) -> None:
        assert remedy(view(spec(gpu=1), pods=[unplaced(self.NEVER)])) is None

    def test_none_where_waiting_helps(self) -> None:
        busy = self.NEVER.replace("4 Preemption is not helpful", "4 No preemption victims")
        assert remedy(view(spec(gpu=8), pods=[unplaced(busy)])) is None

    def test_as_many_as_the_quota_has_in_all(self) -> None:
        assert remedy(view(spec(gpu=4), events=quota(4, 2))) == spec(gpu=2)

    def test_shared_among_the_machines(self) -> None:
        assert remedy(view(spec(gpu=8, nodes=2), events=quota(8, 6))) == spec(gpu=3, nodes=2)

    def test_none_where_the_quota_is_only_full(self) -> None:
        assert remedy(view(spec(gpu=2), events=quota(2, 8, used=8))) is None


class TestTheQueuesMaximum:
    def waits(self, job: JobSpec, resource: str, numbers: str) -> JobSpec | None:
        message = (
            f"insufficient quota for {resource} in flavor f, request > maximum capacity ({numbers})"
        )
        given = workload(message, QuotaReserved=("False", "Pending"))
        top = Top(uid=TOP, suspended=True)
        return remedy(view(job, queue="team-a", workload=given, top=top))

    def test_of_gpus(self) -> None:
        assert self.waits(spec(gpu=12), "nvidia.com/gpu", "12 > 9") == spec(gpu=9)

    def test_of_gpus_of_several_machines(self) -> None:
        assert self.waits(spec(gpu=8, nodes=2), "nvidia.com/gpu", "16 > 9") == spec(gpu=4, nodes=2)

    def test_of_memory(self) -> None:
        assert self.waits(spec(memory="24Gi"), "memory", "24Gi > 16Gi") == spec(memory="16Gi")

    def test_of_cpus(self) -> None:
        assert self.waits(spec(cpu=12), "cpu", "12 > 4500m") == spec(cpu="4500m")


class TestAnotherImage:
    def test_the_servers_own_where_the_named_one_does_not_exist(self) -> None:
        wrong = waits("ErrImagePull", "manifest unknown", image="registry.example.org/x:1")
        assert remedy(view(spec(environment="registry.example.org/x:1"), pods=[wrong])) == spec()

    def test_none_where_it_is_the_servers_own_that_is_missing(self) -> None:
        wrong = waits("ErrImagePull", "manifest unknown")
        assert remedy(view(spec(), pods=[wrong])) is None
        named = spec(environment="python:3.12")
        assert remedy(view(named, settings=Settings(image="python:3.12"), pods=[wrong])) is None

    def test_none_where_a_login_is_missing(self) -> None:
        closed = waits("ErrImagePull", "401 Unauthorized")
        assert remedy(view(spec(environment="registry.example.org/x:1"), pods=[closed])) is None


class TestLimitsOfTheNamespace:
    def test_all_that_is_too_much_is_made_smaller(self) -> None:
        message = next(m for m in recorded.events("FailedCreate") if "maximum cpu" in m)
        told = [event("FailedCreate", message)]
        assert remedy(view(spec(cpu=4, memory="4Gi"), events=told)) == spec(cpu=2, memory="2Gi")


@pytest.mark.parametrize(
    "changed",
    [
        remedies.more_memory(spec(memory="16Gi")),
        remedies.at_most_memory(spec(memory="16Gi"), 3 * GIB),
        remedies.at_most_gpus(spec(gpu=8), 3),
        remedies.at_most_cpus(spec(cpu=8), 2500),
        remedies.in_environment(replace(spec(), environment="x"), None),
    ],
)
def test_a_remedy_is_a_sound_spec(changed: JobSpec | None) -> None:
    assert changed is not None
    check(changed)
