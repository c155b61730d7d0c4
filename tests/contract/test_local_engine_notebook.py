"""Notebook jobs through the local engine: what is kept, what is told."""

import uuid

import nbformat
import pytest

from submarine_ext.domain.jobs import JobSpec
from submarine_ext.engines.base import Outcome
from submarine_ext.engines.local.engine import LocalEngine
from submarine_ext.testing import jobs
from submarine_ext.testing.engines import EngineContract
from submarine_ext.testing.session import scenario, session
from tests.contract.test_local_engine import marked

contract = EngineContract()


def task(root, *cells, **parameters):
    made = contract.make_task(root, JobSpec(notebook="sub/train.ipynb", parameters=parameters))
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    notebook.cells[0].metadata["tags"] = ["parameters"]
    (made.work / "sub").mkdir()
    nbformat.write(notebook, made.work / "sub" / "train.ipynb")
    return made


def executed(made):
    return nbformat.read(made.artifacts / "train.ipynb", as_version=4)


@scenario
async def test_it_runs_with_its_parameters_and_leaves_the_executed_notebook(tmp_path):
    source = "from submarine_ext import track\ntrack.log_metric('loss', lr)\nprint('lr is', lr)"
    made = task(tmp_path, "lr = 1.0", source, lr=0.5)
    async with session(LocalEngine(tmp_path)) as s:
        await s.engine.start(made)
        ended = await s.ended(made.name)
    log = made.log(0).read_text()
    assert ended.outcome is Outcome.SUCCEEDED, log
    assert "lr is 0.5\n" in log
    assert '"loss":0.5' in log.replace(" ", "")
    assert executed(made).cells[2].outputs[0].text == "lr is 0.5\n"
    original = nbformat.read(made.work / "sub" / "train.ipynb", as_version=4)
    assert len(original.cells) == 2


@pytest.mark.parametrize(
    ("source", "error"),
    [("raise ValueError('bad batch')", "ValueError: bad batch"), ("x = = 1", "SyntaxError: ")],
)
@scenario
async def test_a_failing_cell_is_the_reason(source, error, tmp_path):
    made = task(tmp_path, "x = 1", source)
    async with session(LocalEngine(tmp_path)) as s:
        await s.engine.start(made)
        ended = await s.ended(made.name)
    assert ended.outcome is Outcome.FAILED
    assert ended.reason.startswith(f"Exited with code 1: {error}")
    assert executed(made).cells[1].outputs[0].output_type == "error"


@scenario
async def test_stopped_it_keeps_what_it_has_and_leaves_no_kernel(tmp_path):
    mark = f"mark-{uuid.uuid4().hex}"
    source = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-ISc', 'import time; time.sleep(3600)', '{mark}'],"
        " start_new_session=True)\n"
        "print('ready', flush=True)\n"
        "time.sleep(3600)"
    )
    made = task(tmp_path, "x = 1", source)
    async with session(LocalEngine(tmp_path)) as s:
        await s.engine.start(made)
        await jobs.printed(made.log(0), b"ready")
        await s.engine.stop(made.name)
        ended = await s.ended(made.name)
    assert ended.outcome is Outcome.STOPPED
    assert marked(mark) == []
    assert executed(made).cells[1].outputs[0].text == "ready\n"
