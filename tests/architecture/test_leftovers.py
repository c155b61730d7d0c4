"""The net under all tests holds: what a test leaves behind fails it, by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
LEAKS = """
import asyncio, subprocess
from submarine_ext.services import feed

keep = []

async def test_clean():
    await asyncio.sleep(0)

def test_child(tmp_path):
    keep.append(subprocess.Popen(["sleep", "30"]))

def test_supervisor(tmp_path):
    subprocess.run(["setsid", "-f", "sleep", "30"], cwd=tmp_path)

def test_program_that_ends_by_itself(tmp_path):
    subprocess.run(["setsid", "-f", "sleep", "0.1"], cwd=tmp_path)

async def test_task():
    code = compile("async def forever():\\n    await asyncio.Event().wait()", feed.__file__, "exec")
    names = {"asyncio": asyncio}
    exec(code, names)
    keep.append(asyncio.create_task(names["forever"]()))
    await asyncio.sleep(0)
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of a file of leaking tests, with our own conftest and little grace."""
    folder = tmp_path_factory.mktemp("leaks")
    impatient = CONFTEST.read_text().replace("GRACE = 5.0", "GRACE = 0.5")
    (folder / "conftest.py").write_text(impatient)
    (folder / "test_leaks.py").write_text(LEAKS)
    options = ["-q", "-rA", "-p", "no:playwright", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)
    return done.stdout


@pytest.mark.parametrize(
    ("test", "complaint"),
    [
        ("test_child", "processes outlive the test"),
        ("test_supervisor", "processes outlive the test"),
        ("test_task", "tasks outlive the test"),
    ],
)
def test_a_leak_fails_the_test_that_made_it(verdicts: str, test: str, complaint: str) -> None:
    assert f"ERROR test_leaks.py::{test} - AssertionError: {complaint}"[:60] in verdicts


@pytest.mark.parametrize("test", ["test_clean", "test_program_that_ends_by_itself"])
def test_what_cleans_up_after_itself_passes(verdicts: str, test: str) -> None:
    assert f"ERROR test_leaks.py::{test} " not in verdicts
    assert f"PASSED test_leaks.py::{test}" in verdicts
