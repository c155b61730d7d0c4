"""``from submarine_ext import track`` works in every interpreter a job may use."""

import os
import subprocess
import sys
from pathlib import Path

import submarine_ext
from submarine_ext.engines.local.plans import JOB_PATH

REAL = Path(submarine_ext.__file__).parent


def run(tmp_path, *options, source):
    env = {"PYTHONPATH": str(JOB_PATH), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, *options, "-c", source],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_interpreter_without_the_package_borrows_track(tmp_path):
    source = "from submarine_ext import track; track.log_metric('a', 1); print(track.__file__)"
    assert run(tmp_path, "-S", source=source) == str(REAL / "track.py")


def test_an_installed_package_is_not_shadowed(tmp_path):
    source = (
        "import submarine_ext; from submarine_ext import track, domain;"
        "print(submarine_ext.__file__, submarine_ext.__version__, submarine_ext.__spec__.origin)"
    )
    said = run(tmp_path, source=source)
    assert said == f"{REAL}/__init__.py {submarine_ext.__version__} {REAL}/__init__.py"


def test_a_package_of_the_jobs_own_files_comes_first(tmp_path):
    (tmp_path / "submarine_ext").mkdir()
    (tmp_path / "submarine_ext/__init__.py").write_text("mine = True")
    assert run(tmp_path, "-S", source="import submarine_ext; print(submarine_ext.mine)") == "True"
