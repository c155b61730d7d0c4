"""HTTP to one server: credential, idempotency keys, safe retries, errors with a code.

Every write carries an Idempotency-Key, made once and sent again with each retry, so that a
connection that broke after the server had acted cannot make a second job.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from submarine_ext.client import discovery
from submarine_ext.client.discovery import Server
from submarine_ext.client.problems import from_response, without_extension
from submarine_ext.errors import Unavailable

API = "submarine/api/"
PAUSES = (0.1, 0.3, 1.0, 2.0)  # seconds between attempts
WRITES = ("POST", "PUT", "PATCH", "DELETE")
PATIENCE = 5  # seconds: the longest Retry-After that is waited for


class Transport:
    """Requests to ``server``'s API; paths are relative to ``/submarine/api/``."""

    def __init__(self, server: Server, *, timeout: float = 30.0) -> None:
        self.server = server
        self._http = httpx.Client(
            base_url=server.url + API,
            headers=credential(server),
            timeout=timeout,
            trust_env=not server.loopback,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def get(self, path: str, **query: Any) -> httpx.Response:
        """GET; parameters that are None or empty are left out."""
        kept = {k: v for k, v in query.items() if v not in (None, [], "")}
        return self.send("GET", path, params=kept)

    def post(self, path: str, body: Any) -> httpx.Response:
        """POST JSON, at most once in effect."""
        return self.send("POST", path, json=body)

    def send(
        self,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """A response with a status of success, or one in ``accept``; else the error."""
        key = {"Idempotency-Key": uuid.uuid4().hex} if method in WRITES else {}
        sent = {**key, **(headers or {})}
        return self._insist(
            lambda: self._http.request(method, path, headers=sent, **options), accept
        )

    def upload(self, path: str, file: Path, headers: Mapping[str, str]) -> httpx.Response:
        """PUT a file as it lies on disk, without holding it in memory."""

        def put() -> httpx.Response:
            with file.open("rb") as stream:
                return self._http.put(path, content=stream, headers=headers, timeout=300)

        return self._insist(put)

    def _insist(
        self, request: Callable[[], httpx.Response], accept: tuple[int, ...] = ()
    ) -> httpx.Response:
        """Repeat a request that is safe to repeat while its server is away."""
        for pause in PAUSES:
            try:
                return self._answer(request, accept)
            except Unavailable as error:
                time.sleep(max(pause, min(error.retry_after, PATIENCE)))
        return self._answer(request, accept)

    def _answer(
        self, request: Callable[[], httpx.Response], accept: tuple[int, ...]
    ) -> httpx.Response:
        try:
            response = request()
        except httpx.TransportError as error:
            raise unreachable(self.server.url, error) from error
        if response.is_success or response.status_code in accept:
            return response
        raise from_response(response)

    def download(self, path: str, file: Path) -> httpx.Headers:
        """GET into ``file``, which appears only when it is whole; the answer's headers."""
        part = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with self._http.stream("GET", path) as response, part.open("wb") as out:
                if not response.is_success:
                    response.read()
                    raise from_response(response)
                for chunk in response.iter_bytes():
                    out.write(chunk)
            part.replace(file)
            return response.headers
        except httpx.TransportError as error:
            raise unreachable(self.server.url, error) from error
        finally:
            part.unlink(missing_ok=True)


def credential(server: Server) -> dict[str, str]:
    """Headers that say who asks. Without a token: the double submit that tornado asks for."""
    if server.token:
        return {"Authorization": f"token {server.token}"}
    secret = uuid.uuid4().hex
    return {"Cookie": f"_xsrf={secret}", "X-XSRFToken": secret}


def connect(
    url: str | None = None, token: str | None = None, environ: Mapping[str, str] = os.environ
) -> Transport:
    """A transport to the server that was named, or to the first one found that answers."""
    server = discovery.given(url, token, environ)
    if server is not None:
        return Transport(server)
    bare = unready = None
    for server in discovery.candidates(token, environ):
        status = _health(server)
        if status == 200:
            return Transport(server)
        bare = bare or (server if status == 404 else None)
        unready = unready or (server if status == 503 else None)
    if unready is not None:  # what it lacks it says itself, with the first request
        return Transport(unready)
    if bare is not None:
        raise without_extension(bare.url)
    raise Unavailable(
        "No Jupyter server with submarine-ext is running. Start one with `jupyter lab`, "
        "or set SUBMARINE_URL and SUBMARINE_TOKEN."
    )


def _health(server: Server) -> int | None:
    """The status of the server's health route; None where nothing answers."""
    try:
        return httpx.get(
            server.url + API + "health",
            headers=credential(server),
            timeout=5,
            trust_env=not server.loopback,
        ).status_code
    except httpx.TransportError:
        return None


def unreachable(url: str, error: Exception) -> Unavailable:
    """The sentence for a server that does not answer."""
    return Unavailable(
        f"The Jupyter server at {url} does not answer "
        f"({type(error).__name__}). Is it running? `jupyter server list` shows those that are.",
        retry_after=0,
    )
