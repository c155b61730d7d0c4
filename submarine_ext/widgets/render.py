"""A job's view as HTML, as plain text, and its curve as SVG. Everything is escaped."""

from __future__ import annotations

import math
from html import escape

from submarine_ext.client.words import MARKS, number, sentence
from submarine_ext.widgets.view import Curve, View

_CURVE = (220, 56)  # pixels
_MUTED = "color:var(--jp-ui-font-color2,#666)"
_COLOURS = {
    "succeeded": "var(--jp-success-color1,#2e7d32)",
    "failed": "var(--jp-error-color1,#c62828)",
    "lost": "var(--jp-error-color1,#c62828)",
    "cancelled": "var(--jp-ui-font-color2,#666)",
}


def text(view: View) -> str:
    """The state on one line, then the last lines of the log."""
    job = view.job
    head = f"{MARKS[job.state]} {job.name} ({job.id}): {sentence(job)}"
    note = [view.note] if view.note else []
    return "\n".join([head, *note, *(f"  {line}" for line in view.lines)])


def html(view: View) -> str:
    """The widget's content, in JupyterLab's own colours where they are known."""
    return (
        '<div class="submarine-job" style="max-width:60em;line-height:1.4;'
        'font-size:var(--jp-ui-font-size1,13px)">'
        f"{_head(view)}{_bar(view)}{_drawn_curve(view)}{_log(view)}{_note(view)}</div>"
    )


def _head(view: View) -> str:
    job = view.job
    colour = _COLOURS.get(str(job.state), "var(--jp-brand-color1,#1976d2)")
    return (
        f'<div><span style="color:{colour}">{MARKS[job.state]}</span> '
        f"<b>{escape(job.name)}</b> {escape(sentence(job))} "
        f'<span style="{_MUTED}">{escape(job.id)}</span></div>'
    )


def _bar(view: View) -> str:
    progress = view.job.progress
    if view.job.state.terminal or progress is None or progress.fraction is None:
        return ""
    percent = f"{max(0.0, min(1.0, progress.fraction)) * 100:.1f}"
    return (
        f'<div role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}" '
        f'aria-label="progress" style="height:4px;margin:4px 0;border-radius:2px;'
        f'background:var(--jp-layout-color3,#ddd)"><div style="height:100%;width:{percent}%;'
        f'border-radius:2px;background:var(--jp-brand-color1,#1976d2)"></div></div>'
    )


def _drawn_curve(view: View) -> str:
    if view.curve is None:
        return ""
    key, curve = view.curve
    points = _polyline(curve)
    if not points:
        return ""
    width, height = _CURVE
    label = f"{key}: {number(curve[0][1])} → {number(curve[-1][1])}"
    return (
        f'<figure style="margin:4px 0"><svg width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}"><polyline points="{points}" fill="none" '
        f'stroke="var(--jp-brand-color1,#1976d2)" stroke-width="1.5"/></svg>'
        f'<figcaption style="{_MUTED}">{escape(label)}</figcaption></figure>'
    )


def _polyline(curve: Curve) -> str:
    # Halved, so that the span between the largest numbers there are is still a number.
    finite = [(step, value / 2) for step, value in curve if math.isfinite(value)]
    if len(finite) < 2:
        return ""
    (left, right), (low, high) = (_range(axis) for axis in zip(*finite, strict=True))
    width, height = _CURVE
    return " ".join(
        f"{(step - left) / (right - left) * width:.1f},"
        f"{(high - value) / (high - low) * (height - 4) + 2:.1f}"
        for step, value in finite
    )


def _range(values: tuple[float, ...]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low, low + 1)


def _log(view: View) -> str:
    if not view.lines:
        return ""
    lines = escape("\n".join(view.lines))
    return (
        '<pre style="margin:4px 0;white-space:pre-wrap;overflow-wrap:anywhere;'
        "font-size:var(--jp-code-font-size,12px);line-height:1.3;padding:4px;"
        f'background:var(--jp-layout-color2,#f5f5f5)">{lines}</pre>'
    )


def _note(view: View) -> str:
    return f'<div style="{_MUTED}">{escape(view.note)}</div>' if view.note else ""
