"""The notebook that products which run notebooks are given: one cell that says when it ran."""

from __future__ import annotations

import json
import time
from pathlib import Path


def write_notebook(path: Path, output: Path) -> None:
    """A notebook whose only cell writes CLOCK_MONOTONIC (ns) into ``output``."""
    source = f"import time; open({str(output)!r}, 'w').write(f'{{time.monotonic_ns()}}\\n')"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cell = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook))


def first_cell(output: Path, seconds: float = 120) -> int:
    """Wait for the cell's nanoseconds, and take them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if output.exists() and (text := output.read_text()).endswith("\n"):
            output.unlink()
            return int(text)
        time.sleep(0.005)
    raise TimeoutError(f"nothing was written to {output}")
