"""The pod template that all kinds share: what a person asked for, inside what is allowed.

Every field of the pod is written here, by hand, from the administrator's settings; a
person's spec only chooses an image, sizes and variables. Nothing is merged. The result is
within the Pod Security level Restricted, whoever asks.

The grace period is the administrator's ``grace_seconds``: within it the launcher tells the
job's processes to end, kills them, and still sends what the job leaves.
"""

from __future__ import annotations

from typing import Any

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.quantities import cpu_millis, memory_bytes
from submarine_ext.engines.kubernetes.cargo import (
    LAUNCHER,
    PLAN,
    ROOT,
    STAGED,
    WORKSPACE,
    Cargo,
)
from submarine_ext.engines.kubernetes.kinds.base import Object
from submarine_ext.engines.kubernetes.pod.plan import key
from submarine_ext.engines.kubernetes.settings import GpuType, Settings

MAIN = "main"
#: Exit code of the launcher, and of this script, where a further attempt cannot help.
HOPELESS = 64
#: A pod that its launcher did not end is ended this many seconds after its time. Fetching
#: the image counts, which takes many minutes for the largest.
BACKSTOP = 3600

# The shell stays: a first process has no signal's default action, so a stop that comes before
# Python has its handlers would be felt by nobody until the grace is over. It listens first.
_BOOT = f"""\
launcher= asked=
trap 'asked=yes; [ -z "$launcher" ] || kill -TERM "$launcher"' TERM
for python in python3 python; do
  command -v "$python" >/dev/null 2>&1 || continue
  "$python" -u {LAUNCHER} {PLAN} &
  launcher=$!
  [ -z "$asked" ] || kill -TERM "$launcher"
  wait "$launcher"
  code=$?
  while kill -0 "$launcher" 2>/dev/null; do
    wait "$launcher"
    code=$?
  done
  exit "$code"
done
echo "This image has no Python: choose another image (environment)."
exit {HOPELESS}
"""


def pod(
    spec: JobSpec,
    settings: Settings,
    cargo: Cargo,
    labels: dict[str, str],
    annotations: dict[str, str],
) -> Object:
    """A pod template (metadata and spec). ``spec`` was accepted by ``checks``."""
    return {
        "metadata": {
            "labels": dict(labels),
            "annotations": {**annotations, "kubectl.kubernetes.io/default-container": MAIN},
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": settings.grace_seconds,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": _user(settings),
            "containers": [_container(spec, settings, cargo)],
            "volumes": _volumes(spec, settings, cargo),
            **_backstop(spec, settings),
            **_places(spec, settings),
            **_identity(settings),
        },
    }


def _container(spec: JobSpec, settings: Settings, cargo: Cargo) -> Object:
    env: list[Object] = [
        {"name": name, "value": literal(value)} for name, value in spec.env.items()
    ]
    env += [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": cargo.name, "key": name}}}
        for name in cargo.secrets
    ]
    mounts: list[Object] = [
        {"name": "bundle", "mountPath": ROOT, "readOnly": True},
        {"name": "workspace", "mountPath": WORKSPACE},
        {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - a mount, not a file of ours
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - likewise
    ]
    if cargo.claim is not None:
        mounts.append({"name": "staged", "mountPath": STAGED, "subPath": cargo.claim.folder})
    return {
        "name": MAIN,
        "image": spec.environment or settings.image,
        "command": ["/bin/sh", "-c", _BOOT],
        "env": env,
        "resources": _resources(spec, settings),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def literal(value: str) -> str:
    """A variable's value that arrives as it is: Kubernetes expands ``$(NAME)``, we never do."""
    return value.replace("$", "$$")


def timeout(spec: JobSpec, settings: Settings) -> int | None:
    """Seconds that the job may run: its own, else the longest that is allowed."""
    return spec.timeout_seconds or settings.max_timeout_seconds


def gpu(spec: JobSpec, settings: Settings) -> GpuType | None:
    """How a node gets the GPUs that were asked for; None where none were."""
    if not spec.resources.gpu:
        return None
    if spec.resources.gpu_type is None:
        return GpuType(labels={}, resource=settings.gpu_resource)
    return settings.gpu_types[spec.resources.gpu_type]


def _backstop(spec: JobSpec, settings: Settings) -> Object:
    seconds = timeout(spec, settings)
    if seconds is None:
        return {}
    return {"activeDeadlineSeconds": seconds + settings.grace_seconds + BACKSTOP}


def _user(settings: Settings) -> Object:
    user: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    number = settings.run_as_user
    if number is not None:
        user |= {"runAsUser": number, "runAsGroup": number, "fsGroup": number}
        user["fsGroupChangePolicy"] = "OnRootMismatch"
    return user


def _identity(settings: Settings) -> Object:
    identity: Object = {}
    if settings.service_account is not None:
        identity["serviceAccountName"] = settings.service_account
    if settings.pull_secrets:
        identity["imagePullSecrets"] = [{"name": name} for name in settings.pull_secrets]
    return identity


def _places(spec: JobSpec, settings: Settings) -> Object:
    kind = gpu(spec, settings)
    selector = {**settings.node_selector, **(kind.labels if kind else {})}
    tolerations = [*settings.tolerations, *(kind.tolerations if kind else [])]
    places: dict[str, Any] = {}
    if selector:
        places["nodeSelector"] = selector
    if tolerations:
        places["tolerations"] = tolerations
    return places


def _resources(spec: JobSpec, settings: Settings) -> Object:
    asked = spec.resources
    requests: dict[str, str] = {"cpu": f"{cpu_millis(asked.cpu)}m"}
    limits: dict[str, str] = {}
    if asked.memory is not None:
        requests["memory"] = limits["memory"] = size(memory_bytes(asked.memory))
    if kind := gpu(spec, settings):
        requests[kind.resource] = limits[kind.resource] = str(asked.gpu)
    if settings.scratch is not None:
        requests["ephemeral-storage"] = settings.scratch
    return {"requests": requests, **({"limits": limits} if limits else {})}


def size(number: int) -> str:
    """Bytes as Kubernetes writes them: ``16Gi``, ``1536Mi``, ``1000``."""
    for unit, power in (("Gi", 3), ("Mi", 2), ("Ki", 1)):
        if number % 1024**power == 0:
            return f"{number // 1024**power}{unit}"
    return str(number)


def _volumes(spec: JobSpec, settings: Settings, cargo: Cargo) -> list[Object]:
    scratch = {"sizeLimit": settings.scratch} if settings.scratch is not None else {}
    shared = memory_bytes(settings.shared_memory, "shared_memory")
    if spec.resources.memory is not None:  # it counts as the job's memory
        shared = min(shared, memory_bytes(spec.resources.memory) // 2) or 1
    volumes: list[Object] = [
        {"name": "bundle", "projected": {"sources": _sources(cargo)}},
        {"name": "workspace", "emptyDir": scratch},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": size(shared)}},
        {"name": "tmp", "emptyDir": {}},
    ]
    if cargo.claim is not None:
        claim = {"claimName": cargo.claim.name}
        volumes.append({"name": "staged", "persistentVolumeClaim": claim})
    return volumes


def _sources(cargo: Cargo) -> list[Object]:
    sources: list[Object] = [
        {"configMap": {"name": name, "items": [{"key": "part", "path": f"bundle/part-{n:03}"}]}}
        for n, name in enumerate(cargo.part_names)
    ]
    items = [{"key": key(path), "path": f"kit/{path}"} for path in sorted(cargo.kit)]
    sources.append({"configMap": {"name": cargo.kit_name, "items": items}})
    return sources
