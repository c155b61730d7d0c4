"""A trace is a curve in a few points, however long the job and in one pass."""

from __future__ import annotations

import pytest

from submarine_ext.domain.traces import MOST, Trace, Tracing


def traced(values, metric="loss", begin=None):
    tracing = Tracing(begin)
    for value in values:
        tracing.add(metric, value)
    return tracing


class TestATrace:
    def test_of_nothing_is_none(self):
        assert Tracing().trace is None

    def test_of_few_values_is_those(self):
        assert traced([3.0, 2.0, 1.5]).trace == Trace("loss", [3.0, 2.0, 1.5], 1)

    @pytest.mark.parametrize("count", [33, 64, 1000, 4097])
    def test_of_many_values_has_the_shape_of_all_of_them(self, count):
        trace = traced([float(n) for n in range(count)]).trace
        assert MOST // 2 <= len(trace.values) <= MOST
        assert trace.values == sorted(trace.values)
        means = [trace.every * n + (trace.every - 1) / 2 for n in range(len(trace.values))]
        assert trace.values == pytest.approx(means, rel=1e-3)

    def test_changes_rarely_for_a_long_job(self):
        assert traced([1.0] * 100_000).changes < 250

    def test_goes_on_where_it_was(self):
        first = traced(float(n) for n in range(40)).trace
        trace = traced([100.0, 100.0], begin=first).trace
        assert trace == Trace("loss", [*first.values, 100.0], 2)

    def test_leaves_out_what_is_not_finite(self):
        assert traced([1.0, "NaN", "Infinity", 2.0]).trace == Trace("loss", [1.0, 2.0])


class TestTheMainMetric:
    def test_is_the_first_that_came(self):
        tracing = traced([1.0], "epoch")
        tracing.add("lr", 0.1)
        assert tracing.trace == Trace("epoch", [1.0])

    def test_is_the_one_that_people_look_at_first_also_if_it_comes_later(self):
        tracing = traced([1.0, 2.0], "epoch")
        tracing.add("accuracy", 0.5)
        tracing.add("train_loss", 4.0)
        tracing.add("val_loss", 9.0)
        tracing.add("train_loss", 3.0)
        assert tracing.trace == Trace("train_loss", [4.0, 3.0])
