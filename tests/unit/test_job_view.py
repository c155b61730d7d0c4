"""What a widget shows of a job: bounded, escaped, and readable without a frontend."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import msgspec
import pytest

from submarine_ext.client.results import metrics_from
from submarine_ext.client.words import duration, sentence
from submarine_ext.domain.jobs import Job
from submarine_ext.widgets import render
from submarine_ext.widgets.view import LINES, POINTS, TAIL, WIDTH, View

EVIL = "<img src=x onerror=alert(1)>&\"'"


def job(**fields: Any) -> Job:
    base = {
        "id": "jx1", "project": "default", "owner": "me", "name": "digits", "engine": "local",
        "spec": {"code": "1"}, "state": "running", "target": "run",
        "created": "2026-11-22T10:00:00.000000Z",
    }  # fmt: skip
    return msgspec.convert({**base, **fields}, Job)


def points(*values: float | str) -> dict[str, list[Any]]:
    return {"step": list(range(len(values))), "value": list(values), "time": [0.0] * len(values)}


class TestLines:
    @pytest.mark.parametrize(
        ("log", "lines"),
        [
            ("a\nb\n", ["a", "b"]),
            ("a\nb", ["a", "b"]),
            ("10%\r20%\r30%", ["30%"]),
            ("a\r\nb\r\n", ["a", "b"]),
            ("\x1b[31mred\x1b[0m\n", ["red"]),
            ("title\x1b]0;pwned\x07 x\n", ["title x"]),
            ("bell\x07 nul\x00\n", ["bell nul"]),
            ("", []),
        ],
    )
    def test_they_are_what_a_terminal_would_leave_without_its_colours(self, log, lines):
        view = View(job())
        view.add_log(log)
        assert view.lines == lines

    def test_a_record_is_never_seen_even_if_it_should_arrive(self):
        view = View(job())
        view.add_log('before \x1e{"m": {"loss": 1}}\nafter\n')
        assert view.lines == ["before after"]

    def test_only_the_last_are_shown_and_long_ones_are_cut(self):
        view = View(job())
        view.add_log("".join(f"{n}\n" for n in range(100)) + "x" * 500)
        assert view.lines[:-1] == [str(n) for n in range(100 - LINES + 1, 100)]
        assert view.lines[-1] == "x" * WIDTH + "…"

    def test_a_log_without_end_takes_no_more_room(self):
        view = View(job())
        for _ in range(100):
            view.add_log("y" * 1000)
        assert len("".join(view._tail)) <= TAIL


class TestCurve:
    def test_the_loss_is_the_main_one(self):
        view = View(job())
        view.add_points({"accuracy": points(1, 2), "val_loss": points(3, 4), "loss": points(5, 6)})
        assert view.curve == ("loss", [(0, 5.0), (1, 6.0)])

    def test_without_a_loss_the_first_that_has_two_points_is(self):
        view = View(job())
        view.add_points({"a": points(1), "b": points(1, 2), "c": points(1, 2)})
        assert view.curve is not None
        assert view.curve[0] == "b"

    def test_it_stays_bounded_and_keeps_both_ends(self):
        view = View(job())
        for step in range(10 * POINTS):
            view.add_points({"loss": {"step": [step], "value": [step], "time": [0.0]}})
        assert view.curve is not None
        curve = view.curve[1]
        assert len(curve) <= POINTS
        assert (curve[0][0], curve[-1][0]) == (0, 10 * POINTS - 1)

    @pytest.mark.parametrize(
        "values", [("NaN", "Infinity"), (1.0, 1.0), (1.0, "NaN", 2.0), (1e308, -1e308)]
    )
    def test_any_values_draw_valid_svg_or_nothing(self, values):
        view = View(job())
        view.add_points({"loss": points(*values)})
        for svg in re.findall(r"<svg.*?</svg>", render.html(view)):
            assert "nan" not in svg.split("polyline", 1)[1]
            assert "inf" not in svg.split("polyline", 1)[1]
            ET.fromstring(svg)


def test_whatever_a_job_holds_is_text_in_the_html():
    view = View(job(name=EVIL, reason=EVIL, state="failed", latest={EVIL: EVIL}))
    view.add_log(EVIL + "\n")
    view.add_points({EVIL: points(1, 2)})
    view.note = EVIL
    html = render.html(view)
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") >= 5


def test_a_running_job_has_a_bar_and_a_finished_one_has_not():
    progress = {"fraction": 0.45, "message": "epoch 9/20", "eta_seconds": 12.0}
    assert 'aria-valuenow="45.0"' in render.html(View(job(progress=progress)))
    assert "progressbar" not in render.html(View(job(progress=progress, state="succeeded")))


def test_the_text_says_state_progress_and_the_last_lines():
    view = View(job(progress={"fraction": 0.45, "message": "epoch 9/20", "eta_seconds": 12.0}))
    view.add_log("hello\n")
    assert render.text(view) == "▶ digits (jx1): running 45 % · epoch 9/20 · 12 s left\n  hello"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "queued", "reason": "Waits for 2 CPUs; 3rd in line."},
         "queued · Waits for 2 CPUs; 3rd in line."),
        ({"state": "failed", "reason": "Exited with code 1."}, "failed · Exited with code 1."),
        ({"target": "stop"}, "stopping"),
        ({"target": "stop", "state": "cancelled"}, "cancelled"),
        ({"latest": {"loss": 0.123456, "acc": "NaN"}}, "running · loss 0.1235 · acc NaN"),
    ],
)  # fmt: skip
def test_one_line_says_where_a_job_stands(fields, words):
    assert sentence(job(**fields)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.6, "1 min"),
        (12, "12 s"),
        (3599, "59 min"),
        (7500, "2 h 5 min"),
        (-3, "0 s"),
    ],
)
def test_durations_read_like_speech(seconds, words):
    assert duration(seconds) == words


def test_metrics_come_as_numbers_also_where_json_has_none():
    metrics = metrics_from({"series": {"loss": points(1, "NaN", "-Infinity")}, "params": {"lr": 1}})
    assert metrics["loss"].value[0] == 1.0
    assert metrics["loss"].value[1] != metrics["loss"].value[1]
    assert metrics.last == {"loss": float("-inf")}
