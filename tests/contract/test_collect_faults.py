"""The collector is killed at random moments; every point is stored exactly once.

SIGKILL before, inside and after transactions, while a piece is read and at any time, four
times a story, while the job prints on. SIGKILL is not a power cut: that is not tested.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = int(os.environ.get("FAULT_SEEDS", "20"))


@pytest.fixture(scope="module")
def play():
    script = Path(__file__).with_name("collecting.py")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def order(root, seed, mutant=""):
        process.stdin.write(json.dumps({"root": str(root), "seed": seed, "mutant": mutant}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield order
    process.stdin.close()
    process.wait(20)
    process.stdout.close()


def exactly_once(story) -> bool:
    everything = list(range(story["written"]))
    return story["steps"] == everything and story["counted"] == everything


def test_no_kill_loses_or_doubles_a_point(play, tmp_path):
    stories = {seed: play(tmp_path / str(seed), seed) for seed in range(SEEDS)}

    assert [seed for seed, story in stories.items() if not exactly_once(story)] == []


@pytest.mark.parametrize("mutant", ["offset_in_another_transaction", "offset_before_the_points"])
def test_a_collector_with_two_transactions_is_caught(play, tmp_path, mutant):
    stories = (play(tmp_path / str(seed), seed, mutant) for seed in range(SEEDS))

    assert any(not exactly_once(story) for story in stories)
