"""``python -m tests.cluster --kubeconfig PATH``: the fake alone, for hands and browser tests.

Prints "ready" once it answers; SIGTERM or SIGINT ends it, with every pod process it began.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import threading
from pathlib import Path

from .cluster import Cluster


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where to write it")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--crds", nargs="*", default=[], help="kueue, trainjob, …")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # not blocked: pods would inherit that
        signal.signal(number, lambda *_: ended.set())
    with Cluster(port=options.port, crds=options.crds) as cluster:
        shutil.copy(cluster.kubeconfig, options.kubeconfig)
        print("ready", cluster.url, flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
