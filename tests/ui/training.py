"""Jobs that log metrics, for the tests of curves and comparisons; each takes about a second."""

from __future__ import annotations

import json
import time
from typing import Any

from lab import Lab

#: Logs a falling loss; as often, and with such values, as its parameters say.
TRAIN = """
import json, math, pathlib, sys, time
from submarine_ext import track
given = json.loads(sys.argv[1])
lr, steps = given["lr"], given["steps"]
track.log_params({"lr": lr, "seed": 7})
for step in range(steps):
    loss = math.exp(-lr * step) if step < given.get("diverges", steps) else float("nan")
    track.log_metrics({"loss": loss, "accuracy": 1 - math.exp(-lr * step)}, step)
gate = given.get("gate")
while gate and not pathlib.Path(gate).exists():
    time.sleep(0.05)
if gate:
    track.log_metrics({"loss": 0.125, "accuracy": 1.0}, steps)
"""


def train(lab: Lab, name: str, *, env: dict[str, str] | None = None, **given: Any) -> str:
    """Submit such a job; its id. With a ``gate`` it waits there for a file before its end."""
    parameters = {"lr": 0.01, "steps": 50, **given}
    spec = {"name": name, "command": ["python", "-c", TRAIN, json.dumps(parameters)]}
    return str(lab.api("POST", "/projects/default/jobs", {**spec, "env": env or {}})["id"])


def trained(lab: Lab, name: str, *, env: dict[str, str] | None = None, **given: Any) -> str:
    """The same, once it is over and all its points are there."""
    job = train(lab, name, env=env, **given)
    while not lab.api("GET", f"/jobs/{job}")["finished"]:
        time.sleep(0.05)
    return job
