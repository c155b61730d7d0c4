"""The service's life: tokens that end, a Hub that is away, restarts, probes, metrics, logs."""

from __future__ import annotations

import json
import os
import signal

import httpx

from tests.hub.team import METRICS, Person, until

PROBE = "submarine/api/health/"


class TestARevokedToken:
    def test_opens_nothing_any_more_and_ends_its_sockets(self, hub):
        """The mutant keeps an answer of the Hub for as long as a socket is open."""
        made = hub.token("bob")
        bob = Person(hub, "bob", made["token"])
        socket = bob.socket("me")
        socket.until(lambda f: f["type"] == "subscribed")
        hub.api("DELETE", f"/users/bob/tokens/{made['id']}")
        assert socket.closed() == 4403
        assert bob.ask("GET", "/me").status_code == 403


class TestTheHubAway:
    def test_is_said_in_a_sentence_until_it_is_back(self, hub):
        """The Hub's process stands still; the mutant goes on with what it said last."""
        alice = hub.person("alice")
        socket = alice.socket("me")
        socket.until(lambda f: f["type"] == "subscribed")
        os.kill(hub.process.pid, signal.SIGSTOP)
        try:
            refused = until(lambda: _unless(alice.ask("GET", "/me"), 200), "the end of trust")
            problem = refused.json()
            assert (refused.status_code, problem["code"]) == (503, "unavailable")
            assert "does not answer" in problem["detail"]
            assert "Retry-After" in refused.headers
            assert httpx.get(f"{hub.direct}/services/submarine/{PROBE}live").status_code == 200
            assert socket.closed() == 1013
        finally:
            os.kill(hub.process.pid, signal.SIGCONT)
        until(lambda: alice.ask("GET", "/me").status_code == 200, "the Hub's return")


class TestARestart:
    def test_lets_jobs_go_on_and_people_come_back(self, hub, tmp_path):
        """The Hub starts its service again when it ends."""
        alice, flag = hub.person("alice"), tmp_path / "flag"
        script = f"until [ -e {flag} ]; do sleep 0.05; done; echo released"
        body = {"command": ["sh", "-c", script]}
        job = alice.ask("POST", "/projects/alice/jobs", body).json()["id"]
        until(lambda: alice.get(f"/jobs/{job}")["state"] == "running", "the job's start")
        socket = alice.socket(f"jobs/{job}")
        socket.until(lambda f: f["type"] == "subscribed")
        old = hub.service_pid()
        os.kill(old, signal.SIGTERM)
        assert socket.closed() == 1001
        until(lambda: _gone(old), "the end of the service")
        until(hub.is_ready, "the service's return")
        assert hub.service_pid() != old
        flag.touch()
        ended = until(lambda: _finished(alice.get(f"/jobs/{job}")), "the job's end")
        assert ended["state"] == "succeeded", ended
        assert "released" in alice.ask("GET", f"/jobs/{job}/logs").text


class TestMetrics:
    def test_are_for_the_scraper_and_for_admins(self, hub):
        url = f"{hub.service}metrics"
        scraped = httpx.get(url, headers={"Authorization": f"Bearer {METRICS}"})
        assert scraped.status_code == 200
        assert hub.person("carol").http.get("metrics").status_code == 200
        assert hub.person("alice").http.get("metrics").status_code == 403
        assert httpx.get(url).status_code == 403
        assert httpx.get(url, headers={"Authorization": "Bearer x"}).status_code == 403

    def test_tell_numbers_and_no_names(self, hub):
        hub.person("alice").get("/me")
        text = hub.person("carol").http.get("metrics").text
        for line in (
            "submarine_ready 1.0",
            'submarine_jobs{state="running"}',
            'submarine_engine_healthy{engine="local"} 1.0',
            'submarine_request_seconds_count{method="GET",route="/me",status="200"}',
            "submarine_directory_age_seconds",
        ):
            assert line in text
        assert "alice" not in text


class TestTheLog:
    def test_holds_no_credential_and_nothing_that_people_wrote(self, hub):
        """The mutant logs whole URLs, as tornado does by itself."""
        made, canary = hub.token("alice"), "canary-5f2d"
        alice = Person(hub, "alice", made["token"])
        path = "/projects/alice/secrets/API_KEY"
        assert alice.ask("PUT", path, {"value": f"{canary}-secret"}).status_code < 300
        alice.ask("GET", f"/me?token={canary}-query")
        alice.ask("GET", f"/contents/alice/{canary}-file")
        httpx.get(
            f"{hub.service}submarine/api/me",
            headers={"Authorization": f"token {canary}-token", "Cookie": f"a={canary}-cookie"},
        )
        httpx.get(f"{hub.service}oauth_callback?code={canary}-code&state={canary}-state")
        lines = hub.service_log()
        assert [each for each in lines if each.get("route") == "/me"]
        text = json.dumps(lines)
        assert canary not in text
        assert made["token"] not in text
        assert hub.driver not in text


def _unless(answer: httpx.Response, status: int) -> httpx.Response | None:
    return None if answer.status_code == status else answer


def _finished(job: dict) -> dict | None:
    return job if job["finished"] else None


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
