"""The contract catches broken supervisors: each mutant is a copy with one line changed.

The launcher runs from the copy, so the whole way is real; the named test must fail on it.
"""

import os
import shutil
from pathlib import Path

import pytest

import submarine_ext
from submarine_ext.engines.local import launches
from submarine_ext.testing import session as waiting
from tests.contract.test_local_engine import TestLocalEngine as Contract

PACKAGE = Path(submarine_ext.__file__).parent
DETACHED = "whose detached child has an empty environment"

MUTANTS = {
    "a claim that overwrites another": (
        "records.py",
        'os.link(draft, f"{folder}/{CLAIM}")',
        'Path(f"{folder}/{CLAIM}").unlink(missing_ok=True); os.link(draft, f"{folder}/{CLAIM}")',
        lambda c, path: c.test_two_servers_that_start_one_task_begin_it_once(path),
    ),
    "no subreaper": (
        "tree.py",
        "_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)",
        "pass",
        lambda c, path: c.test_stop_ends_everything_the_task_began(DETACHED, path),
    ),
    "a stop that signals the process group only": (
        "tree.py",
        "targets = set(children(os.getpid())) - spare",
        "targets = ranks - spare",
        lambda c, path: c.test_what_a_task_leaves_running_ends_with_it(path),
    ),
    "a log that is truncated": (
        "ranks.py",
        "os.O_WRONLY | os.O_APPEND | os.O_CREAT",
        "os.O_WRONLY | os.O_CREAT",
        lambda c, path: c.test_records_reach_the_log_through_the_stream(path),
    ),
    "a stop that is not looked for after the claim": (
        "supervisor.py",
        "wanted = records.read(self.folder, records.STOP) is not None",
        "wanted = False",
        lambda c, path: c.test_stop_right_after_start_is_a_stop(path),
    ),
    "a failing rank that the others survive": (
        "supervisor.py",
        "elif any(self.codes.values()):",
        "elif False:",
        lambda c, path: c.test_when_one_rank_fails_the_others_are_ended(path),
    ),
}


@pytest.fixture
def mutate(tmp_path, monkeypatch):
    """Run launchers from a copy of the package in which ``old`` reads ``new``."""

    def change(file, old, new):
        copy = tmp_path / "mutant" / "submarine_ext"
        (copy / "engines").mkdir(parents=True)
        shutil.copy(PACKAGE / "__init__.py", copy)
        shutil.copy(PACKAGE / "engines" / "__init__.py", copy / "engines")
        shutil.copytree(PACKAGE / "engines" / "local", copy / "engines" / "local")
        mutated = copy / "engines" / "local" / file
        text = mutated.read_text()
        assert text.count(old) == 1, f"{old!r} is not, or not once, in {file}"
        mutated.write_text(text.replace(old, new))
        monkeypatch.setattr(launches, "_ROOT", tmp_path / "mutant")

    monkeypatch.setattr(waiting, "PATIENCE", 3.0)
    return change


@pytest.mark.parametrize("name", MUTANTS)
def test_the_contract_catches(name, mutate, tmp_path):
    file, old, new, test = MUTANTS[name]
    mutate(file, old, new)
    try:
        with pytest.raises((AssertionError, TimeoutError)):
            test(Contract(), tmp_path)
    finally:
        end_all(tmp_path)


def end_all(root):
    """What a mutant left running: everything that has the test's folder as its own."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(root) in str((entry / "cwd").readlink()):
                os.kill(int(entry.name), 9)
        except OSError:
            continue
