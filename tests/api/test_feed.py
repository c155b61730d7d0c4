"""The feed: one frame for all readers of a topic, and the newest progress, never too often."""

from __future__ import annotations

import asyncio
import json

from submarine_ext.domain.events import EventRow
from submarine_ext.services.feed import PROGRESS_SECONDS, Feed


def row(seq: int, job: str = "j1", kind: str = "job") -> EventRow:
    return EventRow(
        seq=seq,
        time="2026-01-01T00:00:00Z",
        project="default",
        actor="submarine",
        action="job.change",
        kind=kind,
        object=job,
        data={"id": job, "revision": seq},
    )


class Heard(list):
    """A listener that keeps what it was told."""

    __hash__ = object.__hash__

    def __call__(self, seq: int, kind: str, frame: bytes) -> None:
        self.append((seq, kind, frame))


class TestFrames:
    async def test_are_the_same_bytes_for_every_reader_of_a_topic(self):
        feed, one, two = Feed(), Heard(), Heard()
        feed.follow("projects/default", one)
        feed.follow("projects/default", two)
        feed.events([row(7)])
        assert one[0][2] is two[0][2]
        assert json.loads(one[0][2])["seq"] == 7

    async def test_reach_the_project_and_the_job_but_no_other(self):
        feed, project, job, other = Feed(), Heard(), Heard(), Heard()
        feed.follow("projects/default", project)
        feed.follow("jobs/j1", job)
        feed.follow("jobs/j2", other)
        feed.events([row(1, "j1"), row(2, "j1")])
        assert [len(project), len(job), len(other)] == [2, 2, 0]

    async def test_stop_with_the_unfollowing_and_nothing_is_kept(self):
        feed, heard = Feed(), Heard()
        feed.follow("projects/default", heard)()
        feed.events([row(1)])
        assert heard == []
        assert not feed._listeners

    async def test_a_listener_may_leave_while_it_is_told(self):
        feed, second = Feed(), Heard()
        leave = feed.follow("projects/default", lambda *_: leave())
        feed.follow("projects/default", second)
        feed.events([row(1)])
        feed.events([row(2)])
        assert len(second) == 2


class TestProgress:
    async def test_is_passed_on_at_once_and_then_only_the_newest(self):
        feed, heard, last = Feed(), Heard(), asyncio.Event()

        def hear(seq: int, kind: str, frame: bytes) -> None:
            heard(seq, kind, frame)
            if b"99" in frame:
                last.set()

        feed.follow("projects/default", hear)
        for number in range(100):
            feed.progress("default", "j1", {"progress": {"fraction": number}})
        assert len(heard) == 1
        await last.wait()
        assert [json.loads(f)["data"]["progress"]["fraction"] for *_, f in heard] == [0, 99]
        await asyncio.sleep(2 * PROGRESS_SECONDS)  # its timers end: nothing is kept of a job
        assert not feed._paced

    async def test_the_last_is_sent_when_the_job_ends(self):
        feed, heard = Feed(), Heard()
        feed.follow("jobs/j1", heard)
        feed.progress("default", "j1", {"progress": {"fraction": 0.5}})
        feed.progress("default", "j1", {"progress": {"fraction": 1}})
        feed.ended("j1", 1)
        assert json.loads(heard[-1][2])["data"] == {"progress": {"fraction": 1}, "id": "j1"}
        assert not feed._paced

    async def test_does_not_move_the_cursor(self):
        feed, heard = Feed(), Heard()
        feed.seen(40)
        feed.follow("jobs/j1", heard)
        feed.progress("default", "j1", {})
        feed.ended("j1", 1)
        feed.events([row(41)])
        feed.seen(50)  # somebody read the log ahead of what was passed on
        feed.progress("default", "j1", {})
        assert [seq for seq, *_ in heard] == [40, 41, 41]
        feed.close()


class TestWakeUps:
    async def test_come_for_anything_that_may_have_changed(self):
        feed, calls = Feed(), []
        leave = feed.watch("j1", lambda: calls.append(1))
        feed.grew("j1")
        feed.points("j1")
        feed.events([row(1)])
        feed.ended("j1", 1)
        feed.grew("j2")
        assert len(calls) == 4
        leave()
        feed.grew("j1")
        assert len(calls) == 4
