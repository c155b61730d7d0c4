"""What ranks find in their environment, the same wherever they run."""

import json
import sys

import pytest

from submarine_ext import ranks
from submarine_ext.domain.jobs import Distributed, Framework, JobSpec
from submarine_ext.engines.base import Task
from submarine_ext.engines.local import checks, plans
from submarine_ext.engines.local.slots import Amount

HOSTS = ["job-0.job", "job-1.job"]


def shape(framework, nodes=2, processes=2):
    return ranks.Shape(framework, nodes, processes, ranks.spread(HOSTS[:nodes], processes))


def test_torch_ranks_find_what_torchrun_gives_its_workers():
    assert ranks.environment(shape("torch"), 3) == {
        "SUBMARINE_RANK": "3",
        "MASTER_ADDR": "job-0.job",
        "MASTER_PORT": "29500",
        "RANK": "3",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "1",
        "LOCAL_WORLD_SIZE": "2",
        "GROUP_RANK": "1",
        "NODE_RANK": "1",
        "PET_NNODES": "2",
        "PET_NPROC_PER_NODE": "2",
        "PET_NODE_RANK": "1",
        "PET_MASTER_ADDR": "job-0.job",
        "PET_MASTER_PORT": "29500",
    }


def test_tensorflow_ranks_are_workers_at_addresses_of_their_own():
    told = json.loads(ranks.environment(shape("tensorflow"), 2)["TF_CONFIG"])
    assert told["task"] == {"type": "worker", "index": 2}
    assert told["cluster"]["worker"] == [
        "job-0.job:29500", "job-0.job:29501", "job-1.job:29500", "job-1.job:29501"
    ]  # fmt: skip


def test_xgboost_ranks_find_the_tracker():
    told = ranks.environment(shape("xgboost"), 1)
    assert (told["DMLC_TRACKER_URI"], told["DMLC_TRACKER_PORT"]) == ("job-0.job", "29500")
    assert (told["RANK"], told["WORLD_SIZE"], told["DMLC_TASK_ID"]) == ("1", "4", "1")


@pytest.mark.parametrize("framework", ["none", "mpi"])
def test_ranks_of_nothing_find_their_number_only(framework):
    assert ranks.environment(shape(framework), 1) == {"SUBMARINE_RANK": "1"}


def test_ranks_on_one_machine_get_ports_of_their_own():
    found = ranks.on_this_machine(8)
    assert len(set(found)) == 8
    assert all(address.startswith("127.0.0.1:") for address in found)


@pytest.mark.parametrize("framework", ["torch", "tensorflow", "xgboost"])
def test_the_local_engine_gives_each_rank_the_same_variables(framework, tmp_path):
    spec = JobSpec(command=["x"], distributed=Distributed(framework=Framework(framework), nodes=2))
    task = Task(name="j-1", job="j", attempt=1, owner="ada", project="p", spec=spec,
                folder=tmp_path)  # fmt: skip
    checks.check(spec, Amount(8000, 1 << 30, 0))
    told = [rank["env"] for rank in plans.plan(task, sys.executable, [])["ranks"]]
    wanted = set(ranks.environment(shape(framework, 2, 1), 0))
    assert all(wanted <= set(env) for env in told)
    assert [env["SUBMARINE_RANK"] for env in told] == ["0", "1"]
