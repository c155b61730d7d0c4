"""The queue: everybody sees where they stand, and of others what they may see anyway.

Mutants this catches: names without ``_Sight`` (TestWhoHoldsTheGpus), accounts of all teams
(TestUse), places of everybody's jobs (TestPlaces).
"""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from submarine_ext.domain.ids import new_job_id
from submarine_ext.domain.jobs import Job, JobSpec, JobState, Resources, Target
from submarine_ext.store import jobs, quotas


@pytest.fixture
def lab(people, jp_asyncio_loop):
    """alice and bob are team ``lab``, with which ``shared`` is shared; carol is in ``closed``."""

    async def make():
        for name in ("alice", "bob", "carol", "root-admin"):
            await people(name)("GET", "/me")
        await people("root-admin")("POST", "/teams", {"name": "lab", "title": "The lab"})
        await people("root-admin")("PATCH", "/teams/lab", {"quota": {"gpu": 8}})
        for name in ("alice", "bob"):
            await people("root-admin")("PUT", f"/teams/lab/members/{name}", {})
        await people("alice")("POST", "/projects", {"name": "shared"})
        await people("alice")("PUT", "/projects/shared/grants/team:lab", {"role": "editor"})

    jp_asyncio_loop.run_until_complete(make())
    return people


@pytest.fixture
def runs(site):
    """``await runs("bob", "shared", gpu=2)``: a job that holds GPUs, as the store has it."""

    async def add(owner: str, project: str, gpu: int) -> None:
        job = Job(
            id=new_job_id(),
            project=project,
            owner=owner,
            name="training",
            spec=JobSpec(command=["true"], resources=Resources(gpu=gpu)),
            state=JobState.RUNNING,
            target=Target.RUN,
            engine="local",
            created="2026-01-01T00:00:00Z",
        )

        def accept(tx):
            quotas.reserve(tx, job, job.created)
            jobs.add(tx, job, actor=owner, retries=0)

        services = await site.services()
        await services._store.write(accept)

    return add


async def queue(person):
    answer = await person("GET", "/queue")
    assert answer.status == 200, answer
    return answer.json


class TestUse:
    async def test_is_told_of_oneself_and_of_one_s_own_teams(self, lab, runs):
        await runs("bob", "shared", 2)
        alice = (await queue(lab("alice")))["accounts"]
        assert [(each["subject"], each["title"]) for each in alice] == [
            ("user:alice", "alice"),
            ("team:lab", "The lab"),
        ]
        assert [each["use"]["gpu"] for each in alice] == [0, 2]
        assert alice[1]["quota"]["gpu"] == 8
        carol = (await queue(lab("carol")))["accounts"]
        assert [each["subject"] for each in carol] == ["user:carol"]


class TestWhoHoldsTheGpus:
    async def test_is_named_to_those_who_see_the_job_and_a_number_to_others(self, lab, runs):
        await runs("alice", "shared", 1)
        await runs("bob", "shared", 2)
        await runs("bob", "bob", 1)
        await runs("carol", "carol", 4)

        async def seen(name):
            holders = (await queue(lab(name)))["holders"]
            return {(each["owner"], each["gpu"], each["jobs"]) for each in holders}

        # bob's own project is not shared with alice: that GPU is one of the others'.
        assert await seen("alice") == {("alice", 1, 1), ("bob", 2, 1), (None, 5, 2)}
        assert await seen("bob") == {("alice", 1, 1), ("bob", 3, 2), (None, 4, 1)}
        assert await seen("carol") == {("carol", 4, 1), (None, 4, 3)}
        assert await seen("root-admin") == {("alice", 1, 1), ("bob", 3, 2), ("carol", 4, 1)}


class TestPlaces:
    async def test_of_one_s_own_jobs_come_with_their_reasons(self, lab, tidied):
        alice, bob = lab("alice"), lab("bob")
        cpus = (await alice("GET", "/engines")).json["items"][0]["capacity"]["cpu"]
        everything = {"command": ["sleep", "60"], "resources": {"cpu": cpus}}
        await bob("POST", "/projects/shared/jobs", everything)
        await bob("POST", "/projects/bob/jobs", everything)
        await alice("POST", "/projects/shared/jobs", {**everything, "name": "mine"})
        while not (found := (await queue(alice))["places"]) or found[0]["reason"] is None:
            await asyncio.sleep(0.01)  # until the engine has looked at it
        (place,) = found
        assert (place["name"], place["project"], place["position"]) == ("mine", "shared", 1)
        assert "in use" in place["reason"]
        assert (await queue(alice))["waiting"] == 1
        assert (await queue(bob))["places"][0]["position"] == 2


class TestNews:
    async def test_come_to_everybody_who_listens_when_any_job_moves(
        self, lab, jp_http_port, jp_base_url, tidied
    ):
        url = f"ws://127.0.0.1:{jp_http_port}{jp_base_url}submarine/api/events"
        headers = {"Authorization": "token token-carol"}
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        await socket.write_message(json.dumps({"op": "subscribe", "topic": "me"}))
        while json.loads(await socket.read_message())["type"] != "projects":
            pass
        await lab("bob")("POST", "/projects/bob/jobs", {"command": ["true"]})
        news = json.loads(await socket.read_message())
        assert (news["type"], news["data"]) == ("queue", {})  # and nothing of whose it is
        socket.close()
