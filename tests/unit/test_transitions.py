"""The table of transitions: jobs end, and what has ended is not moved by late news."""

import pytest

from submarine_ext.domain.jobs import TRANSITIONS, Event, JobState, decide

ENDS = [state for state in JobState if state.terminal]


@pytest.mark.parametrize("state", ENDS)
@pytest.mark.parametrize("event", [e for e in Event if e is not Event.RETRIED])
def test_an_ended_job_is_moved_by_nothing_but_a_retry(state, event):
    assert decide(state, event) is None


@pytest.mark.parametrize("state", ENDS)
def test_every_ended_job_can_be_retried(state):
    assert decide(state, Event.RETRIED) is JobState.PENDING


@pytest.mark.parametrize("state", [s for s in JobState if not s.terminal])
def test_every_unfinished_state_has_a_way_to_an_end(state):
    reached, frontier = {state}, [state]
    while frontier:
        here = frontier.pop()
        onward = {to for (origin, _), to in TRANSITIONS.items() if origin is here} - reached
        reached |= onward
        frontier += onward
    assert set(ENDS) <= reached


def test_a_running_job_is_not_started_again():
    assert decide(JobState.RUNNING, Event.STARTED) is None
    assert decide(JobState.RUNNING, Event.CLAIMED) is None
