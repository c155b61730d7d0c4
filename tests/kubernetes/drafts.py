"""Job specs and settings of every sort, hostile ones among them, and the objects they become."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct

from submarine_ext.domain import specs
from submarine_ext.domain.jobs import Distributed, Framework, JobSpec, Resources
from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import checks, names, objects
from submarine_ext.engines.kubernetes.cargo import Cargo, Claim
from submarine_ext.engines.kubernetes.kinds.base import Kind, Object
from submarine_ext.engines.kubernetes.kinds.choose import named
from submarine_ext.engines.kubernetes.settings import GpuType, Settings
from submarine_ext.errors import Invalid

KINDS = ("job", "trainjob", "pytorchjob", "tfjob", "xgboostjob", "mpijob", "mpijob-v1")
SHA = "0" * 64
SITE = "0123456789abcdef"
UID = "6f1d2f3a-0000-4000-8000-000000000001"

#: Text that something on the way might take for more than text.
HOSTILE = (
    "$(PATH)",
    "$$(PATH)",
    "$",
    "$$",
    "`id`",
    '"',
    "'",
    "\\",
    "a\nb",
    "\r\n",
    "\t",
    "{{ .Values }}",
    "*anchor",
    "&anchor x",
    "!!python/object/apply:os.system [id]",
    "- hostPath: {path: /}",
    '{"hostPath": {"path": "/"}}',
    '"}],"hostNetwork":true,"x":[{"',
    "privileged: true",
    "---\nkind: Pod",
    "null",
    "true",
    "1e3",
    "\u202e",
    "\U0001f600",
    "é",
    "../../etc/passwd",
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "kube-system",
    "default",
    "x" * 300,
)

_VARIABLES = ("HOME", "PATH", "KUBERNETES_SERVICE_HOST", "IFS", "BASH_ENV", "A", "_b", "LR", "X9")
_IMAGES = ("python:3.12", "pytorch/pytorch:2.13.0-cuda13.0-cudnn9-runtime",
           f"registry.example.org:5000/team/torch@sha256:{SHA}")  # fmt: skip
TOLERATION = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
_GPUS = {
    "a100": GpuType(labels={"gpu": "a100"}, tolerations=[TOLERATION]),
    "h200": GpuType(labels={"gpu": "h200"}, resource="example.org/h200"),
}


def text(random: Random) -> str:
    """Hostile as often as not; never a NUL, which the domain refuses."""
    if random.random() < 0.6:
        return random.choice(HOSTILE)
    letters = (chr(random.choice((random.randrange(1, 128), random.randrange(160, 0xD800))))
               for _ in range(random.randrange(20)))  # fmt: skip
    return "".join(letters)


def what(random: Random) -> dict[str, Any]:
    """One thing to run."""
    texts = [text(random) for _ in range(random.randrange(4))]
    return random.choice([
        {"command": [random.choice(["python", "torchrun", "a b"]), *texts]},
        {"command": ["mpirun", "python", *texts]},
        {"code": text(random) or "1"},
        {"script": "a b.py", "args": texts},
        {"notebook": "n.ipynb", "parameters": {"x": text(random)}},
    ])  # fmt: skip


def spec(random: Random) -> JobSpec:
    """Any spec of the right types; domain and engine may refuse it."""
    pick = random.choice
    return JobSpec(
        **what(random),
        bundle=SHA,
        name=pick([None, text(random) or "n"]),
        environment=pick([None, *_IMAGES, text(random) or "i"]),
        env={name: text(random) for name in random.sample(_VARIABLES, random.randrange(4))},
        secrets=random.sample(_VARIABLES, pick([0, 0, 1, 3])),
        resources=Resources(
            cpu=pick([1, 0.5, "250m", "3", "1e1", 64]),
            memory=pick([None, "1Gi", "1500M", "1", 1e9, "16Gi", "0.5Gi"]),
            gpu=pick([0, 1, 8]),
            gpu_type=pick([None, None, "a100", "h200", text(random) or "t"]),
        ),
        distributed=Distributed(
            framework=pick(list(Framework)),
            nodes=pick([1, 2, 3, 64, 1024]),
            processes_per_node=pick([1, 1, 2, 8]),
        ),
        timeout_seconds=pick([None, 1, 3600]),
        queue=pick([None, None, "team-a", text(random) or "q"]),
        tags=[text(random) or "t"],
        workdir=pick([None, "sub dir"]),
        outputs=pick([[], ["*.pt"]]),
    )


def settings(random: Random) -> Settings:
    """What an administrator may decide."""
    pick = random.choice
    return Settings(
        image="python:3.12",
        images=pick([[], ["registry.example.org:5000/*", "pytorch/*"]]),
        queue=pick([None, "default-queue"]),
        service_account=pick([None, "runner"]),
        pull_secrets=pick([[], ["registry"]]),
        run_as_user=pick([None, 1000, 1]),
        node_selector=pick([{}, {"pool": "batch"}]),
        tolerations=pick([[], [TOLERATION]]),
        gpu_types=_GPUS,
        shared_memory=pick(["1Gi", "64Mi"]),
        scratch=pick([None, "10Gi"]),
        max_timeout_seconds=pick([None, 86_400]),
    )


class Case(Struct, frozen=True):
    """An attempt and how it becomes objects."""

    task: Task
    settings: Settings
    kind: str
    claim: bool

    @property
    def made(self) -> list[Object]:
        return made(self.task, self.settings, self.kind, claim=self.claim)


def case(seed: int) -> Case:
    """One that domain and engine accept. The seed says it all."""
    random = Random(seed)
    while not accepted(asked := spec(random), decided := settings(random)):
        pass
    attempt = task(asked, owner=text(random), project=text(random))
    return Case(attempt, decided, random.choice(KINDS), random.random() < 0.3)


seeds = st.integers(0, 2**48)
cases = seeds.map(case)


def accepted(spec: JobSpec, settings: Settings) -> bool:
    """Whether the domain and this engine take the spec."""
    try:
        specs.check(spec)
        checks.check(spec, settings, None)
    except Invalid:
        return False
    return True


def task(spec: JobSpec, *, owner: str = "ada", project: str = "p", name: str = "j0abc-1") -> Task:
    """Attempt of a job with this spec; its folder is nowhere."""
    return Task(
        name=name,
        job=name.rpartition("-")[0],
        attempt=1,
        owner=owner,
        project=project,
        spec=spec,
        folder=Path("/nowhere"),
        secrets={secret: f"value of {secret}" for secret in spec.secrets},
    )


def cargo(task: Task, *, claim: bool = False) -> Cargo:
    """Two pieces of a bundle and a kit."""
    name = names.of(task.name)
    return Cargo(
        name=name,
        parts=[b"\x1f\x8b first", b"second"],
        kit={"launcher.py": b"import this", "plan.json": b"{}", "submarine_ext/track.py": b""},
        secrets=task.secrets,
        claim=Claim("staging", name) if claim else None,
    )


def made(task: Task, settings: Settings, kind: Kind | str = "job", **how: Any) -> list[Object]:
    """The top object, then all that it owns, in namespace ``team-a``."""
    kind = named(kind) if isinstance(kind, str) else kind
    load = cargo(task, **how)
    queue = task.spec.queue or settings.queue
    draft = objects.draft(task, settings, load, site=SITE, namespace="team-a", queue=queue)
    return [kind.manifest(draft), *(obj for _, obj in objects.owned(draft, load, kind, UID))]


def pods(top: Object) -> list[Object]:
    """Every pod template in a top object of whatever kind (a TrainJob's change of one)."""
    if isinstance(top, list):
        return [found for item in top for found in pods(item)]
    if not isinstance(top, dict):
        return []
    if isinstance(top.get("template"), dict) and "containers" in (
        top["template"].get("spec") or {}
    ):
        return [top["template"]]
    return [found for value in top.values() for found in pods(value)]
