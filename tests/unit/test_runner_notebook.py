"""Notebook jobs: parameters, progress, the executed notebook, and how they fail."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from submarine_ext import runner

RUNNER = Path(runner.__file__)


def notebook(path, *cells, tags=(), **metadata):
    new = nbformat.v4.new_notebook(metadata=metadata)
    for source in cells:
        new.cells.append(nbformat.v4.new_code_cell(source))
    for number, tag in tags:
        new.cells[number].metadata["tags"] = [tag]
    nbformat.write(new, path)
    return path


class Run:
    """The runner on one notebook, as the engine starts it."""

    def __init__(self, folder, parameters="{}", env=()):
        self.executed = folder / "executed.ipynb"
        self.stream = folder / "rank-0.log"
        (folder / "parameters.json").write_text(parameters)
        command = [sys.executable, str(RUNNER), "notebook", str(folder / "nb.ipynb"),
                   str(self.executed), str(folder / "parameters.json")]  # fmt: skip
        with self.stream.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, "SUBMARINE_STREAM": str(self.stream),
                     "SUBMARINE_JOB": "jx", "SUBMARINE_RANK": "0", **dict(env)},
            )  # fmt: skip

    def end(self):
        self.process.wait(60)
        return self

    @property
    def log(self):
        return self.stream.read_text()

    @property
    def cells(self):
        return nbformat.read(self.executed, as_version=4).cells


def test_parameters_stand_after_the_tagged_cell_with_their_types(tmp_path):
    notebook(
        tmp_path / "nb.ipynb",
        "lr = 1.0\nname = 'x'\nsizes = []\nflag = True\nnothing = 1",
        "print(repr([lr, name, sizes, flag, nothing]))",
        tags=[(0, "parameters")],
    )
    values = json.dumps(
        {
            "lr": 0.1,
            "name": 'it\'s "q" \\n',
            "sizes": [1, {"a": None}],
            "flag": False,
            "nothing": None,
        }
    )
    run = Run(tmp_path, values).end()
    assert run.process.returncode == 0, run.log
    expected = repr([0.1, 'it\'s "q" \\n', [1, {"a": None}], False, None])
    assert expected in run.log
    assert [cell.metadata.get("tags") for cell in run.cells] == [
        ["parameters"],
        ["injected-parameters"],
        None,
    ]


def test_progress_counts_executed_cells(tmp_path):
    notebook(tmp_path / "nb.ipynb", "1", "", "2")
    run = Run(tmp_path).end()
    assert run.process.returncode == 0, run.log
    assert run.log.count("\x1e") == 3
    assert '"n":"cell 2/2"' in run.log.replace(" ", "").replace("cell2/2", "cell 2/2")


def test_outputs_are_echoed_to_the_log_as_they_come(tmp_path):
    notebook(tmp_path / "nb.ipynb", "print('printed')\n41 + 1")
    run = Run(tmp_path).end()
    text = run.log
    assert "printed\n" in text
    assert "42\n" in text


def test_the_kernel_is_the_jobs_own_interpreter_whatever_is_installed(tmp_path):
    elsewhere = tmp_path / "jupyter_data_dir/kernels/python3"
    elsewhere.mkdir(parents=True)
    (elsewhere / "kernel.json").write_text(
        '{"argv": ["/no/such/python"], "display_name": "x", "language": "python"}'
    )
    notebook(
        tmp_path / "nb.ipynb",
        "import sys, os; print(sys.executable, os.getcwd())",
        kernelspec={"name": "python3", "display_name": "x", "language": "python"},
    )
    run = Run(tmp_path).end()
    assert f"{sys.executable} {tmp_path}" in run.log


def test_a_failing_cell_ends_it_with_the_error_and_keeps_what_ran(tmp_path):
    notebook(
        tmp_path / "nb.ipynb", "print('first')", "raise ValueError('bad batch')", "print('never')"
    )
    run = Run(tmp_path).end()
    assert run.process.returncode == 1
    assert run.log.rstrip().endswith("ValueError: bad batch")
    assert "Traceback (most recent call last):\n  Cell 2\n" in run.log
    assert run.cells[0].outputs[0].text == "first\n"
    assert run.cells[1].outputs[0].ename == "ValueError"
    assert run.cells[2].outputs == []


def test_a_kernel_that_dies_is_named(tmp_path):
    notebook(tmp_path / "nb.ipynb", "print('first', flush=True)", "import os; os._exit(1)")
    run = Run(tmp_path).end()
    assert run.process.returncode == 1
    assert "kernel died in cell 2" in run.log
    assert run.cells[0].outputs[0].text == "first\n"


def test_a_stopped_notebook_keeps_the_output_of_the_cell_it_was_in(tmp_path):
    notebook(tmp_path / "nb.ipynb", "print('ready', flush=True)\nimport time; time.sleep(3600)")
    run = Run(tmp_path)
    while "ready" not in run.log:
        assert run.process.poll() is None, run.log
    kernels = children(run.process.pid)
    run.process.send_signal(signal.SIGTERM)
    run.end()
    for pid in kernels:  # under a supervisor these are ended with the job
        os.kill(pid, signal.SIGKILL)
    assert run.process.returncode == 143
    assert run.cells[0].outputs[0].text == "ready\n"


def children(pid):
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_is_not_a_notebook_is_said(tmp_path):
    (tmp_path / "nb.ipynb").write_text("{not json")
    run = Run(tmp_path).end()
    assert run.process.returncode == 1
    assert "nb.ipynb is not a notebook that can be read" in run.log
    assert "Traceback" not in run.log


def test_parameters_for_another_language_are_refused(tmp_path):
    spec = {"name": "ir", "display_name": "R", "language": "R"}
    notebook(tmp_path / "nb.ipynb", "1", kernelspec=spec)
    run = Run(tmp_path, '{"lr": 1}').end()
    assert "Parameters can be passed to Python notebooks only." in run.log


def test_an_interpreter_without_nbclient_is_told_what_to_install(tmp_path):
    notebook(tmp_path / "nb.ipynb", "1")
    (tmp_path / "parameters.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-IS", RUNNER, "notebook", "nb.ipynb", "out.ipynb", "parameters.json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "-m pip install nbclient nbformat ipykernel" in done.stdout


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        0,
        -1,
        1.5,
        1e300,
        "",
        "a'b\"c\n\\",
        "é\u2028",
        [],
        {},
        [1, [None]],
        {"a b": [True]},
    ],
)
def test_a_literal_evaluates_to_the_same_value_and_type(value):
    again = eval(runner.literal(value))
    assert again == value
    assert type(again) is type(value)


def test_infinity_has_a_literal():
    assert eval(runner.literal(float("-inf"))) == float("-inf")


def test_a_second_run_replaces_the_injected_cell():
    cells = [nbformat.v4.new_code_cell("a = 1", metadata={"tags": ["parameters"]})]
    for value in (2, 3):
        runner.inject(cells, {"a": value}, nbformat.v4.new_code_cell)
    assert [cell.source for cell in cells] == ["a = 1", "# Parameters\na = 3"]


@pytest.mark.parametrize(
    ("source", "tags", "values", "words"),
    [
        ("lr = 1", ["parameters"], {"lrr": 2}, "no parameter 'lrr'; did you mean 'lr'?"),
        ("lr: float = 1\n%time", ["parameters"], {"lr": 2}, None),
        ("if lr == 1: pass", ["parameters"], {"lr": 2}, "no parameter 'lr'."),
        ("lr = 1", [], {"lr": 2}, "has no cell tagged 'parameters'"),
        ("lr = 1", [], {}, None),
    ],
)
def test_a_parameter_that_the_notebook_does_not_declare_is_named(source, tags, values, words):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": tags})]
    problem = runner.undeclared(cells, values)
    assert problem is None if words is None else words in problem
