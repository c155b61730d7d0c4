"""A server in the middle of its life: people, a team, projects, files, versions and jobs.

``vision`` is what the docs show; ``basin`` is what is hard to show: long names, many members,
jobs in every state. Dana owns it, and administers the server.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import Lab
from screens import notebook_of

PEOPLE = ("alice", "bob", "carol", "dana")
BASIN = "seismic-inversion-northern-basin"
TITLE = "Seismic inversion and tomography of the Northern Basin, second campaign"
LONG = "learning-rate-sweep-with-warm-restarts-and-cosine-annealing-0017"
CROWD = [f"maximiliane.hohenstein-{n:02}@geophysics.example" for n in range(24)]
TRAIN = """
import math
from submarine_ext import track
track.log_params({"lr": 0.1, "optimizer": "adamw", "a_parameter_with_a_rather_long_name": "x" * 80})
for step in range(200):
    track.log_metric("loss", math.exp(-step / 50), step)
    track.log_metric("validation/accuracy_top_5", 1 - math.exp(-step / 40), step)
    print(f"epoch {step + 1}/200 \\x1b[32mloss\\x1b[0m {math.exp(-step / 50):.4f} " + "." * 90)
open("table.csv", "w").write("epoch,loss\\n1,0.5\\n")
track.artifact("table.csv")
"""
#: Has come some way, and stays there.
EVALUATE = """
import time
from submarine_ext import track
track.log_metric("validation/accuracy_top_5", 0.71, 1)
track.progress(0.42, "batch 420 of 1000")
time.sleep(86400)
"""


class StudioLab(Lab):
    """Dana administers the server."""

    #: Ids of the jobs in ``basin`` by what they are for.
    jobs: dict[str, str]

    def _identity(self) -> list[str]:
        return [*super()._identity(), "--SubmarineExtension.admins=dana"]


@contextmanager
def studio_in(folder: Path) -> Iterator[StudioLab]:
    """The server with all that, running."""
    with StudioLab(folder, PEOPLE).running() as lab:
        assert isinstance(lab, StudioLab)
        for person in PEOPLE:
            lab.api("GET", "/me", person=person)
        lab.api("POST", "/teams", {"name": "seeing", "title": "Seeing"}, person="dana")
        lab.api("PUT", "/teams/seeing/members/carol", {"role": "manager"}, person="dana")
        _vision(lab)
        _basin(lab)
        try:
            yield lab
        finally:
            for name in ("waiting", "running"):
                lab.api("POST", f"/jobs/{lab.jobs[name]}/stop", {"grace_seconds": 0}, person="dana")


def _vision(lab: Lab) -> None:
    described = "What the cameras of line 3 see, and what it means."
    project = {"name": "vision", "title": "Vision models", "description": described}
    lab.api("POST", "/projects", project, person="alice")
    for subject, role in (("user:bob", "editor"), ("team:seeing", "viewer")):
        lab.api("PUT", f"/projects/vision/grants/{subject}", {"role": role}, person="alice")
    secret = {"value": "for a picture"}
    lab.api("PUT", "/projects/vision/secrets/HF_TOKEN", secret, person="alice")
    job = {"name": "train-17", "command": ["true"]}
    lab.api("POST", "/projects/vision/jobs", job, person="bob")
    write(lab, "vision/evaluate.ipynb", "alice", "accuracy(model, test)")
    write(lab, "vision/train.ipynb", "alice", "lr = 0.1\nepochs = 5")
    write(lab, "vision/train.ipynb", "bob", "lr = 0.01\nepochs = 5")
    kept = lab.api("GET", "/contents/vision/train.ipynb/checkpoints", person="bob")
    newest = max(kept, key=lambda version: version["last_modified"])
    version = f"/contents/vision/train.ipynb/checkpoints/{newest['id']}"
    lab.api("PATCH", version, {"message": "as in the talk"}, person="bob")
    write(lab, "vision/train.ipynb", "alice", "lr = 0.01\nepochs = 50")


def _basin(lab: StudioLab) -> None:
    lab.api("POST", "/projects", {"name": BASIN, "title": TITLE}, person="dana")
    for name in ("bob", *CROWD):
        lab.api("PUT", f"/projects/{BASIN}/grants/user:{name}", {"role": "editor"}, person="dana")
    lab.api("PUT", f"/projects/{BASIN}/secrets/HF_TOKEN", {"value": "for a walk"}, person="dana")
    for source in ("lr = 0.1", "lr = 0.01"):
        write(lab, f"{BASIN}/train.ipynb", "dana", source)
        write(lab, f"{BASIN}/thrown-away.ipynb", "dana", source)
    lab.api("DELETE", f"/contents/{BASIN}/thrown-away.ipynb", person="dana")

    def submit(name: str, *command: str, cpu: int = 1) -> str:
        spec = {"name": name, "command": command, "resources": {"cpu": cpu}}
        job: dict[str, Any] = lab.api("POST", f"/projects/{BASIN}/jobs", spec, person="dana")
        return str(job["id"])

    lab.jobs = {
        "done": submit(LONG, sys.executable, "-c", TRAIN),
        "other": submit("baseline", sys.executable, "-c", TRAIN.replace("0.1", "0.3")),
        "failed": submit("out-of-range", sys.executable, "-c", "[][1]"),
    }
    for job in lab.jobs.values():
        while not lab.api("GET", f"/jobs/{job}", person="dana")["finished"]:
            time.sleep(0.1)
    lab.jobs["running"] = submit("nightly-evaluation", sys.executable, "-c", EVALUATE)
    lab.jobs["waiting"] = submit("waits-for-both-cores", "true", cpu=2)
    write(lab, f"{BASIN}/merged.ipynb", "dana", "lr = 0.1")
    _with_output(lab)
    _with_cells(lab)


def _with_output(lab: StudioLab) -> None:
    """A notebook in whose cell the long job was started."""
    content = notebook_of([f"%submarine run train.py --name {LONG}"])
    data = {"id": lab.jobs["done"], "project": BASIN, "base_url": "/"}
    content["cells"][0]["outputs"] = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"application/vnd.submarine.job+json": data, "text/plain": LONG},
        }
    ]
    body = {"type": "notebook", "format": "json", "content": content}
    lab.api("PUT", f"/contents/{BASIN}/output.ipynb", body, person="dana")


def _with_cells(lab: StudioLab) -> None:
    """A notebook whose cells were run as jobs: one that runs, one that failed."""
    content = notebook_of(["evaluate(model)", "[][1]"])
    for cell, job in zip(content["cells"], ("running", "failed"), strict=True):
        cell["metadata"] = {"submarine": {"job": lab.jobs[job], "cell": cell["id"]}}
    body = {"type": "notebook", "format": "json", "content": content}
    lab.api("PUT", f"/contents/{BASIN}/cells.ipynb", body, person="dana")


def write(lab: Lab, path: str, person: str, source: str) -> None:
    """Save a notebook of a project."""
    body = {"type": "notebook", "format": "json", "content": notebook_of([source, "train(model)"])}
    lab.api("PUT", f"/contents/{path}", body, person=person)
