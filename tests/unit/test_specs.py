"""A job spec that cannot be run is refused at the door, naming the field."""

import msgspec
import pytest

from submarine_ext.domain.jobs import Distributed, JobSpec, Resources
from submarine_ext.domain.specs import check, default_name
from submarine_ext.errors import Invalid

SHA = "0" * 64


def spec(**fields):
    return JobSpec(**({"command": ["true"]} | fields))


REFUSED = {
    "nothing to run": (JobSpec(), "command"),
    "two things to run": (JobSpec(command=["true"], code="1"), "code"),
    "args without a script": (spec(args=["x"]), "args"),
    "parameters without a notebook": (spec(parameters={"a": 1}), "parameters"),
    "a script without its files": (JobSpec(script="a.py"), "bundle"),
    "a script outside the bundle": (JobSpec(script="../a.py", bundle=SHA), "script"),
    "an absolute script": (JobSpec(script="/etc/passwd", bundle=SHA), "script"),
    "a script with a backslash": (JobSpec(script="a\\b.py", bundle=SHA), "script"),
    "a script that is the folder": (JobSpec(script=".", bundle=SHA), "script"),
    "a notebook of another kind": (JobSpec(notebook="a.py", bundle=SHA), "notebook"),
    "a workdir outside": (spec(workdir="a/../../b"), "workdir"),
    "outputs from outside": (spec(outputs=["../*"]), "outputs[0]"),
    "an empty program": (JobSpec(command=[" "]), "command"),
    "a NUL in an argument": (JobSpec(command=["a", "b\0"]), "command[1]"),
    "a NUL in a variable": (spec(env={"A": "\0"}), "env.A"),
    "a variable with a dash": (spec(env={"A-B": "1"}), "env.A-B"),
    "a variable for the loader": (spec(env={"LD_PRELOAD": "x.so"}), "env.LD_PRELOAD"),
    "a variable for Python": (spec(env={"PYTHONPATH": "x"}), "env.PYTHONPATH"),
    "a variable of ours": (spec(env={"SUBMARINE_JOB": "x"}), "env.SUBMARINE_JOB"),
    "a name that cannot be shown": (spec(name="a\nb"), "name"),
    "memory in words": (spec(resources=Resources(memory="2 gigs")), "resources.memory"),
    "no CPU at all": (spec(resources=Resources(cpu=0)), "resources.cpu"),
    "a parameter that is no name": (
        JobSpec(notebook="a.ipynb", bundle=SHA, parameters={"a b": 1}),
        "parameters.a b",
    ),
    "a notebook on two ranks": (
        JobSpec(notebook="a.ipynb", bundle=SHA, distributed=Distributed(nodes=2)),
        "distributed",
    ),
}

TORCHRUN = (
    ["torchrun", "train.py"],
    ["/opt/conda/bin/torchrun", "train.py"],
    ["python", "-m", "torch.distributed.run", "train.py"],
    ["/usr/bin/python3.12", "-u", "-m", "torch.distributed.run", "train.py"],
    ["python3", "-m", "torch.distributed.launch", "train.py"],
)


@pytest.mark.parametrize("command", TORCHRUN)
def test_torchrun_starts_its_own_processes_and_is_refused_several_of_them(command):
    shape = Distributed(framework="torch", nodes=2, processes_per_node=2)
    with pytest.raises(Invalid, match="--nproc-per-node") as caught:
        check(spec(command=command, distributed=shape))
    assert caught.value.field == "distributed.processes_per_node"
    check(spec(command=command, distributed=Distributed(framework="torch", nodes=2)))


@pytest.mark.parametrize(
    "command",
    [
        ["python", "train.py", "-m", "torch.distributed.run"],
        ["python", "-m", "my.torchrun"],
        ["sh", "-c", "torchrun train.py"],
    ],
)
def test_a_program_that_only_looks_like_torchrun_may_have_several_processes(command):
    check(spec(command=command, distributed=Distributed(framework="torch", processes_per_node=2)))


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_the_fields_name(case):
    wrong, field = REFUSED[case]
    with pytest.raises(Invalid) as caught:
        check(wrong)
    assert caught.value.field == field
    assert caught.value.detail.rstrip().endswith((".", "?"))


def test_each_kind_alone_is_accepted():
    check(spec())
    check(JobSpec(script="a/b.py", bundle=SHA, args=["--lr", "0.1"]))
    check(JobSpec(notebook="n.ipynb", bundle=SHA, parameters={"lr": 0.1}))
    check(JobSpec(code="print(1)"))


@pytest.mark.parametrize(
    ("json", "field"),
    [
        (b'{"command": "python train.py"}', "command"),
        (b'{"command": ["x"], "colour": 1}', "colour"),
        (b'{"command": ["x"], "resources": {"gpu": -1}}', "gpu"),
        (b'{"command": ["x"], "resources": {"ram": 1}}', "ram"),
        (b'{"command": ["x"], "distributed": {"framework": "jax"}}', "framework"),
        (b'{"command": ["x"], "env": {"A": 1}}', "env"),
        (b'{"command": []}', "command"),
    ],
)
def test_wrong_types_and_unknown_fields_are_named_by_the_decoder(json, field):
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.json.decode(json, type=JobSpec)


def test_a_job_without_a_name_is_called_after_what_it_runs():
    assert default_name(JobSpec(script="src/train.py", bundle=SHA)) == "train.py"
    assert default_name(JobSpec(command=["/usr/bin/echo", "x"])) == "echo"
    assert default_name(JobSpec(code="1")) == "cell"
    assert default_name(spec(name="mine")) == "mine"
