"""Other products beside ours: each in a throw-away environment, never a dependency.

A product is a script here that prints one JSON object, ``{figure: value}``. It is run by the
Python of an environment that has the product in it, and it sees this repository through
``PYTHONPATH`` only (our package's dependencies are not there).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.server import REPOSITORY

#: What to install for the script of that name.
PRODUCTS = {
    "jupyter_scheduler": ["jupyter-scheduler", "ipykernel"],
    "mlflow": ["mlflow"],
    "papermill": ["papermill", "ipykernel"],
    "ray": ["ray[default]"],
    "tensorboardx": ["tensorboardX"],
}
MINUTES = 10


def measure(names: list[str]) -> dict[str, dict[str, float]]:
    """``{figure: {product: value}}`` for the figures asked for; a failure is told, not raised."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for product, requirements in PRODUCTS.items():
        print(f"measuring {product} …", file=sys.stderr, flush=True)
        try:
            figures = _figures(product, requirements)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"{product} was not measured: {error}", file=sys.stderr)
            continue
        for name, value in figures.items():
            if name in names:
                found[name][product] = value
    return found


def _figures(product: str, requirements: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="submarine-peer-") as name:
        folder = Path(name)
        python = _environment(folder / "venv", requirements)
        done = subprocess.run(
            [python, "-m", f"benchmarks.peers.{product}", folder],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": name},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=MINUTES * 60,
            check=True,
        )
        figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return figures


def _environment(folder: Path, requirements: list[str]) -> Path:
    python = folder / "bin" / "python"
    if shutil.which("uv"):
        subprocess.run(["uv", "venv", "-q", "--python", sys.executable, folder], check=True)
        install = ["uv", "pip", "install", "-q", "--python", python]
    else:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "-q"]
    subprocess.run([*install, *requirements], check=True)
    return python
