"""Ray Jobs: one head on loopback, its jobs API."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.names import DURABLE, FIRST
from benchmarks.peers.notebook import first_cell
from benchmarks.server import end, free_port

ROUNDS = 3
SUBMISSIONS = 24
CLIENTS = 8


def measure(folder: Path) -> dict[str, float]:
    dashboard = f"http://127.0.0.1:{(port := free_port())}/api/jobs/"
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as short:
        head = _start(folder, short, port)
        try:
            _wait_until_up(dashboard)
            times = [_first(dashboard, folder / "first") for _ in range(ROUNDS)]
            return {FIRST: statistics.median(times), DURABLE: _rate(dashboard)}
        finally:
            end(head)


def _start(folder: Path, short: str, port: int) -> subprocess.Popen[bytes]:
    # 127.0.0.2 keeps Ray on loopback: it replaces 127.0.0.1 by the machine's outer address.
    command = [
        *(Path(sys.executable).with_name("ray"), "start", "--head", "--block"),
        *("--node-ip-address=127.0.0.2", f"--port={free_port()}", "--num-cpus=2"),
        *("--object-store-memory=200000000", "--dashboard-host=127.0.0.1"),
        *(f"--dashboard-port={port}", f"--temp-dir={short}", "--disable-usage-stats"),
        *("--min-worker-port=0", "--max-worker-port=0"),
    ]
    log = (folder / "ray.log").open("wb")
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    return subprocess.Popen(
        command, stdout=log, stderr=log, env=environment, start_new_session=True
    )


def _wait_until_up(dashboard: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(dashboard, timeout=2).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("ray did not start")


def _submit(dashboard: str, entrypoint: str) -> None:
    body = json.dumps({"entrypoint": entrypoint}).encode()
    request = urllib.request.Request(dashboard, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).close()


def _first(dashboard: str, output: Path) -> float:
    code = f"import time; open({str(output)!r}, 'w').write(f'{{time.monotonic_ns()}}\\n')"
    script = output.with_suffix(".py")
    script.write_text(code)
    begin = time.monotonic_ns()
    _submit(dashboard, f"{sys.executable} -S -E {script}")
    return (first_cell(output) - begin) / 1e6


def _rate(dashboard: str) -> float:
    begin = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: _submit(dashboard, "true"), range(SUBMISSIONS)))
    return SUBMISSIONS / (time.monotonic() - begin)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
