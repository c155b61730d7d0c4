"""Each kind reads its own states, knows its pods, and is chosen where the cluster has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec
from submarine_ext.engines.kubernetes.kinds.base import Resource, Verdict
from submarine_ext.engines.kubernetes.kinds.choose import Served, choose, named
from submarine_ext.engines.kubernetes.kinds.job import Job
from submarine_ext.engines.kubernetes.settings import Choice, Settings
from submarine_ext.errors import Invalid

RECORDED = Path(__file__).parents[1] / "cluster" / "recordings" / "job-conditions.json"
ENDS = {exchange["note"].split(":")[0]: exchange["watched"]
        for exchange in json.loads(RECORDED.read_text())["exchanges"]}  # fmt: skip

BATCH = Resource("batch", "v1", "jobs", "Job")
KUEUE = Resource("kueue.x-k8s.io", "v1beta2", "localqueues", "LocalQueue")


def course(watched):
    """What a Job's states were, one after the other."""
    seen = []
    for event in watched:
        if event["object"]["kind"] == "Job" and event["type"] != "DELETED":
            event["object"]["metadata"]["uid"] = "u"
            top = Job().read(event["object"])
            state = (top.suspended, top.verdict, top.settled, top.reason)
            seen += [state] if seen[-1:] != [state] else []
    return seen


# What a real API server's Jobs show.


def test_a_verdict_is_announced_before_the_last_pod_has_ended():
    good, reason = Verdict.SUCCEEDED, "CompletionsReached"
    assert course(ENDS["success"]) == [
        (False, None, False, None),
        (False, good, False, reason),
        (False, good, True, reason),
    ]


def test_a_failed_rank_settles_when_the_others_have_ended():
    bad, reason = Verdict.FAILED, "BackoffLimitExceeded"
    assert course(ENDS["two indexes, one fails"]) == [
        (False, None, False, None),
        (False, bad, False, reason),
        (False, bad, True, reason),
    ]


def test_an_eviction_fails_the_attempt():
    note = "the pod evicted through the API (DisruptionTarget, EvictionByEvictionAPI) with rule"
    watched = next(watched for name, watched in ENDS.items() if name.startswith(note))
    assert course(watched)[-1] == (False, Verdict.FAILED, True, "PodFailurePolicy")


def test_a_suspended_job_has_no_verdict():
    states = course(ENDS["created suspended, resumed, suspended while running, resumed"])
    assert [suspended for suspended, *_ in states[:4]] == [True, False, True, False]
    assert [verdict for _, verdict, *_ in states[:4]] == [None] * 4


def test_every_recorded_reason_is_read():
    reasons = {course(watched)[-1][3] for watched in ENDS.values()}
    assert reasons == {None, "BackoffLimitExceeded", "CompletionsReached", "DeadlineExceeded",
                       "FailedIndexes", "MaxFailedIndexesExceeded", "PodFailurePolicy",
                       "SuccessPolicy"}  # fmt: skip


# Objects of the operators.


def top(*conditions, spec=None, **status):
    true = [{"type": kind, "status": "True", "reason": f"Is{kind}", "message": "m"}
            for kind in conditions]  # fmt: skip
    return {
        "metadata": {"uid": "u", "name": "j"},
        "spec": spec or {},
        "status": {"conditions": true, **status},
    }


OPERATED = ("pytorchjob", "tfjob", "xgboostjob", "mpijob", "mpijob-v1")


@pytest.mark.parametrize("kind", OPERATED)
def test_an_operators_verdict_is_its_last_condition(kind):
    read = named(kind).read
    assert read(top("Created", "Running")).verdict is None
    assert read(top("Created", "Restarting")).verdict is None
    good, bad = read(top("Created", "Succeeded")), read(top("Created", "Failed"))
    assert (good.verdict, good.settled, good.reason) == (Verdict.SUCCEEDED, True, "IsSucceeded")
    assert (bad.verdict, bad.settled, bad.reason) == (Verdict.FAILED, True, "IsFailed")


@pytest.mark.parametrize("kind", ["job", "trainjob", *OPERATED])
def test_an_object_without_any_status_yet_has_no_verdict(kind):
    fresh = {"metadata": {"uid": "u"}, "spec": {}}
    assert named(kind).read(fresh).verdict is None


def test_a_trainjob_settles_when_none_of_its_steps_is_active():
    read = named("trainjob").read
    assert read(top("Failed", jobsStatus=[{"name": "node", "active": 1}])).verdict is Verdict.FAILED
    assert not read(top("Failed", jobsStatus=[{"name": "node", "active": 1}])).settled
    assert read(top("Failed", jobsStatus=[{"name": "node", "active": 0, "failed": 1}])).settled
    assert read(top("Complete")).verdict is Verdict.SUCCEEDED
    assert read(top("Suspended", spec={"suspend": True})).suspended


def pod(labels=None, annotations=None):
    return {"metadata": {"labels": labels or {}, "annotations": annotations or {}}}


INDEX = "batch.kubernetes.io/job-completion-index"


def replica(role, index):
    return pod({
        "training.kubeflow.org/replica-type": role,
        "training.kubeflow.org/replica-index": str(index),
        "training.kubeflow.org/job-role": role,
    })  # fmt: skip


def test_a_pod_tells_its_node():
    assert named("job").node(pod(annotations={INDEX: "3"})) == 3
    assert named("job").node(pod({INDEX: "2"})) == 2
    assert named("trainjob").node(pod({INDEX: "2"})) == 2
    for kind in ("pytorchjob", "xgboostjob"):
        assert named(kind).node(replica("master", 0)) == 0
        assert named(kind).node(replica("worker", 0)) == 1
    assert named("tfjob").node(replica("worker", 0)) == 0


def test_a_pod_that_runs_no_rank_is_no_node():
    initializer = {INDEX: "0", "jobset.sigs.k8s.io/replicatedjob-name": "dataset-initializer"}
    assert named("trainjob").node(pod(initializer)) is None
    assert named("mpijob").node(replica("launcher", 0)) == 0
    assert named("mpijob").node(replica("worker", 0)) is None


def test_hosts_are_as_each_controller_calls_its_pods():
    assert named("job").hosts("j", 1) == ["localhost"]
    assert named("job").hosts("j", 2) == ["j-0.j", "j-1.j"]
    assert named("trainjob").hosts("j", 2) == ["j-node-0-0.j", "j-node-0-1.j"]
    assert named("pytorchjob").hosts("j", 3) == ["j-master-0", "j-worker-0", "j-worker-1"]
    assert named("tfjob").hosts("j", 2) == ["j-worker-0", "j-worker-1"]
    assert named("mpijob").hosts("j", 2) == []


# Choosing.


def served(*kinds, kueue=False, trainjob=frozenset({"runtimePatches"})):
    found = [BATCH, *(named(kind).resource for kind in kinds)]
    return Served(resources=tuple(found + ([KUEUE] if kueue else [])), trainjob=trainjob)


EVERYTHING = ("trainjob", *OPERATED)


def spec(framework="torch", nodes=2, **fields):
    shape = Distributed(framework=Framework(framework), nodes=nodes)
    return JobSpec(**({"command": ["true"]} | fields), distributed=shape)


def chosen(what, kinds=(), kind=Choice.AUTO, **how):
    return choose(what, Settings(kind=kind), served(*kinds, **how)).name


def test_one_node_is_a_plain_job_whatever_the_cluster_has():
    for kind in Choice:
        assert chosen(spec(nodes=1), EVERYTHING, kind) == "job"


def test_several_nodes_are_what_the_cluster_has_for_the_framework():
    assert chosen(spec(), ()) == "job"
    assert chosen(spec(), EVERYTHING) == "trainjob"
    assert chosen(spec(), ("pytorchjob", "tfjob")) == "pytorchjob"
    assert chosen(spec("tensorflow"), EVERYTHING) == "tfjob"
    assert chosen(spec("xgboost"), EVERYTHING) == "xgboostjob"
    assert chosen(spec("none"), EVERYTHING) == "job"
    assert chosen(spec("mpi"), EVERYTHING) == "mpijob"


def test_a_trainer_too_old_to_label_pods_is_not_used():
    old = frozenset({"podSpecOverrides", "runtimeRef"})
    assert chosen(spec(), ("trainjob", "pytorchjob"), trainjob=old) == "pytorchjob"
    assert chosen(spec(), ("trainjob",), trainjob=frozenset({"podTemplateOverrides"})) == "trainjob"


def test_jobs_with_a_queue_become_what_kueue_lets_run():
    queued = spec(queue="team-a")
    assert chosen(queued, ("pytorchjob",), kueue=True) == "job"
    assert chosen(queued, ("pytorchjob", "trainjob"), kueue=True) == "trainjob"
    assert chosen(queued, ("pytorchjob",), Choice.OPERATOR, kueue=True) == "pytorchjob"


def test_an_administrators_choice_goes_first():
    assert chosen(spec(), EVERYTHING, Choice.JOB) == "job"
    assert chosen(spec(), EVERYTHING, Choice.OPERATOR) == "pytorchjob"
    assert chosen(spec("xgboost"), EVERYTHING, Choice.TRAINJOB) == "trainjob"


REFUSED = {
    "a TrainJob where there is none": (spec(), (), Choice.TRAINJOB, "no Kubeflow Trainer"),
    "an operator where there is none": (spec(), ("tfjob",), Choice.OPERATOR, "no PyTorchJob"),
    "an operator for no framework": (spec("none"), EVERYTHING, Choice.OPERATOR, "no operator for"),
    "mpi without its operator": (spec("mpi"), (), Choice.AUTO, "MPI operator"),
    "mpi as plain Jobs": (spec("mpi"), EVERYTHING, Choice.JOB, 'only kind "job"'),
    "mpi with a token that nobody allowed": (spec("mpi"), ("mpijob-v1",), Choice.AUTO, "token"),
    "more variables than a TrainJob has": (
        spec(env={f"V{n}": "" for n in range(121)}),
        ("trainjob",),
        Choice.TRAINJOB,
        "at most 120 variables",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_had_is_refused_in_words(case):
    what, kinds, kind, words = REFUSED[case]
    with pytest.raises(Invalid, match=words) as refusal:
        chosen(what, kinds, kind)
    assert refusal.value.field in {"distributed", "distributed.framework"}
    assert refusal.value.detail.startswith(refusal.value.field)


def test_the_old_mpi_operator_is_used_where_an_administrator_said_so():
    assert chosen(spec("mpi"), ("mpijob-v1",), Choice.OPERATOR) == "mpijob-v1"


def test_the_kinds_to_watch_are_those_that_the_cluster_has():
    assert [kind.name for kind in served("tfjob", "trainjob").usable] == [
        "job",
        "trainjob",
        "tfjob",
    ]
