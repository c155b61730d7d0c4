"""Which versions of a file are kept, for any history and any moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.domain.retention import Aged, expired

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGES = st.timedeltas(timedelta(0), timedelta(days=400))
HISTORIES = st.lists(st.tuples(AGES, st.booleans(), st.booleans()), max_size=60).map(
    lambda rows: [
        Aged(id=i, time=NOW - age, held=held, conflict=conflict)
        for i, (age, held, conflict) in enumerate(sorted(rows, reverse=True))
    ]
)


def aged(*ages: timedelta, **more) -> list[Aged]:
    return [Aged(id=i, time=NOW - age, **more) for i, age in enumerate(ages)]


class TestAHistory:
    @given(HISTORIES)
    def test_keeps_what_is_held_and_all_of_the_last_day(self, history):
        """Mutants: without ``held``; with an hour for a day."""
        gone = expired(history, NOW)
        for version in history:
            if version.held or (NOW - version.time <= timedelta(days=1)):
                assert version.id not in gone

    @given(HISTORIES)
    def test_keeps_the_newest_of_each_week_for_good(self, history):
        gone = expired(history, NOW)
        saved = [v for v in history if not v.conflict]
        kept = {v.time.isocalendar()[:2] for v in saved if v.id not in gone}
        assert kept == {v.time.isocalendar()[:2] for v in saved}

    @given(HISTORIES, AGES)
    def test_loses_nothing_that_a_later_look_would_have_kept(self, history, later):
        """Thinning now and then is thinning once: what is kept at last is never gone before."""
        moment = NOW + later
        at_last = {v.id for v in history} - expired(history, moment)
        assert not at_last & expired(history, NOW)

    @given(HISTORIES)
    def test_is_thinned_once(self, history):
        gone = expired(history, NOW)
        left = [v for v in history if v.id not in gone]
        assert expired(left, NOW) == set()

    @given(HISTORIES)
    def test_has_at_most_one_a_day_after_a_week(self, history):
        gone = expired(history, NOW)
        plain = [
            v.time.date()
            for v in history
            if v.id not in gone and not (v.held or v.conflict) and NOW - v.time > timedelta(days=7)
        ]
        assert len(plain) == len(set(plain))


class TestTheSteps:
    def test_the_newest_of_an_hour_stays_for_a_week(self):
        minutes = [timedelta(days=2, minutes=m) for m in (40, 30, 20)]
        assert expired(aged(*minutes), NOW) == {0, 1}

    def test_the_newest_of_a_day_stays_for_three_months(self):
        assert expired(aged(timedelta(days=30, hours=3), timedelta(days=30, hours=1)), NOW) == {0}

    def test_what_came_too_late_stays_for_thirty_days(self):
        late = aged(timedelta(days=31), timedelta(days=29), timedelta(days=29), conflict=True)
        assert expired(late, NOW) == {0}
