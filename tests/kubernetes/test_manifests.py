"""Whatever people submit, the objects are valid and stay inside what is written here by hand.

Security matrix B22 (a pod spec that is merged with what users give), B18 (injection).
Mutants in ``MUTANTS`` are broken templates; each is caught by the test named there.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.kubernetes import objects, template
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.kinds.trainjob import TrainJob
from submarine_ext.engines.kubernetes.settings import GpuType, Settings
from tests.kubernetes import drafts, schemas
from tests.kubernetes.drafts import SITE, UID, made, pods, task

MANY = settings(max_examples=5000, deadline=None)
SOME = settings(max_examples=300, deadline=None)


# What a pod may hold, and what each thing may be. A name that is not here is refused.

Rule = Any  # a set of values, a type, a dict of rules by name, [rule of each], or a function
QUANTITY = r"[0-9]+(m|Ki|Mi|Gi)?"


def either(*rules: Rule) -> Any:
    return lambda value, ours: any(_inside(value, rule, ours) is None for rule in rules)


def matches(pattern: str) -> Any:
    return lambda value, ours: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def of_settings(read: Any) -> Any:
    """Exactly what the administrator wrote."""
    return lambda value, ours: value == read(ours)


def _own(pattern: str) -> Any:
    return lambda value, ours: matches(pattern.format(name=ours.name))(value, ours)


ENV = {
    "name": matches(r"[A-Za-z_][A-Za-z0-9_]*"),
    "value": str,
    "valueFrom": either(
        {"secretKeyRef": {"name": _own("{name}"), "key": matches(r"[A-Za-z_][A-Za-z0-9_]*")}},
        {"fieldRef": {"fieldPath": {
            "metadata.annotations['batch.kubernetes.io/job-completion-index']",
            "metadata.labels['training.kubeflow.org/replica-index']",
        }}},
    ),
}  # fmt: skip
AMOUNTS = {"cpu": matches(QUANTITY), "memory": matches(QUANTITY), "nvidia.com/gpu": {"1", "8"},
           "example.org/h200": {"1", "8"}, "ephemeral-storage": {"10Gi"}}  # fmt: skip
CONTAINER = {
    "name": {"main", "node", "pytorch", "tensorflow", "xgboost", "mpi", "launcher", "worker"},
    "image": str,
    "command": [str],
    "env": [ENV],
    "resources": {"requests": AMOUNTS, "limits": AMOUNTS},
    "securityContext": {"allowPrivilegeEscalation": {False}, "capabilities": {"drop": [{"ALL"}]}},
    "terminationMessagePolicy": {"FallbackToLogsOnError"},
    "volumeMounts": [{
        "name": {"bundle", "workspace", "shm", "tmp", "staged"},
        "mountPath": {"/submarine", "/workspace", "/dev/shm", "/tmp", "/workspace/staged"},
        "readOnly": {True},
        "subPath": _own("{name}"),
    }],
}  # fmt: skip
VOLUME = {
    "name": {"bundle", "workspace", "shm", "tmp", "staged"},
    "projected": {"sources": [{"configMap": {
        "name": _own("{name}-(code-[0-9]+|kit)-[0-9a-f]{{12}}"),
        "items": [{"key": str, "path": matches(r"(bundle/part-[0-9]{3}|kit/[a-z_/.]+)")}],
    }}]},
    "emptyDir": {"medium": {"Memory"}, "sizeLimit": matches(QUANTITY)},
    "persistentVolumeClaim": {"claimName": {"staging"}},
}  # fmt: skip
POD = {
    "restartPolicy": {"Never"},
    "terminationGracePeriodSeconds": of_settings(lambda ours: ours.settings.grace_seconds),
    "automountServiceAccountToken": {False},
    "enableServiceLinks": {False},
    "activeDeadlineSeconds": int,
    "subdomain": _own("{name}"),
    "serviceAccountName": {"runner"},
    "imagePullSecrets": [{"name": {"registry"}}],
    "nodeSelector": {"pool": {"batch"}, "gpu": {"a100", "h200"}},
    "tolerations": [{"key": {"gpu"}, "operator": {"Exists"}, "effect": {"NoSchedule"}}],
    "securityContext": {
        "runAsNonRoot": {True},
        "runAsUser": of_settings(lambda ours: ours.settings.run_as_user),
        "runAsGroup": of_settings(lambda ours: ours.settings.run_as_user),
        "fsGroup": of_settings(lambda ours: ours.settings.run_as_user),
        "fsGroupChangePolicy": {"OnRootMismatch"},
        "seccompProfile": {"type": {"RuntimeDefault"}},
    },
    "containers": [CONTAINER],
    "volumes": [VOLUME],
}


MUST = ("automountServiceAccountToken", "enableServiceLinks", "restartPolicy", "securityContext")
MUST_CONTAINER = ("securityContext", "terminationMessagePolicy")


class Ours:
    """What rules compare with."""

    def __init__(self, name: str, given: Settings) -> None:
        self.name, self.settings = name, given


def _inside(value: Any, rule: Rule, ours: Ours) -> str | None:
    """None where the value is inside the rule, else where it is not."""
    if isinstance(rule, dict):
        if not isinstance(value, dict):
            return f"{value!r} is no object"
        for name, inner in value.items():
            if name not in rule:
                return f".{name} may not be there"
            if problem := _inside(inner, rule[name], ours):
                return f".{name}{problem}"
        return None
    if isinstance(rule, list):
        found = (f"[{n}]{p}" for n, item in enumerate(value) if (p := _inside(item, rule[0], ours)))
        return next(found, None) if isinstance(value, list) else f"{value!r} is no list"
    if isinstance(rule, set):
        return None if value in rule else f": {value!r}"
    if isinstance(rule, type):
        return None if type(value) is rule else f": {value!r}"
    return None if rule(value, ours) else f": {value!r}"


def outside(top: dict[str, Any], given: Settings) -> list[str]:
    """Everything in the pods of a top object that nobody allowed."""
    ours = Ours(top["metadata"]["name"], given)
    found = []
    for pod in pods(top):
        spec = dict(pod["spec"])
        if _may_have_a_token(top, pod):
            assert spec.pop("serviceAccountName", None) is None
            spec["automountServiceAccountToken"] = not spec["automountServiceAccountToken"]
        found += [p] if (p := _inside(spec, POD, ours)) else []
        if top["kind"] != "TrainJob":  # which only changes a pod that its runtime has
            found += [f".{name} is missing" for name in MUST if name not in spec]
            found += [
                f".containers: {name} is missing"
                for name in MUST_CONTAINER
                if any(name not in container for container in spec["containers"])
            ]
    return found


def _may_have_a_token(top: dict[str, Any], pod: dict[str, Any]) -> bool:
    """The launcher of the old MPI operator, whose account is the operator's own."""
    v1 = (top["kind"], top["apiVersion"]) == ("MPIJob", "kubeflow.org/v1")
    return v1 and pod is top["spec"]["mpiReplicaSpecs"]["Launcher"]["template"]


# What a kubelet makes of an env value (its documented expansion), written independently.


def expanded(value: str, known: dict[str, str]) -> str:
    out, at = "", 0
    while at < len(value):
        if value.startswith("$$", at):
            out, at = out + "$", at + 2
        elif value.startswith("$(", at) and (end := value.find(")", at)) > 0:
            name = value[at + 2 : end]
            out, at = out + known.get(name, f"$({name})"), end + 1
        else:
            out, at = out + value[at], at + 1
    return out


every_kind = pytest.mark.parametrize("kind", drafts.KINDS)


@SOME
@given(case=drafts.cases)
def test_every_object_is_valid_for_the_api_server(case):
    for obj in case.made:
        assert schemas.problems(obj) == []


@MANY
@given(case=drafts.cases)
def test_nothing_of_a_spec_gets_out_of_what_is_allowed(case):
    """B22: 5,000 specs. Catches every one of MUTANTS."""
    top, *owned = case.made
    assert outside(top, case.settings) == []
    assert {obj["metadata"]["namespace"] for obj in (top, *owned)} == {"team-a"}
    for obj in owned:
        assert obj["kind"] in {"ConfigMap", "Secret", "Service"}
        assert [ref["uid"] for ref in obj["metadata"]["ownerReferences"]] == [UID]
        assert obj["metadata"]["name"].startswith(top["metadata"]["name"])


@SOME
@given(case=drafts.cases)
def test_variables_arrive_as_they_were_written(case):
    """Kubernetes expands $(NAME) in values; see the mutant that leaves it to."""
    assert arrived(case.made[0], case.task.spec) == case.task.spec.env


def arrived(top: dict[str, Any], spec: JobSpec) -> dict[str, str]:
    """The spec's variables as a process in the pod would see them."""
    found = top["spec"].get("trainer") or pods(top)[0]["spec"]["containers"][0]
    world = {"PATH": "/bin", "HOME": "/root", "X": "1"}
    return {one["name"]: expanded(one["value"], world) for one in found["env"]
            if one["name"] in spec.env and "value" in one}  # fmt: skip


@SOME
@given(seed=drafts.seeds)
def test_names_and_labels_are_valid_whatever_people_call_themselves(seed):
    random = Random(seed)
    owner, project = drafts.text(random), drafts.text(random)
    name = random.choice([f"{drafts.text(random)}-1", "j0abc-1"])
    spec = JobSpec(command=["true"], distributed=Distributed(nodes=1024))
    top, *owned = made(task(spec, owner=owner, project=project, name=name), Settings())
    assert len(f"{top['metadata']['name']}-1023") <= 63  # the host name of the last node
    for metadata in (obj["metadata"] for obj in (top, *owned)):
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", metadata["name"])
        assert len(metadata["name"]) <= 63
        for value in metadata["labels"].values():
            assert re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", value)
            assert len(value) <= 63
        assert metadata["annotations"]["submarine-ext/owner"] == owner


@every_kind
def test_the_validation_of_these_tests_is_strict(kind):
    top = made(task(JobSpec(command=["true"], secrets=["A"])), Settings(), kind)[0]
    pods(top)[0]["spec"]["hostNetworking"] = True
    assert schemas.problems(top) != []


# Mutants: a broken template each, and the check that finds it.


class MergesUserFields:
    """Takes fields of the pod from a person's variables, as merging a patch would."""

    @staticmethod
    def pod(spec, *args):
        made_pod = template_pod(spec, *args)
        for name, value in spec.env.items():
            made_pod["spec"][name] = json.loads(value)
        return made_pod

    spec = JobSpec(command=["true"], env={"hostNetwork": "true"})


class LeavesTheTokenMounted:
    """Forgets that a token is mounted unless one says otherwise."""

    @staticmethod
    def pod(*args):
        made_pod = template_pod(*args)
        del made_pod["spec"]["automountServiceAccountToken"]
        return made_pod

    spec = JobSpec(command=["true"])


class MountsTheHost:
    """Shares a folder of the machine."""

    @staticmethod
    def pod(*args):
        made_pod = template_pod(*args)
        made_pod["spec"]["volumes"][1] = {"name": "workspace", "hostPath": {"path": "/scratch"}}
        return made_pod

    spec = JobSpec(command=["true"])


class TakesASecretByItsName:
    """Lets a person name any Secret of the namespace."""

    @staticmethod
    def pod(spec, *args):
        made_pod = template_pod(spec, *args)
        reference = {"secretKeyRef": {"name": spec.env["FROM"], "key": "token"}}
        made_pod["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "valueFrom": reference}]
        return made_pod

    spec = JobSpec(command=["true"], env={"FROM": "default-token"})


template_pod = template.pod
MUTANTS = [MergesUserFields, LeavesTheTokenMounted, MountsTheHost, TakesASecretByItsName]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_template_that_lets_go_is_noticed(mutant, monkeypatch):
    assert outside(made(task(mutant.spec), Settings())[0], Settings()) == []
    monkeypatch.setattr(template, "pod", mutant.pod)
    assert outside(made(task(mutant.spec), Settings())[0], Settings()) != []


def test_a_template_that_leaves_references_is_noticed(monkeypatch):
    spec = JobSpec(command=["true"], env={"A": "$(PATH)"})
    assert arrived(made(task(spec), Settings())[0], spec) == {"A": "$(PATH)"}
    monkeypatch.setattr(template, "literal", lambda value: value)
    assert arrived(made(task(spec), Settings())[0], spec) == {"A": "/bin"}


# The manifest of a plain Job, said once in full where it matters.


def only_pod(spec: JobSpec, given: Settings | None = None) -> dict[str, Any]:
    (pod,) = pods(made(task(spec), given or Settings())[0])
    return pod["spec"]


def test_an_attempt_runs_at_most_once():
    top = made(task(JobSpec(command=["true"], distributed=Distributed(nodes=2))), Settings())[0]
    job = top["spec"]
    assert (job["suspend"], job["backoffLimit"], job["podReplacementPolicy"]) == (True, 0, "Failed")
    assert [rule["action"] for rule in job["podFailurePolicy"]["rules"]] == ["FailJob", "FailJob"]
    assert "successPolicy" not in job
    assert only_pod(JobSpec(command=["true"]))["restartPolicy"] == "Never"


def test_nodes_find_each_other_through_a_headless_service_as_torchrun_expects():
    shape = Distributed(framework=Framework.TORCH, nodes=3)
    top, service, *_ = made(task(JobSpec(command=["torchrun"], distributed=shape)), Settings())
    pod = pods(top)[0]["spec"]
    env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert (env["PET_NNODES"], env["PET_NPROC_PER_NODE"]) == ("3", "1")
    assert (env["PET_MASTER_ADDR"], env["PET_MASTER_PORT"]) == ("j0abc-1-0.j0abc-1", "29500")
    assert service["kind"] == "Service"
    assert service["metadata"]["name"] == pod["subdomain"] == "j0abc-1"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert service["spec"]["selector"] == {"batch.kubernetes.io/job-name": "j0abc-1"}


def test_one_node_needs_no_service():
    assert {obj["kind"] for obj in made(task(JobSpec(command=["true"])), Settings())} == {
        "Job",
        "ConfigMap",
    }


def test_shared_memory_is_at_most_half_of_the_memory_that_it_counts_as():
    def size(memory, given):
        spec = JobSpec(command=["true"], resources=Resources(memory=memory))
        shm = next(v for v in only_pod(spec, given)["volumes"] if v["name"] == "shm")
        return shm["emptyDir"]["sizeLimit"]

    assert size(None, Settings(shared_memory="2Gi")) == "2Gi"
    assert size("16Gi", Settings(shared_memory="2Gi")) == "2Gi"
    assert size("1Gi", Settings(shared_memory="2Gi")) == "512Mi"


def test_a_type_of_gpu_is_a_resource_on_labelled_nodes():
    gpu = GpuType(labels={"gpu": "a100"}, resource="amd.com/gpu", tolerations=[{"key": "gpu"}])
    given = Settings(gpu_types={"a100": gpu}, node_selector={"pool": "batch"})
    spec = JobSpec(command=["true"], resources=Resources(gpu=2, gpu_type="a100"))
    pod = only_pod(spec, given)
    assert pod["nodeSelector"] == {"pool": "batch", "gpu": "a100"}
    assert pod["tolerations"] == [{"key": "gpu"}]
    sizes = pod["containers"][0]["resources"]
    assert sizes["limits"]["amd.com/gpu"] == sizes["requests"]["amd.com/gpu"] == "2"


def test_memory_is_asked_for_and_limited_alike_and_cpus_are_not_limited():
    spec = JobSpec(command=["true"], resources=Resources(cpu=2, memory="3Gi"))
    sizes = only_pod(spec)["containers"][0]["resources"]
    assert sizes == {"requests": {"cpu": "2000m", "memory": "3Gi"}, "limits": {"memory": "3Gi"}}


def test_a_pod_whose_launcher_hangs_is_ended_long_after_its_time():
    assert "activeDeadlineSeconds" not in only_pod(JobSpec(command=["true"]))
    given = Settings(max_timeout_seconds=100, grace_seconds=30)
    assert only_pod(JobSpec(command=["true"]), given)["activeDeadlineSeconds"] == 3730
    spec = JobSpec(command=["true"], timeout_seconds=10)
    assert only_pod(spec, given)["activeDeadlineSeconds"] == 3640


def test_secrets_travel_in_a_secret_of_the_job_and_nowhere_else():
    spec = JobSpec(command=["true"], secrets=["TOKEN"])
    top, secret, *others = made(task(spec), Settings())
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", "j0abc-1")
    assert b64decode(secret["data"]["TOKEN"]) == b"value of TOKEN"
    assert "value of TOKEN" not in json.dumps([top, *others])


def test_kueues_label_stands_on_the_top_object_only():
    given = Settings(queue="team-a")
    for kind in drafts.KINDS:
        top = made(task(JobSpec(command=["true"])), given, kind)[0]
        assert top["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"
        assert "kueue" not in json.dumps([pod["metadata"] for pod in pods(top)])
    assert "kueue" not in json.dumps(made(task(JobSpec(command=["true"])), Settings()))


@every_kind
def test_pods_and_owned_objects_carry_the_labels_by_which_they_are_watched(kind):
    top, *owned = made(task(JobSpec(command=["true"], secrets=["A"])), Settings(), kind)
    for labels in [obj["metadata"]["labels"] for obj in (top, *owned, *pods(top))]:
        assert labels["submarine-ext/site"] == SITE
        assert labels["submarine-ext/task"] == "j0abc-1"


@every_kind
def test_pods_look_for_the_configmaps_that_are_made(kind):
    top, *owned = made(task(JobSpec(command=["true"])), Settings(), kind)
    names = {obj["metadata"]["name"] for obj in owned if obj["kind"] == "ConfigMap"}
    assert objects.mounted(top) == names


@every_kind
def test_every_kind_is_made_suspended_and_let_go_by_one_patch(kind):
    top = made(task(JobSpec(command=["true"])), Settings(), kind)[0]
    top["metadata"]["uid"] = UID
    assert named(kind).read(top).suspended
    _merge(top, named(kind).unsuspend())
    assert not named(kind).read(top).suspended


def _merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict):
            _merge(into[name], value)
        else:
            into[name] = value


def test_the_change_of_a_trainjob_is_called_as_the_release_calls_it():
    spec = JobSpec(command=["true"], distributed=Distributed(nodes=2))
    old = TrainJob(frozenset({"podTemplateOverrides", "runtimeRef"}))
    new = TrainJob(frozenset({"runtimePatches", "runtimeRef"}))
    (override,) = made(task(spec), Settings(), old)[0]["spec"]["podTemplateOverrides"]
    assert override["targetJobs"] == [{"name": "node"}]
    assert override["metadata"]["labels"]["submarine-ext/task"] == "j0abc-1"
    assert [v["name"] for v in override["spec"]["volumes"]] == ["bundle", "workspace", "shm", "tmp"]
    (patch,) = made(task(spec), Settings(), new)[0]["spec"]["runtimePatches"]
    assert "/" in patch["manager"]


def test_a_trainjob_leaves_torchruns_variables_to_the_trainer():
    shape = Distributed(framework=Framework.TORCH, nodes=2)
    spec = JobSpec(command=["true"], distributed=shape, env={"A": "b"}, secrets=["S"])
    trainer = made(task(spec), Settings(), "trainjob")[0]["spec"]["trainer"]
    assert [one["name"] for one in trainer["env"]] == ["A", "S"]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (2, 1)
