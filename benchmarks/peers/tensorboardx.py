"""tensorboardX: one ``add_scalar``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tensorboardX import SummaryWriter

from benchmarks.names import LOGGED

CALLS = 20_000


def measure(folder: Path) -> dict[str, float]:
    with SummaryWriter(str(folder / "runs")) as writer:
        begin = time.perf_counter()
        for step in range(CALLS):
            writer.add_scalar("loss", 1.0 / (step + 1), step)
        return {LOGGED: (time.perf_counter() - begin) / CALLS * 1e6}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
