"""Places in queues are asked for once a queue, and only while somebody waits there."""

from __future__ import annotations

import asyncio
from typing import Any

from submarine_ext.engines.kubernetes.answers import ApiError
from submarine_ext.engines.kubernetes.placement import Placement
from submarine_ext.engines.kubernetes.queue import Positions


class Kueue:
    """Answers as Kueue's visibility server does; ``order`` are the uids of what waits."""

    def __init__(self, *order: str, old: bool = False) -> None:
        self.order = list(order)
        self.old = old
        self.asked: list[str] = []
        self.news = asyncio.Event()

    async def request(self, _method: str, path: str, **_: Any) -> dict[str, Any]:
        self.asked.append(path)
        self.news.set()
        if self.old and "v1beta2" in path:
            raise ApiError(404, "NotFound", "404 page not found")
        return {
            "items": [
                {"metadata": {"ownerReferences": [{"uid": uid}]}, "positionInLocalQueue": place}
                for place, uid in enumerate(self.order)
            ]
        }

    async def again(self, times: int = 1) -> None:
        for _ in range(times):
            self.news.clear()
            await self.news.wait()
        await asyncio.sleep(0)


def placed(queue: str | None = "night", namespace: str = "team-a") -> Placement:
    return Placement(namespace=namespace, name="x", kind="job", queue=queue)


async def test_many_who_wait_in_a_queue_are_one_request() -> None:
    """Mutant: a request for each job."""
    kueue, places = Kueue("first", "second"), Positions(pause=0.01)
    for uid in ("first", "second", "third"):
        places.attend(placed(), kueue, uid, lambda: None)
    await kueue.again()
    assert [places.of(uid) for uid in ("first", "second", "third")] == [1, 2, None]
    assert len(kueue.asked) == 1
    await places.close()


async def test_who_moves_up_is_woken() -> None:
    kueue, places, woken = Kueue("first", "second"), Positions(pause=0.01), []
    places.attend(placed(), kueue, "second", lambda: woken.append(places.of("second")))
    await kueue.again()
    kueue.order = ["second"]
    await kueue.again(2)
    assert woken == [2, 1]
    await places.close()


async def test_nobody_who_waits_means_no_request() -> None:
    kueue, places = Kueue("first"), Positions(pause=0.01)
    places.attend(placed(queue=None), kueue, "x", lambda: None)
    places.attend(placed(), kueue, "first", lambda: None)
    await kueue.again()
    places.leave("first")
    before = len(kueue.asked)
    await asyncio.sleep(0.05)  # five pauses in which nothing may be asked
    assert (len(kueue.asked), places.of("first")) == (before, None)
    await places.close()


async def test_an_older_kueue_is_asked_in_its_own_version() -> None:
    kueue, places = Kueue("first", old=True), Positions(pause=60)
    told = asyncio.Event()
    places.attend(placed(), kueue, "first", told.set)
    await told.wait()
    assert (places.of("first"), len(kueue.asked)) == (1, 2)
    await places.close()
