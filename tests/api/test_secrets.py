"""Secrets over HTTP: written and named, never read back."""

from __future__ import annotations

import json

import pytest

from submarine_ext.files import logs

pytestmark = pytest.mark.modes("embedded", "service", "connected")

SECRETS = "/projects/lab/secrets"
CANARY = "canary-91b2-value"


@pytest.fixture
def lab(people, jp_asyncio_loop):
    """alice owns ``lab``, bob edits it, carol looks on."""

    async def make():
        for name in ("alice", "bob", "carol", "eve", "root-admin"):
            await people(name)("GET", "/me")
        alice = people("alice")
        await alice("POST", "/projects", {"name": "lab"})
        for name, role in (("bob", "editor"), ("carol", "viewer")):
            await alice("PUT", f"/projects/lab/grants/user:{name}", {"role": role})

    jp_asyncio_loop.run_until_complete(make())
    return people


class TestASecret:
    async def test_is_answered_by_name_author_and_time_alone(self, lab):
        bob, alice = lab("bob"), lab("alice")
        written = await bob("PUT", f"{SECRETS}/TOKEN", {"value": CANARY})
        assert written.status == 200
        assert sorted(written.json) == ["author", "name", "written"]
        assert (written.json["name"], written.json["author"]) == ("TOKEN", "bob")
        assert (await alice("GET", SECRETS)).json["items"] == [written.json]
        assert (await alice("DELETE", f"{SECRETS}/TOKEN")).status == 204
        assert (await alice("GET", SECRETS)).json["items"] == []
        assert (await alice("DELETE", f"{SECRETS}/TOKEN")).status == 404

    async def test_is_for_editors_and_nobody_reads_its_value(self, lab):
        await lab("bob")("PUT", f"{SECRETS}/TOKEN", {"value": CANARY})
        statuses = {"carol": 403, "root-admin": 403, "eve": 404}
        for who, status in statuses.items():
            for method, body in (("PUT", {"value": "something"}), ("DELETE", None)):
                answer = await lab(who)(method, f"{SECRETS}/TOKEN", body)
                assert answer.status == status, (who, method)
            assert (await lab(who)("GET", SECRETS)).status == status
        assert (await lab("alice")("GET", f"{SECRETS}/TOKEN")).status == 405

    async def test_is_in_the_audit_log_without_its_value(self, lab):
        await lab("bob")("PUT", f"{SECRETS}/TOKEN", {"value": CANARY})
        await lab("alice")("PUT", f"{SECRETS}/TOKEN", {"value": f"new-{CANARY}"})
        await lab("alice")("DELETE", f"{SECRETS}/TOKEN")
        audit = await lab("alice")("GET", "/audit?project=lab")
        told = [(e["actor"], e["action"], e["object"]) for e in audit.json["items"]][:3]
        assert told == [
            ("alice", "secret.delete", "TOKEN"),
            ("alice", "secret.put", "TOKEN"),
            ("bob", "secret.put", "TOKEN"),
        ]
        assert CANARY.encode() not in audit.body

    @pytest.mark.parametrize(
        "body",
        [{"value": CANARY, "more": CANARY}, {"value": [CANARY]}, {"values": CANARY},
         {"value": f"{CANARY}\0"}, {"value": CANARY * 3000}],
    )  # fmt: skip
    async def test_that_is_refused_is_not_repeated_in_the_refusal(self, lab, body):
        answer = await lab("bob")("PUT", f"{SECRETS}/TOKEN", body)
        assert answer.status == 400
        assert CANARY.encode() not in answer.body


class TestAJobWithASecret:
    async def test_is_redacted_in_its_log_whoever_asks_and_how(self, lab, finished, jp_ws_fetch):
        bob = lab("bob")
        await bob("PUT", f"{SECRETS}/TOKEN", {"value": CANARY})
        spec = {"command": ["sh", "-c", "echo the $TOKEN; echo end"], "secrets": ["TOKEN"]}
        job = (await bob("POST", "/projects/lab/jobs", spec)).json["id"]
        await finished(bob, job)
        log = await bob("GET", f"/jobs/{job}/logs")
        assert log.body == b"the ***\nend\n"
        raw = len(f"the {CANARY}\nend\n")
        assert log.headers["Submarine-Next-Offset"] == str(raw)
        assert log.headers["Submarine-Size"] == str(raw)
        assert log.headers["Submarine-Complete"] == "true"
        for guess in (CANARY, CANARY[:5], CANARY[-5:]):
            search = f"/jobs/{job}/logs/search?case=true&text={guess}"
            assert (await bob("GET", search)).json["lines"] == [], "no oracle"
        assert (await bob("GET", f"/jobs/{job}/logs/search?text=***")).json["lines"] == [0]
        assert (await bob("GET", f"/jobs/{job}/logs/download")).body == b"the ***\nend\n"
        signed = {"Authorization": "token token-alice"}
        socket = await jp_ws_fetch("submarine", "api", "events", headers=signed)
        wanted = {"op": "subscribe", "topic": f"jobs/{job}/logs", "since": 0, "attempt": 1}
        await socket.write_message(json.dumps(wanted))
        frames = [json.loads(await socket.read_message()) for _ in range(3)]
        assert [frame["type"] for frame in frames] == ["subscribed", "log", "complete"]
        assert (frames[1]["data"]["text"], frames[1]["seq"]) == ("the ***\nend\n", raw)
        socket.close()
        while await socket.read_message() is not None:
            pass

    async def test_would_tell_its_secret_to_a_search_in_the_raw_log(
        self, lab, finished, monkeypatch
    ):
        """The mutant, alive: what is asked letter by letter is answered."""
        reads = logs.read
        monkeypatch.setattr(logs, "read", lambda *span, **how: reads(*span, final=how["final"]))
        bob = lab("bob")
        await bob("PUT", f"{SECRETS}/TOKEN", {"value": CANARY})
        spec = {"command": ["sh", "-c", "echo the $TOKEN"], "secrets": ["TOKEN"]}
        job = (await bob("POST", "/projects/lab/jobs", spec)).json["id"]
        await finished(bob, job)
        search = f"/jobs/{job}/logs/search?case=true&text={CANARY[:5]}"
        assert (await bob("GET", search)).json["lines"] == [0]

    async def test_from_another_project_has_none_of_it(self, lab):
        await lab("bob")("PUT", f"{SECRETS}/TOKEN", {"value": CANARY})
        spec = {"command": ["true"], "secrets": ["TOKEN"]}
        answer = await lab("bob")("POST", "/projects/bob/jobs", spec)
        assert (answer.status, answer.json["field"]) == (400, "secrets[0]")
