"""Each row of the diagnosis table about ends, with the states of a real cluster."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from submarine_ext.engines.kubernetes.diagnosis.endings import ended
from submarine_ext.engines.kubernetes.diagnosis.view import Ending
from submarine_ext.engines.kubernetes.kinds.base import Top, Verdict
from submarine_ext.engines.kubernetes.pod import report as reports
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes import recorded
from tests.kubernetes import views as make
from tests.kubernetes.views import FAILED, TOP, event, pod, spec, view

FOREIGN = re.compile(r"\b(pods?|nodes?|reconcil\w*|preempt\w*|taint\w*|kubelet|CRs?)\b", re.I)
OOM = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-22T12:00:10Z"}
ERROR = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-22T12:00:10Z"}


def said(job=None, *, top: Top = FAILED, **given: Any) -> Ending:
    return ended(view(job, top=top, **given))


def report(**fields: Any) -> dict[str, Any]:
    """As a launcher's message comes through ``pod.report``."""
    read = reports.read(json.dumps({"kind": "exited", **fields}))
    assert read is not None
    return reports.as_view(read)


def failed(reason: str, message: str = "") -> Top:
    return Top(uid=TOP, verdict=Verdict.FAILED, settled=True, reason=reason, message=message)


def disrupted(reason: str, *, index: int = 0, at: str = "2026-11-22T12:00:05Z") -> dict[str, Any]:
    target = {"type": "DisruptionTarget", "status": "True", "reason": reason}
    condition = {**target, "lastTransitionTime": at}
    return make.ended({"exitCode": 137, "reason": "Error"}, index=index, conditions=[condition])


class TestTheProcessItself:
    def test_an_exit_code(self) -> None:
        ending = said(reports={0: report(rank=0, code=3)})
        assert (ending.reason, ending.exit_code) == ("Exited with code 3.", 3)

    def test_a_traceback(self) -> None:
        ending = said(reports={0: report(rank=0, code=1, error="ValueError: bad batch")})
        assert ending.reason == "Exited with code 1: ValueError: bad batch"

    def test_a_signal(self) -> None:
        ending = said(reports={0: report(rank=0, code=-9)})
        assert (ending.reason, ending.exit_code) == ("Killed by signal 9 (SIGKILL).", -9)

    def test_what_could_not_be_started_is_not_tried_again(self) -> None:
        told = report(kind="unstartable", error="There is no program 'no-such-program-here'.")
        ending = said(reports={0: told})
        assert ending.reason == "There is no program 'no-such-program-here'."
        assert not ending.retryable

    def test_what_could_not_be_prepared_is_tried_again(self) -> None:
        assert said(reports={0: report(kind="unprepared", error="The disk is full.")}).retryable

    def test_a_time_limit(self) -> None:
        ending = said(spec(timeout=1), reports={0: report(kind="timeout", code=-15)})
        assert ending.reason == "Ran longer than its limit of 1 s."

    def test_notes_follow(self) -> None:
        ending = said(reports={0: report(rank=0, code=1, notes=["'big.bin' was not kept."])})
        assert ending.reason == "Exited with code 1. 'big.bin' was not kept."

    def test_when_it_ran(self) -> None:
        ending = said(reports={0: report(rank=0, code=1, started=10.5, finished=20.25)})
        assert (ending.started, ending.finished) == (10.5, 20.25)


class TestSeveralRanks:
    TWO = spec(nodes=2)

    def test_the_first_that_failed_is_told_not_the_last(self) -> None:
        """Mutant: taking the last of the reports."""
        first = report(rank=1, code=1, error="ValueError: bad batch", finished=10.0)
        last = report(rank=0, code=1, error="ConnectionError: peer is gone", finished=11.0)
        ending = said(self.TWO, reports={0: last, 1: first})
        assert ending.reason == "Rank 1: Exited with code 1: ValueError: bad batch"

    def test_who_was_ended_for_anothers_sake_is_no_cause(self) -> None:
        stopped = report(kind="stopped", finished=9.0)
        cause = report(rank=1, code=3, finished=9.5)
        assert said(self.TWO, reports={0: stopped, 1: cause}).reason == (
            "Rank 1: Exited with code 3."
        )

    def test_a_container_that_was_ended_is_no_cause(self) -> None:
        victim = make.ended({**ERROR, "exitCode": 143, "finishedAt": "2026-11-22T12:00:00Z"})
        cause = make.ended({**ERROR, "exitCode": 3}, index=1)
        assert said(self.TWO, pods=[victim, cause]).reason == "Rank 1: Exited with code 3."

    def test_a_machine_that_was_lost_first_is_the_cause(self) -> None:
        later = report(rank=0, code=1, error="RuntimeError: NCCL", finished=4e9)
        lost = disrupted("DeletionByTaintManager", index=1)
        ending = said(self.TWO, pods=[lost], reports={0: later})
        assert ending.reason == "Its machine was lost or closed. It was not your code."

    def test_a_silent_machine_is_mentioned_beside_the_error(self) -> None:
        silent = pod({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]})
        told = event("NodeNotReady", "Node is not ready", "pod-0")
        ending = said(self.TWO, pods=[silent], events=[told], reports={1: report(rank=1, code=1)})
        assert ending.reason == (
            "Rank 1: Exited with code 1. "
            "Contact with 1 of its 2 machines was lost: that may be why."
        )


class TestMemory:
    def test_the_limit_is_named(self) -> None:
        ending = said(spec(memory="16Gi"), pods=[make.ended(OOM)])
        assert ending.reason == (
            "Out of memory at 16 GiB: ask for more memory, "
            "or lower the batch size or the number of workers."
        )

    def test_what_was_used_is_named_where_it_is_known(self) -> None:
        told = report(rank=0, code=-9, oom=True, used=200 << 20)
        ending = said(spec(memory="64Mi"), reports={0: told})
        assert ending.reason == (
            "Out of memory: it used 200 MiB, more than the 64 MiB it asked for."
        )

    def test_a_child_that_was_killed_counts(self) -> None:
        """The kernel killed a child: the container's own state says Error only."""
        told = report(rank=0, code=1, oom=True, error="BrokenProcessPool: gone")
        assert "Out of memory at 1 GiB" in said(spec(memory="1Gi"), reports={0: told}).reason

    def test_a_default_limit_is_called_the_namespaces(self) -> None:
        killed = make.ended(OOM)
        killed["spec"]["containers"][0]["resources"] = {"limits": {"memory": "512Mi"}}
        assert (
            "at 512 MiB, which team-a gives to jobs that ask for none" in said(pods=[killed]).reason
        )

    def test_a_machine_without_memory_is_not_the_jobs_limit(self) -> None:
        assert "its machine had none left" in said(pods=[make.ended(OOM)]).reason

    def test_a_kill_that_nobody_explains_is_not_called_out_of_memory(self) -> None:
        killed = make.ended({**OOM, "reason": "Error"})
        assert said(pods=[killed]).reason == (
            "Killed by signal 9 (SIGKILL). Perhaps it used too much memory."
        )


class TestTheMachine:
    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("PreemptionByScheduler", "taken for work of higher priority"),
            ("DeletionByTaintManager", "lost or closed"),
            ("EvictionByEvictionAPI", "cleared for maintenance"),
            ("DeletionByPodGC", "removed from the cluster"),
            ("TerminationByKubelet", "ended it"),
        ],
    )
    def test_a_disruption_is_not_the_code(self, reason: str, words: str) -> None:
        ending = said(pods=[disrupted(reason)])
        assert words in ending.reason
        assert ending.reason.endswith("It was not your code.")
        assert ending.retryable

    @pytest.mark.parametrize(
        ("message", "words"),
        [
            ("The node was low on resource: memory. Threshold: 100Mi", "ran out of memory"),
            ("The node was low on resource: ephemeral-storage.", "ran out of disk"),
            ('Usage of EmptyDir volume "workspace" exceeds the limit "1Gi". ', "the 1 GiB of disk"),
            ("Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ",
             "the 2 GiB of disk"),
            ("The node had condition: [DiskPressure]. ", "ran out of disk space"),
        ],
    )  # fmt: skip
    def test_an_eviction_names_what_ran_out(self, message: str, words: str) -> None:
        evicted = make.ended({"exitCode": 137}, reason="Evicted", message=message)
        assert words in said(pods=[evicted]).reason

    def test_the_controllers_word_is_taken_when_the_rest_is_gone(self) -> None:
        message = next(m for m in recorded.events("PodFailurePolicy") if "DisruptionTarget" in m)
        assert said(top=failed("PodFailurePolicy", message)).reason == (
            "Its machine was lost or taken. It was not your code."
        )


class TestDeadlines:
    def test_of_the_job(self) -> None:
        ending = said(spec(timeout=86_400), top=failed("DeadlineExceeded", "Job was active"))
        assert ending.reason == "Ran longer than its limit of 86400 s."

    def test_of_the_pod(self) -> None:
        state = recorded.container("activeDeadlineSeconds of the POD")["status"]
        settings = Settings(max_timeout_seconds=60)
        assert said(settings=settings, pods=[pod(state)]).reason == (
            "Ran longer than its limit of 60 s."
        )

    def test_an_error_before_the_deadline_stays_the_cause(self) -> None:
        ending = said(top=failed("DeadlineExceeded"), reports={0: report(rank=0, code=3)})
        assert ending.reason == "Exited with code 3."


class TestNothingIsLeft:
    def test_the_exit_code_is_in_the_controllers_message(self) -> None:
        message = "Container main for pod team-a/x-0-abcde failed with exit code 7 matching FailJob"
        assert said(top=failed("PodFailurePolicy", message)).exit_code == 7

    def test_that_nothing_is_known_is_said(self) -> None:
        assert said().reason == "It failed. The cluster kept nothing that says why."

    def test_an_unknown_reason_is_quoted(self) -> None:
        assert said(top=failed("Odd", "the moon was full")).reason == (
            "The cluster ended it: “the moon was full”."
        )


class TestContainersWithoutAReport:
    def test_an_image_without_python_says_what_to_do_and_is_not_tried_again(self) -> None:
        sentence = "This image has no Python 3.8 or newer: choose another image (environment)."
        state = {"exitCode": 64, "reason": "Error", "message": f"noise\n{sentence}\n"}
        ending = said(pods=[make.ended(state)])
        assert (ending.reason, ending.retryable) == (sentence, False)

    def test_an_image_without_a_shell_says_so(self) -> None:
        state = recorded.container("a command that is not there")["status"]
        ending = said(pods=[pod(state)])
        assert "no program “no-such-program”" in ending.reason
        assert (ending.retryable, ending.started) == (False, None)

    def test_the_logs_end_has_the_error(self) -> None:
        log = "Traceback (most recent call last):\n  File\nKeyError: 'lr'\n"
        ending = said(pods=[make.ended({**ERROR, "message": log})])
        assert ending.reason == "Exited with code 1: KeyError: 'lr'"

    @pytest.mark.parametrize(
        "state",
        [s for s in recorded.states("terminated") if s["exitCode"]],
        ids=lambda s: f"{s['reason']}-{s['exitCode']}",
    )
    def test_every_recorded_end_is_a_sentence(self, state: dict[str, Any]) -> None:
        reason = said(spec(memory="16Gi"), pods=[make.ended(state)]).reason
        assert reason != said().reason
        assert FOREIGN.search(reason) is None


class TestHostileReports:
    def test_a_report_of_the_jobs_own_making_is_text(self) -> None:
        told = report(rank=0, code=1, error="\x1b]0;x\x07" + "<b>" * 400)
        reason = said(reports={0: told}).reason
        assert reason.isprintable()
        assert len(reason) < 600

    def test_a_message_that_is_no_report_is_not_believed(self) -> None:
        assert reports.read('{"kind":"succeeded"}') is None
        assert reports.read("{" * 100_000) is None
