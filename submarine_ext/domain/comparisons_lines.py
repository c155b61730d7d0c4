"""Two texts side by side, as lines.

A line ends at a line feed and nowhere else, so that the lines joined again are the text.
"""

from __future__ import annotations

from submarine_ext.domain.comparisons_alignment import equal_pairs

#: Texts up to so many lines are shown whole.
WHOLE = 400
#: Of longer ones, so many lines around each change.
CONTEXT = 3


def split(text: str) -> list[str]:
    """Lines without their line feeds; a final line feed makes an empty last line."""
    return text.split("\n") if text else []


def unified(before: str, after: str) -> list[str]:
    """Both texts' lines: ``" "`` in both, ``"-"`` only before, ``"+"`` only after.

    Of texts longer than :data:`WHOLE` lines only the changes and what is around them; each
    stretch begins with its place, ``@@ -12,7 +12,8 @@``, counted from 1 as diff does.
    """
    a, b = split(before), split(after)
    lines = _lines(a, b)
    return lines if len(lines) <= WHOLE else _around(lines)


def _lines(a: list[str], b: list[str]) -> list[str]:
    lines: list[str] = []
    i = j = 0
    for next_i, next_j in [*equal_pairs(a, b), (len(a), len(b))]:
        lines += ["-" + line for line in a[i:next_i]]
        lines += ["+" + line for line in b[j:next_j]]
        lines += [" " + line for line in a[next_i : next_i + 1]]
        i, j = next_i + 1, next_j + 1
    return lines


def _around(lines: list[str]) -> list[str]:
    shown: list[str] = []
    i = j = begin = 0
    for start, end in _stretches(lines):
        i, j = _after(lines[begin:start], i, j)
        next_i, next_j = _after(lines[start:end], i, j)
        shown.append(f"@@ -{i + 1},{next_i - i} +{j + 1},{next_j - j} @@")
        shown += lines[start:end]
        i, j, begin = next_i, next_j, end
    return shown


def _stretches(lines: list[str]) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for n, line in enumerate(lines):
        if line[0] == " ":
            continue
        start, end = max(0, n - CONTEXT), min(len(lines), n + CONTEXT + 1)
        if stretches and start <= stretches[-1][1]:
            start = stretches.pop()[0]
        stretches.append((start, end))
    return stretches


def _after(lines: list[str], i: int, j: int) -> tuple[int, int]:
    return (
        i + sum(line[0] != "+" for line in lines),
        j + sum(line[0] != "-" for line in lines),
    )
