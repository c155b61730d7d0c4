"""``%submarine`` in a real kernel, its jobs on a cluster: the fake, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.magics.conftest import Kernel, Running, jupyter_server

MIME = "application/vnd.submarine.job+json"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Jobs go to the cluster unless they say ``--engine local``."""
    config = {
        "SubmarineExtension": {"engines": ["kubernetes", "local"]},
        "KubernetesEngine": {"kubeconfig": str(cluster.kubeconfig)},
    }
    with jupyter_server(tmp_path_factory.mktemp("cluster"), config=config) as running:
        yield running


@pytest.fixture(scope="module")
def notebook(server: Running) -> Iterator[Kernel]:
    kernel = Kernel(server)
    assert kernel.run("%load_ext submarine_ext") == []
    yield kernel
    kernel.close()


def text(outputs: list[dict[str, Any]]) -> str:
    return "".join(output.get("text", "") for output in outputs if output["type"] == "stream")


def test_a_cell_runs_on_the_cluster_and_sends_its_metrics_back(notebook: Kernel) -> None:
    cell = """%%submarine run --name cell
import os
from submarine_ext import track
for step in range(3):
    track.log_metric("loss", 0.5 ** step)
print("in a pod" if "KUBERNETES_SERVICE_HOST" in os.environ else "here")
"""
    (shown,) = [output["data"] for output in notebook.run(cell) if "data" in output]
    assert MIME in shown
    said = text(notebook.run("job = _.wait()\nprint(job.state, job.logs())"))
    assert said.split() == ["succeeded", "in", "a", "pod"]
    assert text(notebook.run("print(job.metrics()['loss'].value)")) == "[1.0, 0.5, 0.25]\n"


def test_a_script_takes_its_folder_along(notebook: Kernel) -> None:
    notebook.run("job = %submarine run train.py")
    said = text(notebook.run("print(job.wait().logs())"))
    assert [f"epoch {n}" for n in range(1, 6)] == said.split("\n")[:5]


def test_the_same_cell_runs_here_when_it_says_so(notebook: Kernel) -> None:
    notebook.run("job = %submarine run hello.py --engine local")
    assert text(notebook.run("print(job.wait().state, job.refresh().engine)")) == (
        "succeeded local\n"
    )


def test_two_machines_see_each_other_s_ranks(notebook: Kernel) -> None:
    cell = """%%submarine run --nodes 2 --framework torch
import os
print(os.environ["RANK"], "of", os.environ["WORLD_SIZE"])
"""
    notebook.run(cell)
    notebook.run("job = _.wait()")
    said = text(notebook.run("print(job.logs(rank=0), job.logs(rank=1))"))
    assert said.split() == ["0", "of", "2", "1", "of", "2"]


def test_what_the_cluster_refuses_ends_the_cell_with_one_sentence(notebook: Kernel) -> None:
    (error,) = notebook.run("%submarine run hello.py --image /usr/bin/python")
    assert "jobs on the cluster run in a container image" in "\n".join(error["traceback"])


def test_stop_takes_the_pods_away(notebook: Kernel, cluster: Cluster) -> None:
    notebook.run("job = %submarine run wait.py -- never")
    assert text(notebook.run("print(next(job.follow()))")).strip() == "waiting"
    notebook.run("%submarine stop {job.id}")
    assert text(notebook.run("print(job.wait().state)")) == "cancelled\n"
    labels = "submarine-ext/job-id=" + text(notebook.run("print(job.id)")).strip()
    assert cluster.call(cluster.inside.list, "pods", "team-a", labels) == []
