"""From the log to live frames: no row is lost in between and none comes twice.

A row may be written while the log is being read. The mutants: one forgets that it heard of
a row meanwhile (``_missed``), one sends what it has read already again.
"""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from submarine_ext.api.connection import Connection
from submarine_ext.api.outbox import Outbox
from submarine_ext.api.subscriptions import Subscribe
from submarine_ext.api.topics import EventsSubscription
from submarine_ext.domain.access import ROLES, Principal, Relation, Role
from submarine_ext.domain.events import EventRow
from submarine_ext.domain.jobs import JobState
from submarine_ext.domain.metrics import Metrics, PointsSlice
from submarine_ext.services.feed import Feed
from submarine_ext.services.streams import Sight


class Log:
    """The events log, into which somebody writes at the worst moments of reading it."""

    def __init__(self, feed: Feed, *, rows: int, during_head: int = 0, during_read: int = 0):
        self.feed, self.rows = feed, [row(n + 1) for n in range(rows)]
        self.during_head, self.during_read = during_head, during_read

    async def sight(self, who, project, capability, following=False):
        head = len(self.rows)
        self.write(self.during_head)
        return Sight(Relation(role=Role.EDITOR), ROLES[Role.EDITOR], head)

    async def events_after(self, who, project, seq, limit, job):
        found = self.rows[seq : seq + limit]
        writes, self.during_read = self.during_read, 0
        self.write(writes)
        return found

    def write(self, count: int) -> None:
        for _ in range(count):
            self.rows.append(row(len(self.rows) + 1))
            self.feed.events(self.rows[-1:])


def row(seq: int) -> EventRow:
    return EventRow(
        seq=seq,
        time="2026-01-01T00:00:00Z",
        project="default",
        actor="ann",
        action="job.change",
        kind="job",
        object="j00000000000",
        data={"id": "j00000000000"},
    )


class Wire:
    def __init__(self):
        self.frames = []

    async def taken(self):
        return None

    def send(self, frame):
        self.frames.append(json.loads(frame))
        sent = self.taken()
        sent.close()  # nothing waits for it: the wire is never busy
        return sent

    def busy(self):
        return False

    def cut(self):
        raise AssertionError("never slow")

    def close(self, code=None, reason=None):
        raise AssertionError("never disabled")


@pytest.mark.parametrize("since", [None, 0, 3, 5])
@pytest.mark.parametrize("during_head", [0, 2])
@pytest.mark.parametrize("during_read", [0, 2])
async def test_every_row_comes_once_and_in_order(since, during_head, during_read):
    feed, wire = Feed(), Wire()
    log = Log(feed, rows=5, during_head=during_head, during_read=during_read)
    services = SimpleNamespace(feed=feed, streams=log)
    subscription = EventsSubscription(
        services,
        Principal("ann"),
        Outbox(wire),
        Subscribe("projects/default", since),
        lambda ended: None,
        project="default",
        job=None,
    )
    await subscription.open()
    if subscription._task is not None:
        await subscription._task
    feed.events(log.rows[3:])  # the relay comes late with what was read already
    log.write(2)
    await subscription.close()
    begun, *rest = wire.frames
    assert begun["type"] == "subscribed"
    first = begun["seq"] + 1
    assert begun["seq"] == (5 if since is None else since)
    assert [frame["seq"] for frame in rest] == list(range(first, len(log.rows) + 1))


async def test_a_socket_that_closes_while_it_subscribes_leaves_nothing():
    feed, asked, answer = Feed(), asyncio.Event(), asyncio.Event()

    async def metrics(who, job, keys, points):
        asked.set()
        await answer.wait()
        return Metrics({}, {}, 0)

    async def points_after(who, job, seq, limit):
        return PointsSlice({}, 0, more=False), SimpleNamespace(state=JobState.RUNNING)

    async def job(who, job):
        return SimpleNamespace(project="default")

    services = SimpleNamespace(
        feed=feed,
        results=SimpleNamespace(metrics=metrics, points_after=points_after),
        jobs=SimpleNamespace(get=job),
        streams=Log(feed, rows=0),
    )
    connection = Connection(services, Principal("ann"), Wire())
    message = '{"op": "subscribe", "topic": "jobs/j00000000000/metrics"}'
    subscribing = asyncio.create_task(connection.receive(message))
    await asked.wait()
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    answer.set()
    await asyncio.gather(subscribing, closing)
    await asyncio.sleep(0)
    assert [feed._watchers, feed._guards, feed._accounts] == [{}, {}, {}]
    assert [task for task in asyncio.all_tasks() if "jobs/" in task.get_name()] == []
