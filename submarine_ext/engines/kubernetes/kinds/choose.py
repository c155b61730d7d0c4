"""Which kind of object a job becomes, of those that the cluster has.

One node is a plain Job. Several are a TrainJob where the framework is torch and Kubeflow's
trainer is there, else the training operator's job for the framework, else a plain Job; an
administrator's choice goes first, and is refused in words where it cannot be had.
"""

from __future__ import annotations

from typing import NoReturn

from msgspec import Struct

from submarine_ext.domain.jobs import Framework, JobSpec
from submarine_ext.engines.kubernetes.kinds.base import Kind, Resource
from submarine_ext.engines.kubernetes.kinds.job import Job
from submarine_ext.engines.kubernetes.kinds.mpijob import MpiJob, MpiJobV1
from submarine_ext.engines.kubernetes.kinds.pytorchjob import PyTorchJob
from submarine_ext.engines.kubernetes.kinds.tfjob import TFJob
from submarine_ext.engines.kubernetes.kinds.trainjob import MAX_ENV, TrainJob, usable
from submarine_ext.engines.kubernetes.kinds.xgboostjob import XGBoostJob
from submarine_ext.engines.kubernetes.settings import Choice, Settings
from submarine_ext.errors import Invalid

#: The groups that discovery asks about.
GROUPS = ("batch", "trainer.kubeflow.org", "kubeflow.org", "kueue.x-k8s.io")

_OPERATORS: dict[Framework, Kind] = {
    Framework.TORCH: PyTorchJob(),
    Framework.TENSORFLOW: TFJob(),
    Framework.XGBOOST: XGBoostJob(),
}
_ALL: tuple[Kind, ...] = (Job(), TrainJob(), *_OPERATORS.values(), MpiJob(), MpiJobV1())
_BY_NAME = {kind.name: kind for kind in _ALL}


class Served(Struct, frozen=True, kw_only=True):
    """What discovery found: the cluster's ``resources`` of ``GROUPS``, and the fields of a
    TrainJob's ``spec`` as its release has them (empty: not known).
    """

    resources: tuple[Resource, ...] = ()
    trainjob: frozenset[str] = frozenset()

    def has(self, kind: Kind) -> bool:
        """Whether the cluster has this kind in the version that is meant."""
        return kind.resource in self.resources

    @property
    def kueue(self) -> bool:
        """Whether Kueue is installed."""
        return any(
            resource.group == "kueue.x-k8s.io" and resource.plural == "localqueues"
            for resource in self.resources
        )

    @property
    def usable(self) -> list[Kind]:
        """The kinds that jobs may become here, and that are to be watched."""
        optional = (kind for kind in _ALL[1:] if self.has(kind))
        return [named(kind.name, self) for kind in (_ALL[0], *optional)]


def named(name: str, served: Served | None = None) -> Kind:
    """The kind that a placement remembers."""
    if name == TrainJob.name and served is not None:
        return TrainJob(served.trainjob)
    return _BY_NAME[name]


def queue(spec: JobSpec, settings: Settings) -> str | None:
    """The Kueue queue that is to admit the job, if one is."""
    return spec.queue or settings.queue


def choose(spec: JobSpec, settings: Settings, served: Served) -> Kind:
    """The kind for this job. Raises Invalid where there is none, with what to do."""
    if spec.distributed.framework is Framework.MPI:
        return _mpi(settings, served)
    if spec.distributed.nodes == 1 or settings.kind is Choice.JOB:
        return named(Job.name)
    if settings.kind is Choice.TRAINJOB:
        return _trainjob(spec, served)
    if settings.kind is Choice.OPERATOR:
        return _operator(spec, served)
    return _best(spec, settings, served)


def _best(spec: JobSpec, settings: Settings, served: Served) -> Kind:
    framework = spec.distributed.framework
    if framework is Framework.TORCH and _why_no_trainjob(spec, served) is None:
        return TrainJob(served.trainjob)
    operator = _OPERATORS.get(framework)
    # Kueue leaves the training operator's jobs alone unless it was told otherwise.
    if operator and served.has(operator) and queue(spec, settings) is None:
        return operator
    return named(Job.name)


def _trainjob(spec: JobSpec, served: Served) -> Kind:
    if why := _why_no_trainjob(spec, served):
        _refuse("distributed", f"jobs of several nodes become TrainJobs here, and {why}")
    return TrainJob(served.trainjob)


def _why_no_trainjob(spec: JobSpec, served: Served) -> str | None:
    if TrainJob.resource not in served.resources:
        return "the cluster has no Kubeflow Trainer. Ask an administrator to set kind to auto."
    if not usable(served.trainjob):
        return "the cluster's Kubeflow Trainer is older than 2.1. Ask an administrator to set "\
               "kind to auto."  # fmt: skip
    if len(spec.env) + len(spec.secrets) > MAX_ENV:
        return f"a TrainJob has at most {MAX_ENV} variables. Name fewer in env."
    return None


def _operator(spec: JobSpec, served: Served) -> Kind:
    framework = spec.distributed.framework
    operator = _OPERATORS.get(framework)
    if operator is None:
        _refuse(
            "distributed.framework",
            f'there is no operator for "{framework}", and jobs of several nodes go to operators '
            "here. Use torch, tensorflow, xgboost or mpi.",
        )
    if not served.has(operator):
        _refuse(
            "distributed.framework",
            f"jobs of several nodes go to operators here, and the cluster has no "
            f"{operator.resource.kind}. Ask an administrator to set kind to auto.",
        )
    return operator


def _mpi(settings: Settings, served: Served) -> Kind:
    if settings.kind in (Choice.JOB, Choice.TRAINJOB):
        _refuse(
            "distributed.framework",
            f'"mpi" needs an MPIJob, and this engine makes only kind "{settings.kind}". Use '
            '"torch", or ask an administrator to set kind to auto.',
        )
    if served.has(newest := named(MpiJob.name)):
        return newest
    if not served.has(older := named(MpiJobV1.name)):
        _refuse(
            "distributed.framework",
            '"mpi" needs the MPI operator (MPIJob), which this cluster does not have. Use "torch".',
        )
    if settings.kind is not Choice.OPERATOR:
        _refuse(
            "distributed.framework",
            '"mpi" would run as the older MPIJob (v1), whose launcher holds a service account '
            'token. An administrator can allow it with kind "operator", or install the '
            "mpi-operator (v2beta1).",
        )
    return older


def _refuse(field: str, why: str) -> NoReturn:
    raise Invalid(f"{field}: {why}", field=field)
