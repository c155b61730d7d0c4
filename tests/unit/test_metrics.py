"""Series as they are shown: in order, one rank a step, downsampled without losing shape."""

import math
import random

import pytest

from submarine_ext.domain.metrics import Columns, spelled


def series(rows, most=None):
    columns = Columns()
    columns.extend(rows)
    return columns.series(most)


def rows(values, rank=0):
    return [(rank, step, value, 100.0 + step) for step, value in enumerate(values)]


def test_points_are_in_the_order_of_steps_whatever_order_they_came_in():
    shown = series([(0, 3, 0.3, 1.0), (0, 1, 0.1, 2.0), (0, 2, 0.2, 3.0)])

    assert (shown.step, shown.value, shown.time) == ([1, 2, 3], [0.1, 0.2, 0.3], [2.0, 3.0, 1.0])


def test_the_lowest_rank_stands_where_several_logged_a_step():
    shown = series([(1, 0, 9.0, 1.0), (0, 0, 0.5, 2.0), (2, 1, 7.0, 3.0), (1, 1, 8.0, 4.0)])

    assert (shown.step, shown.value) == ([0, 1], [0.5, 8.0])


def test_two_points_of_one_rank_and_step_are_both_shown():
    assert series([(0, 1, 0.1, 1.0), (0, 1, 0.2, 2.0)]).value == [0.1, 0.2]


def test_blocks_join_to_one_series():
    columns = Columns()
    columns.extend(rows([1.0, 2.0]))
    columns.extend([(0, 2, 3.0, 1.0)])

    assert columns.series().step == [0, 1, 2]


def test_a_short_series_is_not_thinned():
    assert len(series(rows([1.0] * 100), most=100).step) == 100


@pytest.mark.parametrize("most", [1, 3, 4, 100, 999])
def test_a_long_series_has_at_most_what_was_asked_and_keeps_ends_and_extremes(most):
    values = [math.sin(step / 50) for step in range(10_000)]
    values[5000], values[7000] = 30.0, -20.0

    shown = series(rows(values), most)

    assert len(shown.step) <= max(most, 5)
    assert (shown.step[0], shown.step[-1]) == (0, 9999)
    assert {30.0, -20.0} <= set(shown.value)


@pytest.mark.parametrize("seed", range(5))
def test_extremes_that_are_no_bigger_than_the_noise_are_kept(seed):
    noise = random.Random(seed)
    values = [noise.random() for _ in range(20_000)]

    shown = series(rows(values), most=50)

    assert len(shown.step) <= 50
    assert {min(values), max(values)} <= set(shown.value)


def test_where_a_training_diverges_is_kept():
    values = [1.0 / (step + 1) for step in range(5000)] + [None] * 3000 + [math.inf] * 2000

    shown = series(rows(values), most=100)

    assert shown.value[-1] == "NaN"
    assert shown.step[-1] == 5000
    assert len(shown.step) <= 100


def test_a_series_of_nothing_but_nan_is_shown():
    assert series(rows([None] * 1000), most=10).value == ["NaN"]


def test_large_steps_are_exact():
    assert series([(0, 2**53 - 1, 1.0, 1.0)]).step == [2**53 - 1]


def test_values_that_json_lacks_are_spelled():
    assert [spelled(value) for value in (None, math.nan, math.inf, -math.inf, 0.5)] == [
        "NaN",
        "NaN",
        "Infinity",
        "-Infinity",
        0.5,
    ]
