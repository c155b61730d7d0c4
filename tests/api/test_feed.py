"""The feed: one frame for all readers of a topic, and the newest progress, never too often."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from submarine_ext.domain.events import EventRow
from submarine_ext.services.feed import PROGRESS_SECONDS, Feed, News


def row(seq: int, job: str = "j1", kind: str = "job", **data: object) -> EventRow:
    return EventRow(
        seq=seq,
        time="2026-01-01T00:00:00Z",
        project="default",
        actor="submarine",
        action="job.change",
        kind=kind,
        object=job,
        data={"id": job, "revision": seq, **data},
    )


class Heard(list):
    """A listener that keeps what it was told."""

    __hash__ = object.__hash__

    def __call__(self, news: News) -> None:
        self.append((news.seq, news.kind, news.frame(specs=True)))


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


class TestWhatAJobRuns:
    """Its spec and its remedy are for those who may see them."""

    async def test_is_left_out_for_others_and_encoded_once_for_each_kind_of_reader(self):
        feed, told = Feed(), []
        feed.follow("projects/default", told.append)
        feed.events([row(1, spec={"command": ["x"]}, remedy={"command": ["y"]}, state="failed")])
        (news,) = told
        whole, bare = news.frame(specs=True), news.frame(specs=False)
        assert json.loads(whole)["data"].keys() - json.loads(bare)["data"].keys() == {
            "spec",
            "remedy",
        }
        assert json.loads(bare)["data"]["state"] == "failed"
        assert news.frame(specs=True) is whole
        assert news.frame(specs=False) is bare

    async def test_is_in_few_frames_so_that_most_are_the_same_bytes_for_all(self):
        feed, told = Feed(), []
        feed.follow("projects/default", told.append)
        feed.events([row(1, state="running")])
        assert told[0].frame(specs=True) is told[0].frame(specs=False)


class TestKindsOfRows:
    async def test_of_the_audit_say_to_the_project_that_there_is_one_and_no_more(self):
        feed, project, job = Feed(), Heard(), Heard()
        feed.follow("projects/default", project)
        feed.follow("jobs/j1", job)
        feed.events([row(1, "j1", kind="audit", name="API_TOKEN")])
        assert [kind for _, kind, _ in project] == ["audit"]
        assert b"API_TOKEN" not in project[0][2]
        assert job == []

    @pytest.mark.parametrize("kind", ["file", "project", "access", "notice"])
    async def test_that_are_no_jobs_go_to_the_project_even_if_named_like_a_job(self, kind):
        feed, project, job = Feed(), Heard(), Heard()
        feed.follow("projects/default", project)
        feed.follow("jobs/j1", job)
        feed.events([row(1, "j1", kind=kind)])
        assert [kind for _, kind, _ in project] == [kind]
        assert job == []


class TestAlarms:
    """Whoever guards rights hears of a change before anything later. The mutants: a feed that
    publishes a batch first and alarms afterwards, one that alarms for the kind ``access`` only.
    """

    @pytest.mark.parametrize("kind", ["access", "project"])
    async def test_come_between_what_was_recorded_before_and_what_was_after(self, kind):
        feed, order = Feed(), []
        feed.follow("projects/default", lambda news: order.append(news.seq))
        feed.guard("default", lambda: order.append("alarm"))
        feed.events([row(1), row(2, "bob", kind=kind), row(3)])
        assert order == [1, "alarm", 2, 3]

    async def test_are_for_their_project_only(self):
        feed, alarms = Feed(), []
        leave = feed.guard("other", lambda: alarms.append(1))
        feed.events([row(1, kind="access")])
        leave()
        assert alarms == []
        assert not feed._guards

    async def test_without_a_project_are_for_the_account_that_is_named(self):
        feed, alarms = Feed(), []
        feed.account("user:bob", lambda: alarms.append("bob"))
        feed.account("team:bob", lambda: alarms.append("a team called bob"))
        feed.account("user:carol", lambda: alarms.append("carol"))
        feed.events([msgspec.structs.replace(row(1, "user:bob", kind="access"), project="")])
        assert alarms == ["bob"]

    async def test_wake_whoever_lists_projects(self):
        feed, wakes = Feed(), []
        feed.lists(lambda: wakes.append(1))
        feed.events([row(1), row(2, kind="file"), row(3, kind="project")])
        assert wakes == [1]


class TestProgress:
    async def test_is_passed_on_at_once_and_then_only_the_newest(self):
        feed, heard, last = Feed(), Heard(), asyncio.Event()

        def hear(news: News) -> None:
            heard(news)
            if b"99" in news.frame(specs=True):
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
