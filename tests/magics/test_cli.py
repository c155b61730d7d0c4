"""The ``submarine`` command: what it prints, and what it tells other programs."""

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from submarine_ext.cli.main import main


@pytest.fixture(autouse=True)
def at_the_server(server, work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMARINE_URL", server.url)
    monkeypatch.setenv("SUBMARINE_TOKEN", server.token)


@pytest.fixture
def submarine(capsys: pytest.CaptureFixture[str]):
    """Run a command line: its exit status, output and complaints."""

    def run(*tokens: str) -> tuple[int, str, str]:
        status = main(tokens)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_run_returns_at_once_and_says_how_to_go_on(submarine, client):
    status, out, _ = submarine("run", "hello.py")
    job = out.split()[0]
    assert (status, f"submarine watch {job}" in out) == (0, True)
    client.jobs.wait(job)


def test_run_wait_streams_the_log_and_succeeds_with_the_job(submarine):
    status, out, _ = submarine("run", "--wait", "train.py")
    assert status == 0
    assert "epoch 5\n" in out
    assert "succeeded" in out.splitlines()[-1]


def test_run_wait_fails_with_the_job_and_says_why(submarine):
    status, out, _ = submarine("run", "--wait", "fail.py")
    assert status == 1
    assert "oh no\n" in out
    assert "failed" in out.splitlines()[-1]


def test_the_last_line_says_how_it_ended_also_where_the_log_comes_after_that(submarine, client):
    job = client.run(script="fail.py")
    job.wait(60)
    _, out, _ = submarine("watch", job.id)
    *printed, last = out.splitlines()
    assert printed == ["oh no"]
    assert "failed" in last


def test_watch_fails_with_the_job_too(submarine, client):
    client.run(script="fail.py").wait(60)
    assert submarine("watch")[0] == 1


def test_logs_are_the_log_and_nothing_else(submarine, client):
    job = client.run(script="train.py").wait(60)
    assert submarine("logs", job.id)[1] == job.logs()
    assert submarine("logs", "-f", job.id[:-1])[1] == job.logs()


def test_a_log_cannot_steer_the_terminal(submarine, client):
    evil = "red \033[31mx\033[0m title \033]0;pwned\007 clear \033[2J up \033[1A bell \007"
    job = client.run(command=["printf", "%b", evil], folder=None).wait(60)
    assert submarine("logs", job.id)[1] == "red \033[31mx\033[0m title  clear  up  bell "


def test_jobs_as_json_are_jobs(submarine, client):
    job = client.run(script="hello.py", tags=["json"]).wait(60)
    status, out, _ = submarine("jobs", "--tag", "json", "--json")
    (listed,) = json.loads(out)
    assert (status, listed["id"], listed["state"]) == (0, job.id, "succeeded")


def test_metrics_as_json_are_whole_series(submarine, client):
    job = client.run(
        code="from submarine_ext import track\ntrack.log_metrics({'a': 1, 'b': float('nan')})",
        folder=None, env={},
    ).wait(60)  # fmt: skip
    metrics = json.loads(submarine("metrics", job.id, "--json")[1])
    assert metrics["series"]["a"]["value"] == [1]
    assert metrics["series"]["b"]["value"] == ["NaN"]


def test_stop_and_retry_steer_the_job(submarine, client, tmp_path):
    job = client.run(script="wait.py", args=[str(tmp_path / "gate")])
    assert submarine("stop", job.id, "--grace", "5s")[0] == 0
    assert job.wait(60).state == "cancelled"
    (tmp_path / "gate").touch()
    assert submarine("retry", job.id)[0] == 0
    assert job.wait(60).state == "succeeded"


def test_alone_it_says_where_we_are(submarine, server):
    status, out, _ = submarine()
    assert status == 0
    assert server.url in out
    assert "engine local" in out


def test_what_cannot_be_understood_is_status_2_with_a_sentence(submarine):
    assert submarine("rnu") == (2, "", submarine("rnu")[2])
    assert "did you mean run?" in submarine("rnu")[2]


def test_what_cannot_be_done_is_status_1_with_a_sentence(submarine):
    status, out, err = submarine("logs", "nothing")
    assert (status, out) == (1, "")
    assert err == "No job's id begins with 'nothing'; `submarine jobs` lists them.\n"


def test_help_is_no_error(submarine):
    status, out, _ = submarine("run", "-h")
    assert status == 0
    assert out.startswith("usage: submarine run")


def test_large_files_are_mentioned(submarine, server, client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("weights.bin").write_bytes(bytes(6_000_000))
    Path("a.py").write_text("")
    out = submarine("run", "a.py")[1]
    assert "Note: weights.bin is 5.7 MiB" in out
    client.jobs.find("last").wait(60)


def test_in_a_terminal_progress_is_drawn_and_the_log_stays_above_it(server, work):
    ours, theirs = pty.openpty()
    environment = server.environment | {
        "SUBMARINE_URL": server.url, "SUBMARINE_TOKEN": server.token, "TERM": "xterm",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "submarine_ext.cli.main", "run", "--wait", "train.py"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=work,
    )  # fmt: skip
    os.close(theirs)
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.extend(iter(lambda: read(ours), b"")))
    reader.start()
    assert process.wait(60) == 0
    reader.join()
    os.close(ours)
    shown = b"".join(said).decode()
    assert "━" in shown
    assert all(f"epoch {n}\r\n" in shown for n in range(1, 6))
    assert "✓" in shown.splitlines()[-1]


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other side has gone
        return b""
