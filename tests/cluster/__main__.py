"""``python -m tests.cluster --kubeconfig PATH``: the fake alone, for hands and browser tests.

Prints "ready" once it answers; SIGTERM or SIGINT ends it, with every pod process it began.
"""

from __future__ import annotations

import argparse
import shutil
import signal
from pathlib import Path

from .cluster import Cluster


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="where to write it")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--crds", nargs="*", default=[], help="kueue, trainjob, …")
    options = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with Cluster(port=options.port, crds=options.crds) as cluster:
        shutil.copy(cluster.kubeconfig, options.kubeconfig)
        print("ready", cluster.url, flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
