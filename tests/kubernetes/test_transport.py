"""What a session sends, and what it makes of each answer of a real server."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from submarine_ext.engines.kubernetes.answers import refusal, warnings
from submarine_ext.engines.kubernetes.pace import AWAY, BURST, RATE
from submarine_ext.engines.kubernetes.refresh import Keeper
from submarine_ext.engines.kubernetes.settings import Settings
from submarine_ext.engines.kubernetes.transport import AT_ONCE, Api, ApiError, ClusterUnusable
from tests.kubernetes.recorded import exchanges
from tests.kubernetes.scripted import (
    Clock,
    Server,
    connect,
    cut,
    kubeconfig,
    opened,
    silent,
    status,
    too_many,
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def session(answer: Answer, folder: Path, clock: Clock | None = None) -> AsyncIterator[Api]:
    async with Server(answer) as server:
        api = await connect(folder, server.url, clock)
        try:
            yield api
        finally:
            await api.close()


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"hello": True})


def test_a_server_without_the_engine_imports_none_of_its_heavy_packages() -> None:
    code = (
        "import sys, submarine_ext.engines.kubernetes.settings\n"
        "import submarine_ext.engines.kubernetes.kinds.base\n"
        "print({'aiohttp', 'kubernetes', 'yaml', 'fsspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


async def test_a_request_bears_the_token_and_json(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path, dict(request.query), await request.text()))
        seen.append(dict(request.headers))
        return web.json_response({"done": True}, status=201)

    async with session(answer, tmp_path) as api:
        told = await api.request("POST", "/api/v1/pods", params={"dryRun": "All"}, body={"a": 1})
        assert told == {"done": True}
        await api.request("PATCH", "/api/v1/pods", body={"a": 2}, patch=True)
    assert seen[0] == ("POST", "/api/v1/pods", {"dryRun": "All"}, '{"a":1}')
    assert seen[1]["Authorization"] == "Bearer a-token"
    assert seen[1]["Content-Type"] == "application/json"
    assert seen[3]["Content-Type"] == "application/merge-patch+json"


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


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError, match="redirects elsewhere"):
            await api.request("GET", "/api")
    assert asked == ["/api"]


@pytest.mark.parametrize(
    "path", ["/api/v1/../secrets", "/a/./b", "/a?x=1", "/a#b", "/a/%2e%2e/b", "/a b", "a", "//h/x"]
)
async def test_a_name_cannot_lead_a_request_elsewhere(path: str, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await hello(request)

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError, match="no place on a cluster"):
            await api.request("GET", path)
    assert asked == []


async def test_impersonation_sends_names_as_they_are(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        raw = [(k.decode(), v.decode()) for k, v in request.raw_headers]
        seen.append([(k, v) for k, v in raw if k.startswith("Impersonate")])
        return await hello(request)

    async with session(answer, tmp_path) as api:
        await api.acting_as("zoë@example.org", ["team-a", "日本"]).request("GET", "/api")
        await api.request("GET", "/api")
    assert seen == [
        [
            ("Impersonate-User", "zoë@example.org"),
            ("Impersonate-Group", "team-a"),
            ("Impersonate-Group", "日本"),
        ],
        [],
    ]


NAMES = (
    *("", " alice", "alice ", "a\nb", "a\0b", "a\x7fb", "a\r\nImpersonate-Group: system:masters"),
    *("system:masters", "system:serviceaccount:kube-system:default"),
)


@pytest.mark.parametrize("name", NAMES)
async def test_no_name_can_become_another(name: str, tmp_path: Path) -> None:
    """Header injection, names that HTTP trims, and the cluster's own names."""
    async with session(hello, tmp_path) as api:
        with pytest.raises(ClusterUnusable):
            api.acting_as(name, [])
        with pytest.raises(ClusterUnusable):
            api.acting_as("alice", [name])


async def test_a_kubeconfigs_own_impersonation_is_sent_and_excludes_ours(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append([(k, v) for k, v in request.headers.items() if k.startswith("Imp")])
        return await hello(request)

    async with Server(answer) as server:
        user = {"token": "t", "as": "robot", "as-groups": ["g1", "g2"], "as-uid": "7"}
        path = kubeconfig(tmp_path / "kubeconfig", server.url, user)
        api = await Api.open(Settings(kubeconfig=str(path)))
        await api.request("GET", "/api")
        with pytest.raises(ClusterUnusable, match="`as:` already"):
            api.acting_as("alice", [])
        await api.close()
    groups = [("Impersonate-Group", "g1"), ("Impersonate-Group", "g2")]
    assert seen == [[("Impersonate-User", "robot"), *groups, ("Impersonate-Uid", "7")]]


async def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    async with Server(hello) as server:
        api = await connect(tmp_path, server.url)
        await server.down()
        with pytest.raises(ApiError, match="is not reachable") as failed:
            await api.request("GET", "/api")
        with pytest.raises(ApiError, match="is not reachable"):
            async with api.stream("/api", {}, silence=None):
                pass
        await api.close()
    assert (failed.value.status, failed.value.reason) == (0, "Unreachable")
    assert failed.value.transient


async def test_a_server_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await silent(request)
        return web.Response()

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError, match="does not answer") as failed:
            await api.request("GET", "/api", timeout=0.1)
        assert api.pace.away
    assert (failed.value.reason, failed.value.transient) == ("Timeout", True)


async def test_an_answer_cut_short_is_transient(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        await stream.write(b'{"half":')
        cut(request)
        return stream

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError) as failed:
            await api.request("GET", "/api")
    assert failed.value.transient


async def test_a_stream_hands_on_bytes_until_the_server_ends(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        for piece in (b"\x1e\x00", b"\xff" * 300_000, b"end"):
            await stream.write(piece)
        return stream

    async with session(answer, tmp_path) as api, api.stream("/log", {}, silence=9) as pieces:
        got = b"".join([piece async for piece in pieces])
    assert got == b"\x1e\x00" + b"\xff" * 300_000 + b"end"


@pytest.mark.parametrize(("silence", "reason"), [(0.1, "Silence"), (None, "Cut")])
async def test_a_stream_that_stops_says_how(
    silence: float | None, reason: str, tmp_path: Path
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        await stream.write(b"begun")
        await silent(request) if silence else cut(request)
        return stream

    async with session(answer, tmp_path) as api, api.stream("/log", {}, silence=silence) as pieces:
        assert await anext(pieces) == b"begun"
        with pytest.raises(ApiError) as failed:
            await anext(pieces)
    assert (failed.value.reason, failed.value.status) == (reason, 0)


async def test_a_stream_that_is_refused_or_empty_is_an_error(tmp_path: Path) -> None:
    answers = [web.Response(status=204), web.Response(status=400, text="is waiting to start")]

    async def answer(request: web.Request) -> web.Response:
        return answers.pop(0)

    async with session(answer, tmp_path) as api:
        for code in (204, 400):
            with pytest.raises(ApiError) as failed:
                async with api.stream("/log", {}, silence=None):
                    pass
            assert failed.value.status == code
            assert not failed.value.transient


async def test_a_dead_peer_of_a_stream_is_noticed_by_its_socket(tmp_path: Path) -> None:
    import socket

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = await opened(request)
        await silent(request)
        return stream

    async with session(answer, tmp_path) as api, api.stream("/log", {}, silence=None):
        (connection,) = [held for group in [api._session.connector._acquired] for held in group]
        plug = connection.transport.get_extra_info("socket")
        assert plug.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert plug.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


async def test_only_so_many_requests_are_under_way_at_once(tmp_path: Path) -> None:
    now, most, full = 0, 0, asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == AT_ONCE:
            full.set()
        await full.wait()
        now -= 1
        return await hello(request)

    async with session(answer, tmp_path, Clock()) as api:
        await asyncio.gather(*(api.request("GET", "/api") for _ in range(3 * AT_ONCE)))
    assert most == AT_ONCE


async def test_requests_are_paced_in_the_long_run() -> None:
    clock = Clock()
    count = int(BURST) + 500

    async def one() -> None:
        await clock.turn()
        clock.report(here=True)

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    await clock.pass_until(lambda: all(task.done() for task in tasks))
    assert clock.now == pytest.approx(500 / RATE, abs=1.5 / RATE)


async def test_nobody_asks_before_the_server_said(tmp_path: Path) -> None:
    """A 429 holds the whole session, for as long as the server asked."""
    answers = [too_many(), web.json_response({})]
    clock = Clock()

    async def answer(request: web.Request) -> web.Response:
        return answers.pop(0)

    async with session(answer, tmp_path, clock) as api:
        with pytest.raises(ApiError) as failed:
            await api.request("GET", "/api")
        assert failed.value.retry_after == 1
        later = asyncio.create_task(api.acting_as("alice", []).request("GET", "/api"))
        await clock.pass_until(later.done)
    assert clock.begun == [0, 1]


async def test_who_rests_while_the_server_is_away_is_woken_when_it_is_back() -> None:
    clock = Clock()
    clock.report(here=False)
    resting = asyncio.create_task(clock.rest(30))
    await asyncio.sleep(0)  # it begins to rest
    await clock.turn()
    clock.report(here=True)
    await resting
    assert clock.now < AWAY


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this name that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1))
    builder = builder.not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    form, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(signed.public_bytes(pem))
    paths[1].write_bytes(key.private_bytes(pem, form, bare))
    return paths


async def asked_over_tls(folder: Path, user: Any, **cluster: Any) -> Any:
    """A server that wants a client certificate of its own authority, asked once."""
    mine, theirs = certificate(folder, "cluster.example"), certificate(folder, "client")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*mine)
    tls.load_verify_locations(theirs[0])
    tls.verify_mode = ssl.CERT_REQUIRED
    async with Server(hello, tls) as server:
        path = kubeconfig(folder / "kubeconfig", server.url, user, **cluster)
        api = await Api.open(Settings(kubeconfig=str(path)))
        try:
            return await api.request("GET", "/api")
        finally:
            await api.close()


CLIENT = {"client-certificate": "client.pem", "client-key": "client.key"}
AUTHORITY = {"certificate-authority": "cluster.example.pem"}


async def test_both_sides_prove_themselves_over_tls(tmp_path: Path) -> None:
    named = {**AUTHORITY, "tls-server-name": "cluster.example"}
    assert await asked_over_tls(tmp_path, CLIENT, **named) == {"hello": True}


@pytest.mark.parametrize("cluster", [AUTHORITY, {"tls-server-name": "cluster.example"}])
async def test_a_server_that_cannot_prove_itself_gets_nothing(
    cluster: dict[str, str], tmp_path: Path
) -> None:
    """Another name than the certificate's, or a certificate that nobody vouches for."""
    with pytest.raises(ApiError, match="certificate verify failed") as failed:
        await asked_over_tls(tmp_path, CLIENT, **cluster)
    assert failed.value.status == 0


async def test_an_unchecked_certificate_is_accepted_where_the_kubeconfig_says_so(
    tmp_path: Path,
) -> None:
    skip = {"insecure-skip-tls-verify": True}
    assert await asked_over_tls(tmp_path, CLIENT, **skip) == {"hello": True}


async def test_a_refused_token_is_renewed_once_for_all_who_wait(tmp_path: Path) -> None:
    """The kubeconfig was written anew meanwhile: somebody logged in again."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        if asked[-1] == "Bearer new":
            return await hello(request)
        return web.json_response(status(401, "Unauthorized", "Unauthorized"), status=401)

    async with Server(answer) as server:
        path = kubeconfig(tmp_path / "kubeconfig", server.url, {"token": "old"})
        keeper = await Keeper.open(Settings(kubeconfig=str(path)))
        keeper._loaded -= 60
        api = Api(keeper)
        kubeconfig(path, server.url, {"token": "new"})
        answers = await asyncio.gather(*(api.request("GET", "/api") for _ in range(20)))
        await api.close()
    assert answers == [{"hello": True}] * 20
    assert asked.count("Bearer new") == 20


async def test_credentials_that_stay_refused_are_tried_twice_and_no_more(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(status(401, "Unauthorized", "Unauthorized"), status=401)

    async with session(answer, tmp_path) as api:
        with pytest.raises(ApiError) as failed:
            await api.request("GET", "/api")
    assert (failed.value.status, failed.value.transient, len(asked)) == (401, True, 2)
