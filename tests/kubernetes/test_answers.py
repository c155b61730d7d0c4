"""What is made of each answer of a real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from submarine_ext.engines.kubernetes.answers import refusal, warnings
from submarine_ext.engines.kubernetes.transport import ApiError
from tests.kubernetes.recorded import exchanges
from tests.kubernetes.scripted import (
    Clock,
    session,
    status,
)


def recorded() -> list[Any]:
    found = []
    for name in ("errors", "too-many-requests", "list-watch", "expired-and-restart", "discovery"):
        for number, exchange in enumerate(exchanges(name)):
            response = exchange.get("response", {})
            if "body" in response or "text" in response:
                label = f"{name} {number}"
                found.append(pytest.param(response, id=label))
    return found


@pytest.mark.parametrize("response", recorded())
async def test_it_understands_every_recorded_answer(response: Any, tmp_path: Path) -> None:
    text = json.dumps(response["body"]) if "body" in response else response["text"]
    kept = {"Content-Type", "Retry-After"}

    async def answer(request: web.Request) -> web.Response:
        headers = {k: v for k, v in response.get("headers", {}).items() if k in kept}
        return web.Response(status=response["status"], body=text.encode(), headers=headers)

    async with session(answer, tmp_path, Clock()) as api:
        if response["status"] >= 300:
            with pytest.raises(ApiError) as failed:
                await api.request("GET", "/api/v1/pods")
            told = response.get("body", {})
            assert failed.value.status == response["status"]
            assert failed.value.reason == told.get("reason", "")
            assert failed.value.message == told.get("message", text.strip()) or not text
            assert failed.value.details == told.get("details", {})
        elif text.startswith("{"):
            assert await api.request("GET", "/api/v1/pods") == response.get("body")
        else:
            with pytest.raises(ApiError, match="not JSON"):
                await api.request("GET", "/api/v1/pods")


async def test_what_may_succeed_later_is_told_from_what_never_will(tmp_path: Path) -> None:
    now = [0, 401, 429, 500, 502, 503, 504]
    never = [204, 301, 400, 403, 404, 405, 409, 410, 413, 415, 422]
    assert all(ApiError(code, "", "").transient for code in now)
    assert not any(ApiError(code, "", "").transient for code in never)


def test_a_proxys_page_is_not_shown_to_people() -> None:
    error = refusal(502, {}, b"<html><h1>Bad gateway</h1></html>")
    assert error.message == "The cluster answered with HTTP status 502."


def test_when_to_come_back_stands_in_the_header_or_in_the_details() -> None:
    body = json.dumps(status(503, "ServerTimeout", "later", details={"retryAfterSeconds": 7}))
    assert refusal(503, {}, body.encode()).retry_after == 7
    assert refusal(429, {"Retry-After": "3"}, b"").retry_after == 3
    assert refusal(429, {"Retry-After": "86400"}, b"").retry_after == 120
    assert refusal(429, {"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT"}, b"").retry_after is None


def test_warnings_are_read_as_they_are_quoted() -> None:
    headers = [
        '299 - "unknown field \\"spec.backofLimit\\""',
        '299 - "one, with a comma", 299 agent "two" "Sun, 22 Nov 2026 12:00:00 GMT"',
        "nonsense",
    ]
    assert warnings(headers) == ['unknown field "spec.backofLimit"', "one, with a comma", "two"]


def test_every_recorded_warning_is_understood() -> None:
    found = 0
    for name in ("errors", "quota-limits-podsecurity", "deletion-and-gc"):
        for exchange in exchanges(name):
            raw = (exchange.get("response") or {}).get("headers", {}).get("Warning") or []
            raw = [raw] if isinstance(raw, str) else raw
            texts = warnings(raw)
            assert len(texts) >= len(raw)
            assert not any(text.startswith("299") or not text for text in texts)
            found += len(texts)
    assert found > 5


async def test_warnings_of_writes_reach_whoever_asked(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({}, headers={"Warning": '299 - "would violate PodSecurity"'})

    async with session(answer, tmp_path) as api:
        general: list[str] = []
        own: list[str] = []
        api.on_warning = general.append
        await api.request("GET", "/api")
        await api.request("POST", "/api", body={})
        await api.request("POST", "/api", body={}, warned=own.append)
    assert general == own == ["would violate PodSecurity"]
