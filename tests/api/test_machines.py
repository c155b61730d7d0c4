"""A person's machine is that person's: who may offer it, see it, and run something on it.

Mutants, by hand here: ``require_own`` that lets everybody through, and a list of everybody's.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from tornado.httpclient import HTTPClientError

from submarine_ext.api import events
from submarine_ext.app.running import Running
from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import Job, JobSpec
from submarine_ext.engines.base import Capacity, Ended, EngineInfo, Outcome, Started
from submarine_ext.engines.remote.engine import RemoteEngine
from submarine_ext.engines.remote.frames import (
    Hello,
    Known,
    Log,
    Recorded,
    Seen,
    Wanted,
    encode,
    from_service,
)
from submarine_ext.errors import Unavailable
from submarine_ext.services import engines as services_engines
from tests.contract.machines import Alice

MACHINE = "machine:alice"
INFO = EngineInfo(name="", title="", healthy=True, capacity=Capacity(cpu=4, memory=2**33, gpu=1))
SPEC = {"command": ["true"], "engine": MACHINE}
REFUSAL = (
    "machine:alice is alice's own machine, which runs nobody else's jobs: choose another engine."
)


class ByHand:
    """A machine whose frames a test writes."""

    def __init__(self, socket) -> None:
        self.socket = socket

    async def say(self, *frames) -> None:
        for frame in frames:
            await self.socket.write_message(encode(frame), binary=True)

    async def hear(self, kind):
        while True:
            message = await self.socket.read_message()
            assert message is not None, self.socket.close_reason
            if isinstance(message, bytes) and isinstance(frame := from_service(message), kind):
                return frame


@pytest.fixture
def offer(jp_ws_fetch, jp_asyncio_loop):
    """``await offer("alice")``: her machine, once the service knows it."""
    opened = []

    async def connect(name: str, owner: str = "alice", **headers: str) -> ByHand:
        headers = headers or {"Authorization": f"token token-{name}"}
        socket = await jp_ws_fetch("submarine", "api", "machines", owner, headers=headers)
        opened.append(socket)
        machine = ByHand(socket)
        await machine.say(Hello("one", INFO))
        await machine.hear(Known)
        return machine

    yield connect
    for socket in opened:
        socket.close()


@pytest.fixture
def team(people, jp_asyncio_loop):
    """alice owns ``vision``, bob is an editor of it, carol a viewer."""

    async def make():
        for name in ("bob", "carol", "root-admin"):
            await people(name)("GET", "/me")
        await people("alice")("POST", "/projects", {"name": "vision"})
        for name, role in (("bob", "editor"), ("carol", "viewer")):
            await people("alice")("PUT", f"/projects/vision/grants/user:{name}", {"role": role})

    jp_asyncio_loop.run_until_complete(make())
    return people


async def engines(person) -> list[str]:
    return [each["name"] for each in (await person("GET", "/engines")).json["items"]]


async def seen(person) -> None:
    """The machine is in the list, which follows its connection."""
    async with asyncio.timeout(30):
        while MACHINE not in await engines(person):
            await asyncio.sleep(0.01)


async def submitted(person, machine: ByHand) -> tuple[str, Wanted]:
    answer = await person("POST", "/projects/vision/jobs", SPEC)
    assert answer.status == 201, answer.body
    return answer.json["id"], await machine.hear(Wanted)


@pytest.mark.modes("embedded", "service")
class TestWhoOffersAMachine:
    async def test_is_its_owner(self, team, offer):
        await offer("alice")
        await seen(team("alice"))

    @pytest.mark.parametrize("name", ["bob", "root-admin"])
    async def test_is_nobody_else(self, name, team, offer):
        with pytest.raises(HTTPClientError) as refused:
            await offer(name)
        assert refused.value.code == 403

    async def test_is_nobody_without_a_credential_or_whose_account_is_disabled(self, team, offer):
        for headers in ({"Authorization": "token of-nobody"}, {"Cookie": "x=y"}):
            with pytest.raises(HTTPClientError) as refused:
                await offer("alice", **headers)
            assert refused.value.code == 403
        await team("root-admin")("PATCH", "/users/alice", {"disabled": True})
        with pytest.raises(HTTPClientError) as refused:
            await offer("alice")
        assert refused.value.code == 403

    async def test_is_told_where_the_way_is_no_websocket(self, team):
        answer = await team("alice")("GET", "/machines/alice")
        assert (answer.status, answer.json["code"]) == (400, "invalid")

    async def test_is_one_whose_name_an_engine_can_have(self, team, offer, site):
        services = await site.services()
        with pytest.raises(services_engines.Invalid, match="too long"):
            await services.machines.enter(Principal("a" * 60), "a" * 60)


@pytest.mark.modes("embedded", "service")
class TestWhoRunsSomethingThere:
    async def test_is_its_owner_and_the_others_see_it_like_any_job(self, team, offer, finished):
        machine = await offer("alice")
        await seen(team("alice"))
        job, wanted = await submitted(team("alice"), machine)
        assert (wanted.job, wanted.owner, wanted.project) == (job, "alice", "vision")
        name = f"{job}-1"
        await machine.say(
            Seen(Started(name, 1.0)),
            Log(name, 0, 0, b"hello\n"),
            Seen(Ended(name=name, outcome=Outcome.SUCCEEDED, exit_code=0, started=1.0)),
        )
        done = await finished(team("bob"), job)
        assert (done["state"], done["engine"]) == ("succeeded", MACHINE)
        assert (await team("bob")("GET", f"/jobs/{job}/logs")).body == b"hello\n"
        assert (await team("carol")("GET", f"/jobs/{job}")).json["spec"] == {}
        assert await machine.hear(Recorded) == Recorded(name)

    @pytest.mark.parametrize("there", [True, False])
    @pytest.mark.parametrize("name", ["bob", "root-admin"])
    async def test_is_nobody_else_whether_it_is_there_or_not(self, name, there, team, offer):
        if there:
            await offer("alice")
            await seen(team("alice"))
        project = "vision" if name == "bob" else (await team(name)("GET", "/me")).json[
            "personal_project"
        ]  # fmt: skip
        for route in ("jobs", "preflight"):
            answer = await team(name)("POST", f"/projects/{project}/{route}", SPEC)
            assert (answer.status, answer.json["detail"]) == (403, REFUSAL)
        assert MACHINE not in await engines(team(name))

    async def test_mutant_that_does_not_ask_whose_it_is_runs_anybodys(
        self, team, offer, monkeypatch
    ):
        machine = await offer("alice")
        await seen(team("alice"))
        monkeypatch.setattr(services_engines, "require_own", lambda who, engine: None)
        # The list that one chooses from is one's own as well.
        answer = await team("bob")("POST", "/projects/vision/jobs", SPEC)
        assert (answer.status, answer.json["field"]) == (400, "engine")
        monkeypatch.setattr(services_engines.machines, "last_seen", lambda tx, owner: INFO)
        await submitted(team("bob"), machine)

    async def test_nobody_else_runs_something_of_its_owners_again(self, team, offer, finished):
        machine = await offer("alice")
        await seen(team("alice"))
        job, _ = await submitted(team("alice"), machine)
        await machine.say(Seen(Ended(name=f"{job}-1", outcome=Outcome.FAILED, reason="No.")))
        await finished(team("alice"), job)
        await team("alice")("PUT", "/projects/vision/grants/user:bob", {"role": "owner"})
        answer = await team("bob")("POST", f"/jobs/{job}/retry", {})
        assert (answer.status, answer.json["detail"]) == (403, REFUSAL)
        assert (await team("alice")("POST", f"/jobs/{job}/retry", {})).status == 200
        assert (await machine.hear(Wanted)).attempt == 2

    async def test_is_refused_what_the_machine_does_not_have(self, team, offer):
        await offer("alice")
        await seen(team("alice"))
        spec = {**SPEC, "resources": {"cpu": 8}}
        answer = await team("alice")("POST", "/projects/vision/jobs", spec)
        assert (answer.status, answer.json["field"]) == (400, "resources.cpu")
        found = (await team("alice")("POST", "/projects/vision/preflight", spec)).json["findings"]
        assert {"label": "Use 4 CPUs", "spec": {"resources": {"cpu": 4}}} in [
            {"label": fix["label"], "spec": fix["spec"]} for fix in found[0]["fixes"]
        ]

    async def test_is_told_that_there_is_none(self, team):
        answer = await team("alice")("POST", "/projects/vision/jobs", SPEC)
        assert (answer.status, answer.json["field"]) == (400, "engine")


@pytest.mark.modes("embedded", "service")
class TestAnAccountThatIsDisabled:
    async def test_has_its_machine_sent_away(self, team, offer, monkeypatch):
        monkeypatch.setattr(events, "ALIVE_MILLISECONDS", 10)
        machine = await offer("alice")
        await team("root-admin")("PATCH", "/users/alice", {"disabled": True})
        while await machine.socket.read_message() is not None:
            pass
        assert machine.socket.close_code == 4403


class TestTwoServersOnOneDatabase:
    async def test_only_the_one_that_reconciles_takes_a_machine_and_both_show_it(
        self, team, offer, site
    ):
        await offer("alice")
        await seen(team("alice"))
        first = await site.services()
        settings = Settings(
            root=first._settings.root, owner=None, database_url=first._settings.database_url
        )
        second = await Submarine.open(settings)
        try:
            with pytest.raises(Unavailable, match="Another server of the service"):
                await second.machines.enter(Principal("alice"), "alice")
            shown = await second.engines.list(Principal("alice"))
            assert [each.name for each in shown] == ["local", MACHINE]
        finally:
            await second.close()

    async def test_the_next_one_takes_over_where_the_first_was(self, tmp_path):
        alice = Alice(tmp_path / "alice")
        await alice.open()
        first = await Submarine.open(Settings(root=tmp_path / "team", owner="alice"))
        second = await Submarine.open(Settings(root=tmp_path / "team", owner="alice"))
        try:
            await alice.offer(await leads(first))
            job = await runs(first, tmp_path)
            await first.close()
            (tmp_path / "go on").touch()
            await alice.leave()
            await alice.offer(await leads(second))
            done = await ended(second, job.id)
            assert (done.state, done.attempt) == ("succeeded", 1)
        finally:
            await alice.close()
            await second.close()


async def leads(server: Submarine) -> RemoteEngine:
    """alice's engine at the server, once this one looks after the jobs."""
    while True:
        with contextlib.suppress(Unavailable):
            return server._running_engines.machine("alice")
        await asyncio.sleep(0.01)


async def runs(server: Submarine, folder) -> Job:
    alice, go_on = Principal("alice"), folder / "go on"
    command = ["sh", "-c", f"while [ ! -e '{go_on}' ]; do sleep 0.05; done"]
    while not any(each.name == MACHINE for each in await server.engines.list(alice)):
        await asyncio.sleep(0.01)
    spec = JobSpec(command=command, engine=MACHINE)
    job = await server.jobs.submit(alice, "default", spec, None)
    while (await server.jobs.get(alice, job.id)).state != "running":
        await asyncio.sleep(0.01)
    return job


async def ended(server: Submarine, job: str) -> Job:
    while not (found := await server.jobs.get(Principal("alice"), job)).finished:
        await asyncio.sleep(0.01)
    return found


async def test_a_server_that_does_not_reconcile_has_no_machines():
    running = Running((), lambda name: None, lambda owner: None)
    with pytest.raises(Unavailable):
        running.of(MACHINE)
