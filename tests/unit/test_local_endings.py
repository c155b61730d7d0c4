"""From a supervisor's plain facts to one sentence for people."""

import errno
from pathlib import Path

import pytest

from submarine_ext.domain.jobs import Distributed, JobSpec, Resources, Usage
from submarine_ext.domain.quantities import memory_bytes
from submarine_ext.engines.base import Outcome, Task
from submarine_ext.engines.local import endings

GIB = 1024**3


@pytest.fixture
def task(tmp_path):
    def make(**fields):
        spec = JobSpec(**({"command": ["python", "train.py"]} | fields))
        (tmp_path / "work").mkdir(exist_ok=True)
        return Task(name="j-1", job="j", attempt=1, owner="ada", project="default",
                    spec=spec, folder=tmp_path)  # fmt: skip

    return make


def record(**facts):
    plain = {"kind": "exited", "codes": [0], "started": 1.0, "finished": 2.0, "not_kept": []}
    return plain | {"cpu_seconds": 0.5, "peak_memory": 0} | facts


def ended(task, **facts):
    return endings.ended(task, record(**facts), 16 * GIB)


def test_a_last_traceback_line_is_found_after_colours_records_and_later_output(task):
    task().log(0).write_bytes(
        b"Epoch 1\n\x1b[31mTraceback (most recent call last)\x1b[0m:\n"
        b'  File "x.py", line 1, in <module>\n'
        b'\x1e{"g":0.5}\n'
        b"\x1b[31mtorch.OutOfMemoryError\x1b[0m: CUDA out of memory.\n  tried: 2 GiB\n"
        b"wandb: run finished\n"
    )
    said = ended(task(), codes=[1], rank=0).reason
    assert said == "Exited with code 1: torch.OutOfMemoryError: CUDA out of memory."


def test_a_log_without_a_traceback_adds_nothing(task):
    task().log(0).write_text("ValueError: only printed\n")
    assert ended(task(), codes=[1], rank=0).reason == "Exited with code 1."


def test_an_error_without_a_message_and_one_behind_a_huge_log(task):
    task().log(0).write_text(
        "x" * 100_000 + "\nTraceback (most recent call last):\n  f\nKeyboardInterrupt\n"
    )
    assert ended(task(), codes=[1], rank=0).reason == "Exited with code 1: KeyboardInterrupt"


def test_the_rank_is_named_where_there_are_several(task):
    job = task(distributed=Distributed(nodes=2))
    said = ended(job, kind="rank", codes=[-15, 5], rank=1)
    assert (said.reason, said.exit_code) == ("Rank 1: Exited with code 5.", 5)


def test_killed_by_the_system_for_want_of_memory_is_told_from_a_plain_kill(task):
    assert ended(task(), codes=[-9], rank=0).reason == "Killed by signal 9 (SIGKILL)."
    said = ended(task(), codes=[-9], rank=0, oom=True).reason
    assert said.startswith("Out of memory: ")


@pytest.mark.parametrize(
    ("asked", "nodes", "remedy"),
    [
        ("512Mi", 1, "1024Mi"),
        ("2Gi", 1, "4Gi"),
        ("3Gi", 1, "6Gi"),
        ("12Gi", 1, "16Gi"),
        ("15Gi", 1, None),
        ("2Gi", 4, "4Gi"),
        ("4Gi", 4, None),
    ],
)
def test_a_remedy_doubles_the_memory_as_far_as_the_machine_goes(task, asked, nodes, remedy):
    job = task(resources=Resources(memory=asked), distributed=Distributed(nodes=nodes))
    said = ended(job, kind="memory", codes=[-9], used=memory_bytes(asked) * nodes)
    assert (said.remedy and said.remedy.resources.memory) == remedy
    assert said.remedy is None or said.remedy.command == job.spec.command


def test_a_remedy_is_doubled_until_it_holds_what_the_job_used(task):
    said = ended(task(resources=Resources(memory="512Mi")), kind="memory", codes=[-9], used=5 * GIB)
    assert said.remedy.resources.memory == "8Gi"


def test_the_memory_used_is_told_beside_what_was_asked_for(task):
    job = task(resources=Resources(memory="2Gi"))
    said = ended(job, kind="memory", codes=[-9], used=int(2.1 * GIB)).reason
    assert said == "Out of memory: it used 2.1 GiB, more than the 2 GiB it asked for."


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "may not be executed"),
        (errno.ENOEXEC, "is no program"),
        (errno.E2BIG, "too long"),
        (errno.EIO, "could not be started: Input/output error"),
    ],
)
def test_why_a_program_could_not_be_executed_is_told(task, number, words):
    said = ended(task(), kind="unstartable", stage="command", errno=number, codes=[127])
    assert words in said.reason
    assert (said.outcome, said.exit_code, said.retryable) == (Outcome.FAILED, None, False)


def test_a_log_that_cannot_be_opened_is_worth_a_retry(task):
    said = ended(task(), kind="unstartable", stage="log", errno=errno.ENOSPC, codes=[127])
    assert said.retryable
    assert "No space left" in said.reason


def test_outputs_that_were_not_kept_are_told_even_with_success(task):
    said = ended(task(), not_kept=["No file matched '*.bin'."])
    assert (said.outcome, said.reason) == (Outcome.SUCCEEDED, "No file matched '*.bin'.")


def test_processes_that_would_not_end_are_named(task):
    said = ended(task(), kind="stopped", codes=[None], survivors=[12, 13]).reason
    assert said == "Stopped on request. These processes of it would not end: 12, 13."


def test_a_missing_log_is_no_error(task):
    assert endings.last_error(Path("/no/such/log")) is None


def test_what_it_used_is_told_unless_it_never_ran(task):
    used = ended(task(), cpu_seconds=1.234, peak_memory=3 * GIB).usage
    assert used == Usage(cpu_seconds=1.23, memory_peak_bytes=3 * GIB)
    assert ended(task(), peak_memory=0).usage == Usage(cpu_seconds=0.5)
    assert (
        ended(task(), kind="unstartable", stage="exec", errno=errno.EIO, started=None).usage is None
    )
