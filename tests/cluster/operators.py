"""Kubeflow's operators in their least form: they make pods, tell them the ranks, say how it goes.

Trainer: a TrainJob becomes one Job with the names and labels that JobSet gives. The training
operator and the MPI operator: one pod and one Service a replica. Only what the engine sees
is done; the JobSet between TrainJob and Job is left out.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

from . import jobs
from .conditions import condition, holds
from .inside import Inside
from .job_controller import owned_by
from .registry import stamp
from .server import Server
from .status import Object, Refused
from .storage import Change, Key
from .work import Timing, Work

JOBS = "jobs.batch"
TRAINJOBS = "trainjobs.trainer.kubeflow.org"
PORT = 29500
#: resource → where its replicas stand, its name in ``job-role``, and the role of rank 0.
V1 = {
    "pytorchjobs.kubeflow.org": ("pytorchReplicaSpecs", "pytorchjob-controller", "Master"),
    "tfjobs.kubeflow.org": ("tfReplicaSpecs", "tfjob-controller", "Worker"),
    "xgboostjobs.kubeflow.org": ("xgbReplicaSpecs", "xgboostjob-controller", "Master"),
    "mpijobs.kubeflow.org": ("mpiReplicaSpecs", "mpijob-controller", "Launcher"),
}
MAIN_CONTAINERS = {"pytorch", "tensorflow", "xgboost", "mpi", "launcher", "worker"}


class Operators:
    """Both operators; each kind only where its CRD is."""

    def __init__(self, server: Server, timing: Timing) -> None:
        self._server, self._timing = server, timing
        self._trainer = Trainer(server.inside("trainer"))
        self._v1 = {
            resource: V1Operator(server.inside("training-operator"), resource) for resource in V1
        }
        self._work: dict[str, Work] = {TRAINJOBS: Work(self._trainer.sync)}
        self._work |= {resource: Work(each.sync) for resource, each in self._v1.items()}
        server.storage.listeners.append(self._note)

    async def close(self) -> None:
        for work in self._work.values():
            work.close()

    def _note(self, resource: str, change: Change) -> None:
        if resource in self._work and change.type != "DELETED":
            if (
                change.before is None
                or change.before.object["spec"] != change.record.object["spec"]
            ):
                self._work[resource].add(change.record.key)
            return
        if resource not in {"pods", JOBS}:
            return
        metadata = change.record.object["metadata"]
        for owner in metadata.get("ownerReferences") or ():
            for mine, work in self._work.items():
                if mine in self._server.kinds and self._server.kinds[mine].kind == owner["kind"]:
                    work.add((metadata["namespace"], owner["name"]), self._timing.own)


class Trainer:
    """``trainer.kubeflow.org``: the runtime's template with the TrainJob's trainer in it."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def sync(self, key: Key) -> None:
        found = self._inside.get(TRAINJOBS, *key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        child = self._inside.get(JOBS, key[0], f"{key[1]}-node-0")
        if child is None:
            child = self._begin(key, found)
            if child is None:
                return
        suspended = bool(found["spec"].get("suspend"))
        if bool(child["spec"].get("suspend")) != suspended and not jobs.finished(child):
            patch = {"spec": {"suspend": suspended}}
            self._inside.patch(JOBS, key[0], child["metadata"]["name"], patch)
        self._say(key, found, child)

    def _begin(self, key: Key, found: Object) -> Object | None:
        runtime = self._runtime(key[0], found["spec"]["runtimeRef"])
        if runtime is None:
            self._condition(key, "Failed", "True", "TrainingRuntimeNotSupported", "no such runtime")
            return None
        try:
            self._inside.create("services", key[0], _headless(found))
        except Refused as refused:
            if refused.code != 409:
                raise
        try:
            return self._inside.create(JOBS, key[0], child_job(found, runtime))
        except Refused as refused:
            said = f"Failed to create resources: {refused.message}"
            self._inside.event(found, "TrainJobResourcesCreationFailed", said, "Warning")
            return None

    def _runtime(self, namespace: str, reference: Object) -> Object | None:
        name, group = reference["name"], "trainer.kubeflow.org"
        if reference.get("kind", "ClusterTrainingRuntime") == "ClusterTrainingRuntime":
            return self._inside.get(f"clustertrainingruntimes.{group}", "", name)
        return self._inside.get(f"trainingruntimes.{group}", namespace, name)

    def _say(self, key: Key, found: Object, child: Object) -> None:
        status = child.get("status") or {}
        step = {"name": "node", "suspended": 1 if child["spec"].get("suspend") else 0}
        done, failed = holds(status, "Complete"), holds(status, "Failed")
        step |= {"ready": int(status.get("ready", 0) > 0), "active": int(not done and not failed)}
        step |= {"succeeded": int(done), "failed": int(failed)}

        def said(obj: Object) -> Object:
            obj.setdefault("status", {})["jobsStatus"] = [step]
            return obj

        self._inside.change(TRAINJOBS, *key, said, "status")
        if found["spec"].get("suspend"):
            self._condition(key, "Suspended", "True", "Suspended", "TrainJob is suspended")
        elif condition(found.get("status") or {}, "Suspended"):
            self._condition(key, "Suspended", "False", "Resumed", "TrainJob is resumed")
        if done:
            text = "jobset completed successfully"
            self._condition(key, "Complete", "True", "AllJobsCompleted", text)
        if failed:
            text = (
                f"jobset failed due to one or more job failures (first failed job: {key[1]}-node-0)"
            )
            self._condition(key, "Failed", "True", "FailedJobs", text)

    def _condition(self, key: Key, *said: str) -> None:
        self._inside.change(TRAINJOBS, *key, lambda o: _with(o, *said), "status")


def child_job(found: Object, runtime: Object) -> Object:
    """The Job of step ``node``, named and labelled as JobSet does."""
    spec, name = found["spec"], found["metadata"]["name"]
    steps = runtime["spec"]["template"]["spec"]["replicatedJobs"]
    step = copy.deepcopy(next(s for s in steps if s["name"] == "node"))
    job: Object = step["template"]["spec"]
    template, trainer = job["template"], spec.get("trainer") or {}
    policy = runtime["spec"].get("mlPolicy") or {}
    nodes = trainer.get("numNodes") or policy.get("numNodes", 1)
    container = next(c for c in template["spec"]["containers"] if c["name"] == "node")
    _train(container, trainer)
    for patch in _patches(spec):
        _merge_pod(template, patch)
    if "torch" in policy:
        container.setdefault("env", []).extend(_torch(name, nodes, trainer))
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels |= {
        "jobset.sigs.k8s.io/jobset-name": name,
        "jobset.sigs.k8s.io/replicatedjob-name": "node",
        "jobset.sigs.k8s.io/job-index": "0",
        "jobset.sigs.k8s.io/restart-attempt": "0",
    }
    template["spec"]["subdomain"] = name
    job |= {"completionMode": "Indexed", "completions": nodes, "parallelism": nodes}
    job["suspend"] = bool(spec.get("suspend"))
    job.setdefault("backoffLimit", 0)
    metadata = {
        "name": f"{name}-node-0",
        "labels": dict(labels),
        "ownerReferences": [owned_by(found)],
    }
    return {"metadata": metadata, "spec": job}


def _train(container: Object, trainer: Object) -> None:
    for field in ("image", "command", "args"):
        if field in trainer:
            container[field] = trainer[field]
    container.setdefault("env", []).extend(trainer.get("env") or [])
    if "resourcesPerNode" in trainer:
        container["resources"] = trainer["resourcesPerNode"]


def _patches(spec: Object) -> list[Object]:
    """Pod templates that the TrainJob lays over the runtime's, of either release."""
    patched = [p.get("trainingRuntimeSpec") or {} for p in spec.get("runtimePatches") or ()]
    steps = [s for p in patched for s in p["template"]["spec"].get("replicatedJobs") or ()]
    newer = [s["template"]["spec"]["template"] for s in steps if s["name"] == "node"]
    overrides = spec.get("podTemplateOverrides") or ()
    older = [o for o in overrides if any(t["name"] == "node" for t in o["targetJobs"])]
    return [*newer, *({k: o[k] for k in ("metadata", "spec") if k in o} for o in older)]


def _merge_pod(template: Object, patch: Object) -> None:
    for field in ("labels", "annotations"):
        new = (patch.get("metadata") or {}).get(field) or {}
        template.setdefault("metadata", {}).setdefault(field, {}).update(new)
    spec = dict(patch.get("spec") or {})
    for change in spec.pop("containers", ()):
        mine = next(c for c in template["spec"]["containers"] if c["name"] == change["name"])
        mine.setdefault("volumeMounts", []).extend(change.get("volumeMounts") or [])
        mine |= {k: v for k, v in change.items() if k not in {"name", "volumeMounts"}}
    template["spec"].setdefault("volumes", []).extend(spec.pop("volumes", ()))
    template["spec"].update(spec)


def _torch(name: str, nodes: int, trainer: Object) -> list[Object]:
    rank = {"fieldRef": {"fieldPath": f"metadata.annotations['{jobs.INDEX}']"}}
    return [
        {"name": "PET_NNODES", "value": str(nodes)},
        {"name": "PET_NPROC_PER_NODE", "value": str(trainer.get("numProcPerNode", 1))},
        {"name": "PET_NODE_RANK", "valueFrom": rank},
        {"name": "PET_MASTER_ADDR", "value": f"{name}-node-0-0.{name}"},
        {"name": "PET_MASTER_PORT", "value": str(PORT)},
    ]


def _headless(owner: Object) -> Object:
    name = owner["metadata"]["name"]
    spec = {"clusterIP": "None", "selector": {"jobset.sigs.k8s.io/jobset-name": name}}
    spec["publishNotReadyAddresses"] = True  # type: ignore[assignment]
    return {"metadata": {"name": name, "ownerReferences": [owned_by(owner)]}, "spec": spec}


class V1Operator:
    """One kind of ``kubeflow.org``."""

    def __init__(self, inside: Inside, resource: str) -> None:
        self._inside, self._resource = inside, resource
        self._field, self._controller, self._first = V1[resource]

    def sync(self, key: Key) -> None:
        found = self._inside.get(self._resource, *key)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        policy = found["spec"].get("runPolicy") or {}
        pods = self._pods(found)
        status = found.get("status") or {}
        if any(holds(status, kind) for kind in ("Succeeded", "Failed")):
            self._clean(policy, pods)
        elif policy.get("suspend"):
            for pod in pods.values():
                self._delete(pod)
            self._condition(key, "Suspended", "True", f"{found['kind']}Suspended", "is suspended.")
        else:
            self._run(key, found, pods)

    def _run(self, key: Key, found: Object, pods: dict[str, Object]) -> None:
        kind, name = found["kind"], key[1]
        if holds(found.get("status") or {}, "Suspended"):
            self._condition(key, "Suspended", "False", f"{kind}Resumed", "is resumed.")
        self._condition(key, "Created", "True", f"{kind}Created", f"{kind} {name} is created.")
        for role, index, template in self._replicas(found):
            if f"{role}-{index}" not in pods:
                self._make(found, role, index, template)
        phases = {role: pod["status"].get("phase") for role, pod in pods.items()}
        if "Running" in phases.values():
            said = f"{kind} {key[0]}/{name} is running."
            self._condition(key, "Running", "True", f"{kind}Running", said)
        if "Failed" in phases.values():
            said = f"{kind} {name} is failed because some replicas failed."
            self._condition(key, "Failed", "True", f"{kind}Failed", said)
        elif self._succeeded(found, phases):
            said = f"{kind} {key[0]}/{name} successfully completed."
            self._condition(key, "Succeeded", "True", f"{kind}Succeeded", said)
        else:
            return
        self._clean(found["spec"].get("runPolicy") or {}, self._pods(found))

    def _succeeded(self, found: Object, phases: dict[str, str]) -> bool:
        """The first replica decides, where there is one; else all do."""
        roles = found["spec"][self._field]
        deciding = self._first if self._first in roles else "Worker"
        ends = [p for role, p in phases.items() if role.startswith(deciding.lower())]
        if deciding == "Worker" and roles["Worker"].get("replicas", 1) != len(ends):
            return False
        return bool(ends) and all(phase == "Succeeded" for phase in ends)

    def _replicas(self, found: Object) -> list[tuple[str, int, Object]]:
        return [
            (role.lower(), index, replica["template"])
            for role, replica in found["spec"][self._field].items()
            for index in range(replica.get("replicas", 1))
        ]

    def _pods(self, found: Object) -> dict[str, Object]:
        metadata = found["metadata"]
        label = f"training.kubeflow.org/job-name={metadata['name']}"
        every = self._inside.list("pods", metadata["namespace"], labels=label)
        uid = metadata["uid"]
        mine = [p for p in every if p["metadata"]["ownerReferences"][0]["uid"] == uid]
        return {p["metadata"]["name"].removeprefix(f"{metadata['name']}-"): p for p in mine}

    def _make(self, found: Object, role: str, index: int, template: Object) -> None:
        metadata = found["metadata"]
        name = f"{metadata['name']}-{role}-{index}"
        labels = {
            "training.kubeflow.org/job-name": metadata["name"],
            "training.kubeflow.org/operator-name": self._controller,
            "training.kubeflow.org/replica-type": role,
            "training.kubeflow.org/replica-index": str(index),
        }
        if role in {"master", "launcher"}:
            labels["training.kubeflow.org/job-role"] = role
        pod = copy.deepcopy(template)
        merged = {**(pod.get("metadata") or {}), "name": name, "ownerReferences": [owned_by(found)]}
        pod["metadata"] = {**merged, "labels": {**(merged.get("labels") or {}), **labels}}
        pod["spec"]["hostname"] = name
        pod["spec"]["restartPolicy"] = "Never"
        for container in pod["spec"]["containers"]:
            if container["name"] in MAIN_CONTAINERS:
                container.setdefault("env", []).extend(self._env(found, role, index))
        service = {"clusterIP": "None", "selector": labels, "ports": [{"port": PORT}]}
        head = {"name": name, "ownerReferences": [owned_by(found)]}
        for resource, obj in (("services", {"metadata": head, "spec": service}), ("pods", pod)):
            try:
                self._inside.create(resource, metadata["namespace"], obj)
            except Refused as refused:
                if refused.code != 409:
                    said = f"Error creating: {refused.message}"
                    self._inside.event(found, "FailedCreatePod", said, "Warning")

    def _env(self, found: Object, role: str, index: int) -> list[Object]:
        """What the operator tells a replica."""
        name, roles = found["metadata"]["name"], found["spec"][self._field]
        if self._field == "tfReplicaSpecs":
            hosts = {
                r.lower(): [f"{name}-{r.lower()}-{n}:{PORT}" for n in range(v.get("replicas", 1))]
                for r, v in roles.items()
            }
            task = {"type": role, "index": index}
            config = {"cluster": hosts, "task": task, "environment": "cloud"}
            return [{"name": "TF_CONFIG", "value": json.dumps(config)}]
        if self._field == "mpiReplicaSpecs":
            return []
        nodes = sum(replica.get("replicas", 1) for replica in roles.values())
        rank = index if role == "master" else index + ("Master" in roles)
        master = f"{name}-{'master' if 'Master' in roles else 'worker'}-0"
        each = int(found["spec"].get("nprocPerNode") or 1)
        told = {
            "MASTER_ADDR": master,
            "MASTER_PORT": PORT,
            "RANK": rank,
            "WORLD_SIZE": nodes * each,
        }
        if self._field == "pytorchReplicaSpecs":
            told |= {"PET_NNODES": nodes, "PET_NPROC_PER_NODE": each, "PET_NODE_RANK": rank}
            told |= {"PET_MASTER_ADDR": master, "PET_MASTER_PORT": PORT}
        return [{"name": key, "value": str(value)} for key, value in told.items()]

    def _clean(self, policy: Object, pods: dict[str, Object]) -> None:
        """``cleanPodPolicy``: of a finished job, the pods that still run are deleted."""
        rule = policy.get("cleanPodPolicy", "None")
        for pod in pods.values():
            ended = pod["status"].get("phase") in jobs.TERMINAL
            if rule == "All" or (rule == "Running" and not ended):
                self._delete(pod)

    def _delete(self, pod: Object) -> None:
        if "deletionTimestamp" not in pod["metadata"]:
            self._inside.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _condition(self, key: Key, *said: str) -> None:
        change: Callable[[Object], Object] = lambda o: _with(o, *said)  # noqa: E731
        self._inside.change(self._resource, *key, change, "status")


def _with(obj: Object, kind: str, value: str, reason: str, message: str) -> Object:
    conditions = obj.setdefault("status", {}).setdefault("conditions", [])
    old = next((c for c in conditions if c["type"] == kind), None)
    if old is not None and old["status"] == value:
        return obj
    new = {"type": kind, "status": value, "reason": reason, "message": message}
    new["lastTransitionTime"] = stamp()
    obj["status"]["conditions"] = [*(c for c in conditions if c is not old), new]
    return obj


def install(server: Server) -> None:
    timing = server.settings.more.get("timing", Timing())
    server.closing.append(Operators(server, timing).close)
