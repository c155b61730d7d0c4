"""XGBoostJob (``kubeflow.org/v1``): the operator tells each pod its node's number."""

from __future__ import annotations

from submarine_ext.engines.kubernetes.kinds.base import Resource
from submarine_ext.engines.kubernetes.kinds.operators import Operated


class XGBoostJob(Operated):
    """A master, which is node 0 and runs the tracker, and workers."""

    name = "xgboostjob"
    resource = Resource("kubeflow.org", "v1", "xgboostjobs", "XGBoostJob")
    container = "xgboost"
    replicas = "xgbReplicaSpecs"
    first = "Master"
