"""Jobs over HTTP: submit once, list in pages, stop, retry, delete."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

JOBS = "/projects/default/jobs"
LONG = {"command": ["sleep", "60"]}


def key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


class TestSubmitting:
    async def test_answers_the_whole_job(self, submitted):
        job = await submitted("echo", "hi", name="greeting", tags=["a"])
        assert (job["state"], job["name"], job["exit_code"]) == ("succeeded", "greeting", 0)

    async def test_twice_with_one_key_is_one_job(self, call):
        first = await call("POST", JOBS, {"command": ["true"]}, headers=key("k-1"))
        again = await call("POST", JOBS, {"command": ["true"]}, headers=key("k-1"))
        assert (first.status, again.status) == (201, 201)
        assert first.json["id"] == again.json["id"]
        assert len((await call("GET", JOBS)).json["items"]) == 1

    async def test_another_job_with_a_used_key_is_refused(self, call):
        await call("POST", JOBS, {"command": ["true"]}, headers=key("k-2"))
        other = await call("POST", JOBS, {"command": ["false"]}, headers=key("k-2"))
        assert (other.status, other.json["code"]) == (422, "idempotency_mismatch")

    @pytest.mark.parametrize("bad", ["", "a b", "é", "x" * 256])
    async def test_a_bad_key_is_refused_by_name(self, call, bad):
        answer = await call("POST", JOBS, {"command": ["true"]}, headers=key(bad))
        assert (answer.status, answer.json["field"]) == (400, "Idempotency-Key")

    async def test_a_bad_job_leaves_nothing(self, call):
        for spec in ({}, {"command": []}, {"command": ["a"], "code": "b"}, {"script": "x.py"}):
            assert (await call("POST", JOBS, spec)).status == 400
        assert (await call("GET", JOBS)).json["items"] == []


class TestWhatAJobUsed:
    async def test_is_told_once_it_has_ended(self, call, submitted):
        job = await submitted("python", "-c", "held = bytearray(50_000_000); sum(range(10**6))")
        assert job["usage"]["memory_peak_bytes"] > 50_000_000
        assert job["usage"]["cpu_seconds"] > 0

    async def test_is_nothing_of_one_that_never_ran(self, submitted):
        job = await submitted("no-such-command-anywhere")
        assert job["usage"] is None


class TestListing:
    async def test_comes_in_pages_newest_first(self, call):
        made = [(await call("POST", JOBS, {"command": ["true"]})).json["id"] for _ in range(5)]
        seen, cursor = [], ""
        while cursor is not None:
            page = (await call("GET", f"{JOBS}?limit=2&cursor={cursor}")).json
            assert len(page["items"]) <= 2
            seen += [job["id"] for job in page["items"]]
            cursor = page["next"]
        assert seen == made[::-1]

    async def test_a_made_up_cursor_is_refused(self, call):
        for cursor in ("garbage", "%00", "-1", "a" * 64):
            answer = await call("GET", f"{JOBS}?cursor={cursor}")
            assert (answer.status, answer.json["field"]) == (400, "cursor"), cursor

    async def test_state_may_be_given_several_times(self, call, submitted):
        await submitted("true")
        assert len((await call("GET", f"{JOBS}?state=succeeded&state=failed")).json["items"]) == 1
        assert (await call("GET", f"{JOBS}?state=lost")).json["items"] == []
        assert (await call("GET", f"{JOBS}?state=done")).status == 400

    async def test_an_empty_filter_is_none(self, call, submitted):
        await submitted("true")
        answer = await call("GET", f"{JOBS}?owner=&text=&tag=&state=&cursor=")
        assert len(answer.json["items"]) == 1

    async def test_jupyterlabs_cache_buster_is_not_a_parameter(self, call):
        assert (await call("GET", f"{JOBS}?1790000000000")).status == 200

    async def test_a_filter_that_looks_like_null_is_text(self, call, submitted):
        await submitted("true")
        assert (await call("GET", f"{JOBS}?owner=null")).json["items"] == []


class TestChanging:
    async def test_a_running_job_is_stopped(self, call, follow):
        job = (await call("POST", JOBS, LONG)).json["id"]
        socket = await follow({"op": "subscribe", "topic": f"jobs/{job}", "since": 0})
        await socket.until(lambda f: f["data"].get("state") == "running")
        assert (await call("DELETE", f"/jobs/{job}")).status == 409
        assert (await call("POST", f"/jobs/{job}/retry", {})).status == 409
        stopped = await call("POST", f"/jobs/{job}/stop", {"grace_seconds": 1})
        assert (stopped.status, stopped.json["target"]) == (200, "stop")
        await socket.until(lambda f: f["data"].get("state") == "cancelled")

    async def test_a_finished_job_is_retried_and_deleted(self, call, submitted, follow):
        job = (await submitted("true"))["id"]
        retried = await call("POST", f"/jobs/{job}/retry", {})
        assert (retried.status, retried.json["attempt"]) == (200, 2)
        socket = await follow({"op": "subscribe", "topic": f"jobs/{job}", "since": 0})
        await socket.until(lambda f: f["data"].get("attempt") == 2)
        await socket.until(lambda f: f["data"].get("state") == "succeeded")
        deleted = await call("DELETE", f"/jobs/{job}")
        assert (deleted.status, deleted.body) == (204, b"")
        assert (await call("GET", f"/jobs/{job}")).status == 404
        assert (await call("DELETE", f"/jobs/{job}")).status == 404

    @pytest.mark.parametrize("grace", [-1, "10", None, 1e9])
    async def test_a_bad_grace_is_refused_by_name(self, call, grace):
        answer = await call("POST", "/jobs/j00000000000/stop", {"grace_seconds": grace})
        assert (answer.status, answer.json["field"]) == (400, "grace_seconds")

    async def test_reading_changes_nothing(self, call, submitted, site):
        job = (await submitted("echo", "hi"))["id"]
        watching = contextlib.closing(sqlite3.connect(site.configured.root / "submarine.sqlite"))
        paths = ["/me", "/projects", JOBS, "/engines", "/health", "/openapi.json"]
        paths += [f"/jobs/{job}{part}" for part in ("", "/logs", "/metrics", "/artifacts")]
        with watching as connection:  # the number tells one connection of others' commits
            before = connection.execute("PRAGMA data_version").fetchone()
            for path in paths:
                assert (await call("GET", path)).status == 200, path
            assert connection.execute("PRAGMA data_version").fetchone() == before
