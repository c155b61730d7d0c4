"""However a log is cut, repeated, reconnected and killed, the files have each byte once.

600 schedules: answers break off at any byte, cleanly or not; the server is killed between
any append and its mark, also within an append. Three mutants of the reader are run against
the same schedules and must be caught.
"""

import time
from collections import Counter

import pytest

from submarine_ext.domain.jobs import Distributed, JobSpec
from submarine_ext.domain.records import scan
from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import resuming
from submarine_ext.engines.kubernetes.nodelog import NodeLog
from submarine_ext.engines.kubernetes.resuming import LostError
from submarine_ext.engines.kubernetes.stamps import Anchor, Place
from tests.kubernetes.lognode import Story, seconds

SCHEDULES = 600


class Killed(BaseException):
    """The server, by SIGKILL."""


class Mortal(NodeLog):
    """Dies where the schedule says: ``deaths`` appends or marks from now, half done."""

    def __init__(self, task, node, limit, rng):
        self.rng, self.left = rng, rng.choice([1, 2, 3, 5, 8, 13, 10**6])
        super().__init__(task, node, limit)

    def _turn(self):
        self.left -= 1
        return self.left <= 0

    def _write(self, rank, data):
        if data and self._turn():
            super()._write(rank, data[: self.rng.randrange(len(data) + 1)])
            raise Killed
        super()._write(rank, data)

    def save(self):
        if self._turn():
            if self.rng.random() < 0.5:
                super().save()
            raise Killed
        self._saved = -1.0  # a mark for every piece: more places to die at
        super().save()


def attempt(folder, ranks):
    spec = JobSpec(command=["x"], distributed=Distributed(processes_per_node=ranks))
    (folder / "artifacts").mkdir(parents=True)
    return Task(name="j1-1", job="j1", attempt=1, owner="ada", project="p", spec=spec,
                folder=folder)  # fmt: skip


def play(story, task, make):
    """Read the story's log by a schedule of faults, until it is finished."""
    rng, container = story.rng, story.container
    written, log = 0, None
    for trip in range(10_000):
        final = trip > 60
        written = len(container.pieces) if final else written + rng.randrange(12)
        try:
            log = make(task, rng) if log is None or rng.random() < 0.3 else log
            log.begin("uid", 0)
            answer = container.answer(seconds(log.ask()), written)
            whole = final or (written >= len(container.pieces) and rng.random() < 0.5)
            end = len(answer) if whole else rng.randrange(len(answer) + 1)
            at = 0
            while at < end:
                step = rng.choice([1, 7, 200, 5000, 60_000])
                log.take(answer[at : min(end, at + step)])
                at += step
            if whole and written >= len(container.pieces) and not log.at_loss:
                log.finish()
                return log
        except LostError:
            log.look_elsewhere()
        except Killed:
            log = None
    raise AssertionError("the schedule does not end")


def right(story, task):
    kept = {str(p.relative_to(task.artifacts)): p.read_bytes()
            for p in task.artifacts.rglob("*") if p.is_file()}  # fmt: skip
    logs = {rank: task.log(rank).read_bytes() for rank in story.ranks}
    return logs == story.ranks and kept == story.files


def mortal(task, rng):
    return Mortal(task, 0, 4 << 20, rng)


@pytest.mark.parametrize("block", range(10))
def test_each_byte_is_in_the_files_once(block, tmp_path):
    for seed in range(block * SCHEDULES // 10, (block + 1) * SCHEDULES // 10):
        story = Story(seed, ranks=1 + seed % 3)
        task = attempt(tmp_path / str(seed), 1 + seed % 3)
        log = play(story, task, mortal)
        assert right(story, task), f"seed {seed}"
        assert log.notes == []


def test_each_record_is_in_the_files_once(tmp_path):
    for seed in range(30):
        story = Story(seed)
        task = attempt(tmp_path / str(seed), 1)
        play(story, task, mortal)
        told = Counter(map(repr, scan(task.log(0).read_bytes(), final=True).records))
        wanted = Counter(map(repr, scan(story.ranks[0], final=True).records))
        assert told == wanted


# Mutants: what a careless reader would do


class SkipsNothing(NodeLog):
    """Begins at the last second and takes everything that comes."""

    def ask(self):
        since = super().ask()
        self._reading = resuming.Resumption(Place())
        return since


class SkipsWholeSeconds(NodeLog):
    """Takes what is newer than the last second that was seen."""

    def ask(self):
        place = self.mark.place
        if place.anchors:
            newest = place.anchors[-1]
            later = Anchor(newest.second + 2, place.position, place.crc, "")
            place = Place(place.position, place.crc, [later], place.first, place.last)
        self._reading = resuming.Resumption(place)
        since = self._reading.since
        return since and time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))


class MarksFirst(Mortal):
    """Writes the mark down before the bytes that it speaks of."""

    def _append(self, rank, data):
        self.mark.sizes[rank] = self.mark.sizes.get(rank, 0) + len(data)
        self.save()
        self.mark.sizes[rank] -= len(data)
        super()._append(rank, data)


@pytest.mark.parametrize("mutant", [SkipsNothing, SkipsWholeSeconds, MarksFirst])
def test_a_careless_reader_is_caught(mutant, tmp_path):
    def make(task, rng):
        return mutant(task, 0, 4 << 20, *([rng] if issubclass(mutant, Mortal) else []))

    wrong = 0
    for seed in range(12):
        story = Story(seed)
        task = attempt(tmp_path / str(seed), 1)
        try:
            play(story, task, make)
        except AssertionError:
            wrong += 1
        else:
            wrong += not right(story, task)
    assert wrong > 0
