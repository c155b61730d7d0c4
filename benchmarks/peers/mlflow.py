"""MLflow on SQLite, its default: one call, batches, and a whole series read back."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import mlflow
from mlflow.entities import Metric

from benchmarks.names import LOGGED, READ, STORED

CALLS = 200
POINTS = 100_000
BATCH = 1000


def measure(folder: Path) -> dict[str, float]:
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.sqlite'}")
    with mlflow.start_run() as run:
        mlflow.log_metric("warm", 0.0, step=0)
        begin = time.perf_counter()
        for step in range(CALLS):
            mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        call = (time.perf_counter() - begin) / CALLS
        client, identity = mlflow.MlflowClient(), run.info.run_id
        stored = _store(client, identity)
        begin = time.perf_counter()
        assert len(client.get_metric_history(identity, "many")) == POINTS
        read = time.perf_counter() - begin
    return {LOGGED: call * 1e6, STORED: stored, READ: read * 1000}


def _store(client: mlflow.MlflowClient, run: str) -> float:
    now = int(time.time() * 1000)
    points = [Metric("many", 1.0 / (step + 1), now + step, step) for step in range(POINTS)]
    begin = time.perf_counter()
    for start in range(0, POINTS, BATCH):
        client.log_batch(run, metrics=points[start : start + BATCH])
    return POINTS / (time.perf_counter() - begin)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
