"""Each row of the diagnosis table about jobs that wait, with the texts of a real cluster."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.engines.kubernetes.diagnosis.quoting import LONGEST
from submarine_ext.engines.kubernetes.diagnosis.waiting import explain, waiting
from submarine_ext.engines.kubernetes.kinds.base import Top
from submarine_ext.engines.kubernetes.settings import Settings
from tests.kubernetes import recorded
from tests.kubernetes.views import (
    FAILED,
    TOP,
    event,
    pod,
    spec,
    unplaced,
    view,
    waits,
    workload,
)

#: Words of Kubernetes that mean nothing to who wrote a training.
FOREIGN = re.compile(r"\b(pods?|nodes?|reconcil\w*|preempt\w*|taint\w*|kubelet|CRs?)\b", re.I)
BIG = spec(gpu=4, memory="64Gi", cpu=32)
SUSPENDED = Top(uid=TOP, suspended=True)
PENDING = ("False", "Pending")

KEYS = "metadata spec status conditions containerStatuses state waiting type reason message phase"
SHAPES = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5)
    ),
    max_leaves=20,
).filter(lambda thing: isinstance(thing, dict))


def reason(*args, **given):
    said = waiting(view(*args, **given))
    assert said is not None
    return said[0]


def refused(message: str, job=BIG) -> str:
    return reason(job, events=[event("FailedCreate", message)])


def queued(message: str = "", job=BIG, **conditions: tuple[str, str]) -> str:
    conditions = conditions or {"QuotaReserved": PENDING}
    given = {"queue": "team-a", "position": 3, "top": SUSPENDED}
    return reason(job, workload=workload(message, **conditions), **given)


class TestEveryRecordedText:
    """The walk: what a real cluster said is understood, all of it."""

    @pytest.mark.parametrize("message", recorded.unschedulable())
    def test_of_the_scheduler_is_a_sentence_with_its_numbers(self, message: str) -> None:
        said = reason(BIG, pods=[unplaced(message)])
        counts, *_ = re.split(r"\.? (?:no new claims.*|preemption: .*)", message)
        asked = r" (\d+) (?=Insufficient|node\(s\))"
        assert [n for n in re.findall(asked, f" {counts}") if f"{n} " not in said] == []
        assert "“0/" not in said
        assert FOREIGN.search(said) is None

    @pytest.mark.parametrize("message", recorded.events("FailedCreate"))
    def test_of_a_refusal_is_a_sentence_with_its_numbers(self, message: str) -> None:
        said = refused(message)
        assert "The cluster refuses it" not in said
        for number in re.findall(r"(?:gpu=|is |limit of |ratio is )(\d+)", message):
            assert number in said
        if "PodSecurity" not in message:
            assert FOREIGN.search(said) is None

    @pytest.mark.parametrize("state", recorded.states("waiting"), ids=lambda s: s["reason"])
    def test_of_a_waiting_container_is_a_sentence(self, state: dict[str, str]) -> None:
        said = reason(pods=[waits(state["reason"], state.get("message", ""))])
        assert state.get("message", "-") not in said
        assert state["reason"] not in said
        assert FOREIGN.search(said) is None


class TestNoMachine:
    def test_busy_machines_are_counted_and_waiting_helps(self) -> None:
        message = next(m for m in recorded.unschedulable() if "2 No preemption victims" in m)
        assert reason(spec(gpu=1), pods=[unplaced(message)]) == (
            "None of 4 machines fits: 4 have no free GPU. Ask for fewer GPUs, or wait."
        )

    def test_what_can_never_fit_says_so(self) -> None:
        message = next(
            m
            for m in recorded.unschedulable()
            if m.startswith("0/4 nodes are available: 4 Insufficient nvidia.com/gpu.")
            and "4 Preemption is not helpful" in m
        )
        assert reason(BIG, pods=[unplaced(message)]) == (
            "None of 4 machines fits: 4 have fewer than 4 GPUs free. "
            "It will not fit, however long it waits: ask for fewer GPUs."
        )

    def test_a_named_taint_is_named(self) -> None:
        message = "0/2 nodes are available: 2 node(s) had untolerated taint {team: vision}."
        assert "2 are reserved (“team”)" in reason(pods=[unplaced(message)])

    def test_older_schedulers_put_commas_into_a_reason(self) -> None:
        message = (
            "0/3 nodes are available: 1 node(s) had taint {node-role.kubernetes.io/master: }, "
            "that the pod didn't tolerate, 2 Insufficient cpu."
        )
        said = reason(spec(cpu=2), pods=[unplaced(message)])
        assert "1 is kept for the cluster itself, 2 have fewer than 2 CPUs free" in said

    def test_the_gpu_type_is_named_where_no_machine_has_it(self) -> None:
        message = "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector."
        said = reason(spec(gpu=1, gpu_type="a100"), pods=[unplaced(message)])
        assert "4 have no GPU of the type a100" in said

    def test_a_gate_is_no_machine_that_is_missing(self) -> None:
        assert "holds it back" in reason(pods=[unplaced("", "SchedulingGated")])

    def test_a_silent_scheduler_is_told_from_a_full_cluster(self) -> None:
        assert reason(pods=[pod({"phase": "Pending"}, node=None)]) == (
            "A machine is being chosen for it."
        )

    def test_the_event_tells_where_the_condition_does_not(self) -> None:
        told = event("FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu.", "pod-0")
        said = reason(spec(cpu=4), pods=[unplaced("")], events=[told])
        assert "1 has fewer than 4 CPUs free" in said

    def test_a_cluster_without_machines_is_called_that(self) -> None:
        said = reason(pods=[unplaced("no nodes available to schedule pods")])
        assert said == "The cluster has no machines now. Wait, or ask whoever runs the cluster."

    def test_an_unknown_reason_is_quoted_with_its_number(self) -> None:
        message = "0/7 nodes are available: 7 node(s) dislike Mondays."
        assert "7: “node(s) dislike Mondays”" in reason(pods=[unplaced(message)])


class TestImages:
    IMAGE = "registry.example.org/team/train:2"

    def said(self, message: str, code: str = "ErrImagePull") -> str:
        return reason(spec(environment=self.IMAGE), pods=[waits(code, message, image=self.IMAGE)])

    @pytest.mark.parametrize(
        ("message", "words"),
        [
            ("failed to resolve reference: unexpected status: 401 Unauthorized", "pull secret"),
            ("pull access denied, repository does not exist or may require login", "login"),
            ("toomanyrequests: You have reached your pull rate limit", "lets nobody fetch more"),
            ("tls: failed to verify certificate: x509: signed by unknown authority", "certificate"),
            ("dial tcp 192.0.2.1:443: i/o timeout", "does not answer; it is tried again"),
            ("no match for platform in manifest: not found", "processor"),
            ("write /var/lib/x: no space left on device", "disk space"),
            ("manifest unknown", "does not exist"),
        ],
    )
    def test_the_cause_is_found_in_the_registrys_words(self, message: str, words: str) -> None:
        said = self.said(f'failed to pull image "{self.IMAGE}": {message}')
        assert words in said
        assert self.IMAGE in said

    def test_a_word_in_the_images_name_is_no_cause(self) -> None:
        """Mutant: looking for causes in the whole message."""
        image = "registry.example.org/timeout/403:1"
        job = spec(environment=image)
        message = f'Back-off pulling image "{image}": ErrImagePull: manifest unknown'
        assert "it does not exist" in reason(job, pods=[waits("ImagePullBackOff", message)])

    def test_older_nodes_tell_the_cause_in_an_event(self) -> None:
        told = event("Failed", 'Failed to pull image "x": 403 Forbidden', "pod-0")
        waiting_pod = waits("ImagePullBackOff", 'Back-off pulling image "x"')
        assert "pull secret" in reason(pods=[waiting_pod], events=[told])

    def test_the_servers_default_is_not_called_the_persons_mistake(self) -> None:
        said = reason(pods=[waits("ErrImagePull", 'pull "python:3.12": not found')])
        assert "this server's default" in said


class TestStorageAndConfiguration:
    def test_a_missing_secret_is_named_with_its_namespace(self) -> None:
        state = recorded.container("a Secret of envFrom")["status"]
        assert reason(pods=[pod(state)]).startswith("The secret “missing” is missing in team-a.")

    def test_a_volume_that_does_not_come_is_named(self) -> None:
        exchange = recorded.container("a ConfigMap volume is missing")
        told = [event(e["reason"], e["message"], "pod-0") for e in exchange["events"]]
        said = reason(pods=[pod(exchange["status"])], events=told)
        assert said == ("Waiting for the configuration “missing”, which is not in team-a yet.")

    def test_a_disk_that_another_machine_holds_is_said(self) -> None:
        told = event("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1"', "pod-0")
        said = reason(pods=[waits("ContainerCreating")], events=[told])
        assert said == "Waiting for storage “pvc-1”: another machine still uses it."

    def test_events_of_another_pod_of_that_name_do_not_count(self) -> None:
        told = event("FailedMount", "timed out", "pod-of-yesterday")
        assert "prepares" in reason(pods=[waits("ContainerCreating")], events=[told])


class TestQuota:
    FULL = (
        'Error creating: pods "x" is forbidden: exceeded quota: team, requested: '
        "requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=8, "
        "limited: requests.nvidia.com/gpu=8"
    )

    def test_a_full_quota_says_used_limit_and_asked(self) -> None:
        assert refused(self.FULL, spec(gpu=2)) == (
            "The quota of team-a has no room for it: GPUs: 8 of 8 in use, 2 asked. "
            "It starts when there is room."
        )

    def test_the_newest_refusal_is_told(self) -> None:
        events = [
            event("FailedCreate", "Error creating: old news"),
            event("FailedCreate", self.FULL),
        ]
        assert "8 of 8" in reason(events=events)

    def test_a_refusal_that_is_over_is_not_told(self) -> None:
        running = pod({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]})
        assert waiting(view(events=[event("FailedCreate", self.FULL)], pods=[running])) is None

    def test_a_webhook_is_named_with_what_it_says(self) -> None:
        said = refused(
            'admission webhook "policy.example.org" denied the request: no GPUs on Fridays'
        )
        assert "“policy.example.org” refuses it: “no GPUs on Fridays”" in said

    def test_a_webhook_that_is_away_is_no_refusal(self) -> None:
        said = refused('Internal error: failed calling webhook "m.example.org": EOF')
        assert "“m.example.org” does not answer" in said

    def test_missing_rights_lead_to_the_doctor(self) -> None:
        message = (
            'pods is forbidden: User "alice" cannot create resource "pods" in API group "" '
            'in the namespace "team-a"'
        )
        assert "“alice” has no right to create pods in team-a. `submarine doctor" in refused(
            message
        )


class TestQueues:
    def test_position_and_what_is_missing(self) -> None:
        message = (
            "couldn't assign flavors to pod set main: insufficient unused quota for "
            "nvidia.com/gpu in flavor default, 2 more needed"
        )
        assert queued(message) == (
            "In the queue team-a at position 3: needs 2 more GPUs (default)."
        )

    def test_the_position_comes_with_the_sentence(self) -> None:
        found = waiting(view(queue="team-a", position=3, top=SUSPENDED))
        assert found == ("In the queue team-a at position 3.", 3)

    def test_more_than_the_queue_has_is_said_with_the_most(self) -> None:
        message = (
            "couldn't assign flavors to pod set main: insufficient quota for nvidia.com/gpu in "
            "flavor default, previously considered podsets requests (0) + current podset request "
            "(12) > maximum capacity (9)"
        )
        assert queued(message, spec(gpu=12)).startswith(
            "Larger than the queue team-a can ever give: 12 asked for, 9 GPUs is the most."
        )

    def test_one_flavor_that_could_hold_it_is_worth_the_wait(self) -> None:
        message = (
            "couldn't assign flavors to pod set main: insufficient quota for cpu in flavor a, "
            "request > maximum capacity (12 > 9), insufficient unused quota for cpu in flavor b, "
            "3 more needed"
        )
        assert "needs 3 more CPUs (b)" in queued(message)
        assert "needs 1 more CPU (b)" in queued(message.replace("3 more needed", "1 more needed"))

    @pytest.mark.parametrize(
        ("message", "words"),
        [
            ("LocalQueue team-a doesn't exist", "no queue “team-a” in team-a"),
            ("LocalQueue team-a is stopped", "is paused"),
            ("ClusterQueue all is inactive", "does not work now"),
            ("resource nvidia.com/gpu unavailable in ClusterQueue", "has no GPUs to give"),
        ],
    )
    def test_queues_that_cannot_give(self, message: str, words: str) -> None:
        assert words in queued(message)

    def test_strict_queues_give_no_reason(self) -> None:
        assert queued() == "In the queue team-a at position 3."

    def test_preempted_jobs_resume_by_themselves(self) -> None:
        said = queued(Evicted=("True", "Preempted"), QuotaReserved=PENDING)
        assert said.startswith("Paused for work of higher priority.")
        assert "resumes by itself" in said

    def test_a_preemption_that_is_over_is_not_told(self) -> None:
        said = waiting(
            view(
                queue="team-a",
                workload=workload(
                    Evicted=("True", "Preempted"),
                    QuotaReserved=("True", "QuotaReserved"),
                    Admitted=("True", "Admitted"),
                ),
                pods=[waits("ContainerCreating")],
            )
        )
        assert said is not None
        assert "machine was found" in said[0]

    def test_new_machines_are_waited_for(self) -> None:
        given = workload(QuotaReserved=("True", "QuotaReserved"))
        check = {"state": "Pending", "message": "3 of 4 machines booted"}
        given["status"]["admissionChecks"] = [check]
        said = reason(queue="team-a", workload=given, top=SUSPENDED)
        assert "waiting for new machines: “3 of 4 machines booted”" in said


class TestSeveralMachines:
    def test_those_that_are_ready_are_counted(self) -> None:
        running = pod({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]})
        other = unplaced("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.")
        said = reason(spec(nodes=2, gpu=1), pods=[running, other])
        assert said.startswith("1 of 2 machines has begun. None of 1 machine fits")

    def test_what_a_person_must_change_goes_first(self) -> None:
        broken = waits("InvalidImageName", "couldn't parse image name")
        busy = unplaced("0/1 nodes are available: 1 Insufficient cpu.")
        assert "no name of a container image" in reason(spec(nodes=2), pods=[busy, broken])


class TestMachinesThatFallSilent:
    NOT_READY = pod(
        {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
    )

    def test_nobody_claims_to_know_how_the_job_is(self) -> None:
        told = event("NodeNotReady", "Node is not ready", "pod-0")
        assert reason(pods=[self.NOT_READY], events=[told]) == (
            "Lost contact with its machine: nobody knows how it is until the machine returns."
        )

    def test_a_container_that_is_not_ready_is_no_lost_machine(self) -> None:
        assert waiting(view(pods=[self.NOT_READY])) is None


class TestHostileTexts:
    HUGE = "\x1b[31m\u202e<script>alert(1)</script>\0" + "x" * 10_000_000

    @pytest.mark.parametrize("lead", ["", "0/4 nodes are available: 4 ", "exceeded quota: "])
    def test_ten_megabytes_become_a_short_line_of_text(self, lead: str) -> None:
        for said in (
            reason(pods=[unplaced(lead + self.HUGE)]),
            refused(lead + self.HUGE),
            reason(pods=[waits("ErrImagePull", lead + self.HUGE)]),
            reason(pods=[waits("CreateContainerError", lead + self.HUGE)]),
            queued(lead + self.HUGE),
        ):
            assert len(said) < LONGEST + 300
            assert said.isprintable()

    @given(st.text(max_size=300), st.sampled_from(["Unschedulable", "FailedCreate", "waiting"]))
    def test_whatever_a_cluster_says_is_printable(self, text: str, source: str) -> None:
        given = {
            "Unschedulable": {"pods": [unplaced(text)]},
            "FailedCreate": {"events": [event("FailedCreate", text)]},
            "waiting": {"pods": [waits(text, text, image=text)]},
        }[source]
        said = explain(view(BIG, **given))
        assert said is None or said.text.isprintable()

    @given(SHAPES)
    def test_objects_of_any_shape_are_survived(self, thing: dict[str, object]) -> None:
        waiting(view(pods=[thing], events=[thing], workload=thing, queue="q", top=SUSPENDED))
        waiting(view(pods=[thing], events=[thing]))


def test_a_job_that_runs_or_has_ended_waits_for_nothing() -> None:
    running = pod({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]})
    assert waiting(view(pods=[running])) is None
    assert waiting(view(top=FAILED)) is None
    assert waiting(view(top=None)) is None


def test_a_default_image_is_used_where_none_is_named() -> None:
    settings = Settings(image="registry.example.org/base:1")
    said = reason(settings=settings, pods=[waits("ErrImagePull", "manifest unknown")])
    assert "registry.example.org/base:1" in said
