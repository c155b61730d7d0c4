"""``python -m tests.cluster``: a cluster for hands and browsers, which leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_it_says_ready_serves_its_kubeconfig_and_ends_on_sigterm(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "tests.cluster", "--kubeconfig", str(path), "--crds", "kueue"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready ")
            assert _groups(path) >= {"batch", "kueue.x-k8s.io"}
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _groups(path: Path) -> set[str]:
    found = yaml.safe_load(path.read_text())
    server = found["clusters"][0]["cluster"]["server"]
    token = found["users"][0]["user"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{server}/apis", headers=headers)
    ) as answer:
        return {group["name"] for group in json.load(answer)["groups"]}
