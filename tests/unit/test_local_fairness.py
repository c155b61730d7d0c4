"""Who is next on this machine, and what the others are told. Pure numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.engines.local.fairness import Candidate, Wait, decide
from submarine_ext.engines.local.slots import Amount, Holding
from submarine_ext.engines.local.waits import Waits

GIB = 1024**3
MACHINE = Amount(cpu=4000, memory=8 * GIB, gpu=2)


def candidate(name, *, owner="ada", priority=0, arrival=0, cpu=1000, memory=0, gpu=0):
    return Candidate(name, owner, priority, arrival, Amount(cpu, memory, gpu))


def holding(owner="ada", *, cpu=0, memory=0, gpu=0):
    return Holding(owner, Amount(cpu, memory, gpu), [str(n) for n in range(gpu)])


def starts(waiting, holdings=(), total=MACHINE):
    """Names in the order in which they would be started, and the waits that remain."""
    waiting, holdings, names = list(waiting), list(holdings), []
    while True:
        chosen, waits = decide(waiting, holdings, total)
        if chosen is None:
            return names, waits
        names.append(chosen.name)
        waiting.remove(chosen)
        holdings.append(Holding(chosen.owner, chosen.need, []))


def test_first_come_first_served_among_equals():
    names, _ = starts([candidate("b", arrival=2), candidate("a", arrival=1)])
    assert names == ["a", "b"]


def test_priority_goes_before_arrival():
    names, _ = starts([candidate("a", arrival=1), candidate("b", arrival=2, priority=5)])
    assert names == ["b", "a"]


def test_whoever_uses_least_now_goes_first():
    many = [candidate(f"ada{n}", owner="ada", arrival=n) for n in range(4)]
    late = candidate("bob", owner="bob", arrival=9)
    names, _ = starts([*many, late])
    assert names == ["ada0", "bob", "ada1", "ada2"]


def test_a_large_task_is_not_starved_by_small_ones_behind_it():
    large = candidate("large", arrival=1, cpu=4000)
    small = candidate("small", arrival=2, cpu=500)
    names, waits = starts([large, small], [holding(cpu=1000)])
    assert names == []
    assert [w.sentence for w in waits] == [
        "Waits for 4 CPUs: 1 of 4 is in use.",
        "Waits for 0.5 CPUs: what is free is kept for larger jobs ahead of it.",
    ]


def test_a_task_that_needs_nothing_of_what_is_short_may_pass():
    gpu = candidate("gpu", arrival=1, cpu=100, gpu=1)
    plain = candidate("plain", arrival=2)
    names, waits = starts([gpu, plain], [holding(gpu=2)])
    assert names == ["plain"]
    assert waits == [Wait("gpu", "gpu", "Waits for 1 GPU: 2 of 2 are in use.", 1)]


def test_memory_is_told_with_its_units():
    _, waits = starts([candidate("m", memory=4 * GIB)], [holding(memory=6 * GIB)])
    assert waits[0].sentence == "Waits for 4 GiB of memory: 6 GiB of 8 GiB are in use."


def test_a_task_without_memory_waits_for_none():
    names, _ = starts([candidate("a")], [holding(memory=8 * GIB)])
    assert names == ["a"]


NEEDS = st.builds(Amount, st.integers(1, 4000), st.integers(0, 8 * GIB), st.integers(0, 2))
CANDIDATES = st.lists(st.tuples(NEEDS, st.sampled_from("abc"), st.integers(-2, 2)), max_size=12)


@given(CANDIDATES)
def test_never_more_is_started_than_there_is_and_somebody_always_runs(drawn):
    waiting = [
        Candidate(str(n), owner, priority, n, need)
        for n, (need, owner, priority) in enumerate(drawn)
    ]
    names, waits = starts(waiting)
    used = sum((c.need for c in waiting if c.name in names), Amount())
    assert all(used.of(kind) <= MACHINE.of(kind) for kind in ("cpu", "memory", "gpu"))
    assert bool(names) == bool(waiting)
    assert [w.position for w in waits] == list(range(1, len(waits) + 1))
    assert set(names) | {w.name for w in waits} == {c.name for c in waiting}


@given(CANDIDATES)
def test_everybody_gets_their_turn_however_many_come_behind(drawn):
    """As tasks end one by one, the first in the order is never passed on what it lacks."""
    waiting = [Candidate(str(n), owner, 0, n, need) for n, (need, owner, _) in enumerate(drawn)]
    rounds = 0
    while waiting:
        names, _ = starts(waiting)
        waiting = [c for c in waiting if c.name not in names]
        rounds += 1
    assert rounds <= max(len(drawn), 1)


class TestNews:
    def wait(self, position, kind="cpu", sentence="Waits for 1 CPU: 2 of 2 are in use."):
        return Wait("j", kind, sentence, position)

    def news(self, *waits):
        told = Waits()
        return [len(list(told.news([wait]))) for wait in waits]

    def test_the_same_is_said_once(self):
        assert self.news(self.wait(3), self.wait(3)) == [1, 0]

    def test_each_step_near_the_front_is_news(self):
        assert self.news(self.wait(3), self.wait(2), self.wait(1)) == [1, 1, 1]

    def test_far_back_only_a_fifth_is_news(self):
        assert self.news(self.wait(1000), self.wait(900), self.wait(799)) == [1, 0, 1]

    def test_another_resource_is_news_anywhere(self):
        assert self.news(self.wait(1000), self.wait(1000, "gpu", "Waits for 1 GPU.")) == [1, 1]

    def test_a_long_queue_causes_no_flood(self):
        told, sent = Waits(), 0
        for length in range(1000, 0, -1):
            waits = [
                Wait(str(n), "cpu", "s", n - 1000 + length) for n in range(1001 - length, 1001)
            ]
            sent += len(list(told.news(waits)))
        assert sent < 1000 * 40

    def test_the_sentence_ends_with_the_position(self):
        (said,) = Waits().news([self.wait(3)])
        assert said.reason == "Waits for 1 CPU: 2 of 2 are in use. Position 3."


@pytest.mark.parametrize("gpus", [0, 2])
def test_a_machine_without_a_resource_divides_by_nothing(gpus):
    total = Amount(1000, GIB, gpus)
    assert starts([candidate("a")], [holding("bob", cpu=100)], total)[0] == []
