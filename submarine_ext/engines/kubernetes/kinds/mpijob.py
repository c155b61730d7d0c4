"""MPIJob: a launcher whose ``mpirun`` starts ranks on workers.

Two operators have this name, and a cluster one of them: ``v2beta1`` reaches workers by ssh,
``v1`` by exec. The job's command is ``mpirun`` itself and runs once, in the launcher, where
all that ranks print arrives: it is node 0, and the only one with a log.

In ``v1`` the launcher needs the token of a service account that the operator makes for this
job alone; it is the one pod of ours that gets a token, and an administrator must have said
so (``kind`` is "operator", see ``choose``).
"""

from __future__ import annotations

from typing import Any

from submarine_ext.engines.kubernetes.cargo import KIT, PLAN, ROOT, WORKSPACE
from submarine_ext.engines.kubernetes.kinds import pods
from submarine_ext.engines.kubernetes.kinds.base import Draft, Object, Resource
from submarine_ext.engines.kubernetes.kinds.operators import Operated, replica
from submarine_ext.engines.kubernetes.template import HOPELESS

_HOME = "/home/mpiuser"  # of the operator's own base images, which run without root
# Workers need the job's files as well; the launcher's own code unpacks them.
_UNPACK = f"""\
for python in python3 python; do
  command -v "$python" >/dev/null 2>&1 && break
done
"$python" - <<'END' || exit {HOPELESS}
import json, pathlib, sys
sys.path.insert(0, "{KIT}")
from submarine_ext.engines.kubernetes.pod import files
plan = json.loads(pathlib.Path("{PLAN}").read_text())
files.unpack(pathlib.Path("{ROOT}/bundle"), pathlib.Path("{WORKSPACE}/work"), plan)
END
"""
_SSHD = f"exec /usr/sbin/sshd -De -f {_HOME}/.sshd_config\n"
_WAIT = "exec sleep 31536000\n"


class MpiJob(Operated):
    """``kubeflow.org/v2beta1`` (mpi-operator)."""

    name = "mpijob"
    resource = Resource("kubeflow.org", "v2beta1", "mpijobs", "MPIJob")
    container = "launcher"
    replicas = "mpiReplicaSpecs"
    first = "Launcher"
    serve = _SSHD

    def roles(self, draft: Draft) -> Object:
        """One launcher, and as many workers as the job has nodes."""
        return {
            "Launcher": replica(1, self.launcher(draft)),
            "Worker": replica(draft.spec.distributed.nodes, self.worker(draft)),
        }

    def node(self, pod: Object) -> int | None:
        """The launcher is node 0; workers print nothing of the job's."""
        labels = pod["metadata"].get("labels") or {}
        return 0 if labels.get("training.kubeflow.org/job-role") == "launcher" else None

    def launcher(self, draft: Draft) -> Object:
        """The shared template; GPUs belong to the workers."""
        env = [pods.variable("SUBMARINE_NODE_RANK", 0)]
        template = pods.template(draft, container=self.container, env=env)
        (main,) = template["spec"]["containers"]
        main["resources"] = _small(main["resources"])
        return template

    def worker(self, draft: Draft) -> Object:
        """The same files and variables, and a program that lets ``mpirun`` in."""
        template = pods.template(draft, container="worker")
        (main,) = template["spec"]["containers"]
        main["command"] = ["/bin/sh", "-c", _UNPACK + self.serve]
        return template

    def more(self, draft: Draft) -> dict[str, Any]:
        """As many ranks on each worker as the job asks for; keys where no root is needed."""
        slots = draft.spec.distributed.processes_per_node
        return {"slotsPerWorker": slots, "sshAuthMountPath": f"{_HOME}/.ssh"}

    def hosts(self, name: str, nodes: int) -> list[str]:
        """None: ``mpirun`` gets a host file."""
        return []


class MpiJobV1(MpiJob):
    """``kubeflow.org/v1`` (training-operator)."""

    name = "mpijob-v1"
    resource = Resource("kubeflow.org", "v1", "mpijobs", "MPIJob")
    container = "mpi"
    serve = _WAIT

    def launcher(self, draft: Draft) -> Object:
        """With the operator's account for this job, which may enter its workers only."""
        template = super().launcher(draft)
        template["spec"] = {**template["spec"], "automountServiceAccountToken": True}
        template["spec"].pop("serviceAccountName", None)
        return template

    def worker(self, draft: Draft) -> Object:
        """The operator knows the container by this name."""
        template = super().worker(draft)
        template["spec"]["containers"][0]["name"] = self.container
        return template

    def more(self, draft: Draft) -> dict[str, Any]:
        """No keys: workers are entered by exec."""
        return {
            "slotsPerWorker": draft.spec.distributed.processes_per_node,
            "mainContainer": self.container,
        }


def _small(resources: Object) -> Object:
    """Without GPUs: the launcher only waits."""
    return {
        side: {name: amount for name, amount in amounts.items() if "/" not in name}
        for side, amounts in resources.items()
    }
