"""How far a job is: what it says itself, or else what its ordinary output shows.

People print progress in a few well-known forms (tqdm, Keras, rich, ``Epoch 3/10``,
``[3/10]``, ``Step 100/1000``); these are recognised. A bare ``10/10`` is not: it is as
often a test count or a date. What the job says through track wins over what it prints.

Pure: text and times come in, a :class:`Progress` comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import exp

from msgspec import Struct

from submarine_ext.domain.jobs import Progress

#: Only the last bytes of each piece of output are looked at, so that a log storm is cheap.
LOOKED_AT = 4096

_COUNT = r"(\d{1,9})\s{0,2}(?:/|of)\s{0,2}(\d{1,9})(?![\d/]|\.\d)"
_TIES = r"[\s:=#(\[]{0,3}"
_EPOCH = re.compile(rf"\b(?:epoch|round)s?{_TIES}{_COUNT}", re.IGNORECASE)
_STEP = re.compile(rf"\b(?:step|iter|iteration|batch)s?{_TIES}{_COUNT}", re.IGNORECASE)
_LEADING = re.compile(rf"^\s*\[{_COUNT}\]")
_KERAS = re.compile(rf"^\s*{_COUNT}(?=\s+(?:━|\[[=>.]|- \d))")
_TQDM = re.compile(r"(\d{1,3})%\|[^|]*\|\s*(\S{1,20})/(\S{1,20})\s\[")
_TQDM_UNKNOWN = re.compile(r"\b(\d{1,12}) ?(\w{1,20}) \[\d+:\d\d(?::\d\d)?, ")
_RICH = re.compile(r"[━╸╺]{3,}\s{1,4}(\d{1,3})%")
_ENDS = re.compile(r"[\r\n]")
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08")


class Shown(Struct, frozen=True):
    """What one line shows: the part that is done (None: unknown) and a short message."""

    fraction: float | None
    message: str


class Watch:
    """One job's progress, from ``progress`` on. ``clock`` answers epoch seconds."""

    def __init__(self, clock: Callable[[], float], progress: Progress | None = None) -> None:
        self._clock = clock
        self._eta = Eta()
        self._lines = Lines()
        self._explicit = False
        self.progress = progress

    def say(self, fraction: float | None, message: str | None, time: float | None) -> None:
        """The job itself told; from now on its output is not searched."""
        self._explicit = True
        self._set(fraction, message, self._clock() if time is None else time)

    def print(self, text: bytes) -> None:
        """The job printed; records are not part of ``text``."""
        shown = None if self._explicit or not text else self._lines.feed(text)
        if shown is None:
            return
        known = self.progress is not None and self.progress.fraction is not None
        if shown.fraction is not None or not known:
            self._set(shown.fraction, shown.message, self._clock())

    def _set(self, fraction: float | None, message: str | None, time: float) -> None:
        eta = None if fraction is None else self._eta.observe(fraction, time)
        self.progress = Progress(fraction, message, None if eta is None else round(eta, 1))


class Eta:
    """Seconds until the end, from how fast the fraction grew lately.

    The speed is growth by time, both forgotten slowly: the memory is a third of the time
    that has passed, at least 5 s, so that one slow step does not shake the estimate, and a
    lasting change of pace shows.
    """

    def __init__(self) -> None:
        self._begin: float | None = None
        self._fraction = self._time = 0.0
        self._grown = self._passed = 0.0

    def observe(self, fraction: float, time: float) -> float | None:
        """Note the fraction at ``time``; the estimate, None while there is none."""
        if self._begin is None or fraction < self._fraction or time < self._time:
            self._begin, self._fraction, self._time = time, fraction, time
            self._grown = self._passed = 0.0
        elif fraction > self._fraction and time > self._time:
            self._learn(fraction, time, self._begin)
        if fraction >= 1:
            return 0.0
        return (1 - fraction) * self._passed / self._grown if self._grown else None

    def _learn(self, fraction: float, time: float, begin: float) -> None:
        passed = time - self._time
        kept = exp(-passed / max(5.0, (time - begin) / 3))
        self._grown = self._grown * kept + fraction - self._fraction
        self._passed = self._passed * kept + passed
        self._fraction, self._time = fraction, time


class Lines:
    """Reads output in pieces; remembers the epoch, which batches within it refine."""

    def __init__(self) -> None:
        self._rest = ""
        self._epochs: tuple[int, int] | None = None  # finished, all
        self._within = 0.0

    def feed(self, text: bytes) -> Shown | None:
        """The last progress that the piece shows, if any."""
        recent = self._rest + text[-LOOKED_AT:].decode("utf-8", "replace")
        *lines, rest = _ENDS.split(recent)
        self._rest = rest[-LOOKED_AT:]
        shown = None
        for line in lines:
            shown = self._read(line, ended=True) or shown
        return self._read(rest, ended=False) or shown

    def _read(self, line: str, *, ended: bool) -> Shown | None:
        if not ("/" in line or "%" in line or "[" in line or " of " in line):
            return None
        line = _CONTROLS.sub("", line)
        epoch = _counted(_EPOCH, line, ended=ended)
        part = _part(line, ended=ended)
        if epoch is not None:
            return self._epoch(line, epoch, part)
        if part is None or part.fraction is None or self._epochs is None:
            return part
        return self._refine(part.fraction, f"epoch {self._epochs[0] + 1}/{self._epochs[1]}")

    def _epoch(self, line: str, epoch: re.Match[str], part: Shown | None) -> Shown:
        """``Epoch 3/10`` alone begins the third, with results behind it ends it."""
        number, count = int(epoch[1]), int(epoch[2])
        tells = any(letter.isalnum() for letter in line[epoch.end() :])
        inside = part is not None and part.fraction is not None
        finished = number if tells and not inside else max(number - 1, 0)
        if self._epochs != (finished, count):
            self._epochs, self._within = (finished, count), 0.0
        fraction = part.fraction if part is not None else None
        return self._refine(fraction or 0.0, f"epoch {number}/{count}")

    def _refine(self, fraction: float, message: str) -> Shown:
        """A second bar within the epoch (validation) does not turn the progress back."""
        assert self._epochs is not None, "refines an epoch"
        finished, count = self._epochs
        self._within = max(self._within, fraction)
        return Shown(min((finished + self._within) / count, 1.0), message)


def _part(line: str, *, ended: bool) -> Shown | None:
    """What the line shows apart from epochs."""
    if tqdm := _TQDM.search(line):
        return _tqdm(line, tqdm)
    for pattern in (_KERAS, _LEADING, _STEP):
        if match := _counted(pattern, line, ended=ended):
            return Shown(int(match[1]) / int(match[2]), match[0].strip(" \t[]━-=>.(")[:100])
    if (rich := _RICH.search(line)) and int(rich[1]) <= 100:
        return Shown(int(rich[1]) / 100, line[: rich.start()].strip()[:100] or f"{rich[1]}%")
    if unknown := _TQDM_UNKNOWN.search(line):
        return Shown(None, f"{unknown[1]} {unknown[2]}")
    return None


def _tqdm(line: str, bar: re.Match[str]) -> Shown | None:
    done, total = bar[2], bar[3]
    fraction = int(bar[1]) / 100  # scaled units (1.2k/3.4M) have only the percentage
    if done.isdecimal() and total.isdecimal() and int(total):
        fraction = int(done) / int(total)
    label = line[: bar.start()].strip().rstrip(":")[-80:]
    return Shown(min(fraction, 1.0), f"{label}: {done}/{total}" if label else f"{done}/{total}")


def _counted(pattern: re.Pattern[str], line: str, *, ended: bool) -> re.Match[str] | None:
    """A match whose count makes sense; in an unfinished line more digits may follow."""
    match = pattern.search(line)
    if match is None or not 0 <= int(match[1]) <= int(match[2]) or int(match[2]) == 0:
        return None
    return match if ended or match.end() < len(line) else None
