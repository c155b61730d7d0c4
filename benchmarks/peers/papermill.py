"""papermill: from its command to the first cell's first instruction."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.names import FIRST
from benchmarks.peers.notebook import first_cell, write_notebook


def measure(folder: Path) -> dict[str, float]:
    notebook, output = folder / "in.ipynb", folder / "first"
    write_notebook(notebook, output)
    program = Path(sys.executable).with_name("papermill")
    values = []
    for _ in range(3):
        begin = time.monotonic_ns()
        command = [program, "--no-progress-bar", notebook, folder / "out.ipynb"]
        subprocess.run(command, check=True, stdout=sys.stderr, stderr=subprocess.DEVNULL)
        values.append((first_cell(output) - begin) / 1e6)
    return {FIRST: statistics.median(values)}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
