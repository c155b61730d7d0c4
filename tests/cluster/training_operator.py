"""The operators of kubeflow.org in their least form: a pod and a Service a replica, and ranks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

from . import jobs
from .conditions import holds, with_condition
from .inside import Inside
from .job_controller import owned_by
from .status import Object, Refused
from .storage import Key

PORT = 29500
#: resource → where its replicas stand, its name in ``job-role``, and the role of rank 0.
V1 = {
    "pytorchjobs.kubeflow.org": ("pytorchReplicaSpecs", "pytorchjob-controller", "Master"),
    "tfjobs.kubeflow.org": ("tfReplicaSpecs", "tfjob-controller", "Worker"),
    "xgboostjobs.kubeflow.org": ("xgbReplicaSpecs", "xgboostjob-controller", "Master"),
    "mpijobs.kubeflow.org": ("mpiReplicaSpecs", "mpijob-controller", "Launcher"),
}
MAIN_CONTAINERS = {"pytorch", "tensorflow", "xgboost", "mpi", "launcher", "worker"}


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
        change: Callable[[Object], Object] = lambda o: with_condition(o, *said)  # noqa: E731
        self._inside.change(self._resource, *key, change, "status")
