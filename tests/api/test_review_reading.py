"""What reading may cost the server, and that it ends with the right to read.

Each test names the mutant that it kills.
"""

from __future__ import annotations

import asyncio
import os

import pytest

from submarine_ext.services.reading import MAX_READ

pytestmark = pytest.mark.modes("embedded", "service", "connected")

SIZE = 64 * 1024 * 1024


@pytest.fixture
def shared(people):
    """Alice's project ``vision``, internal, that bob views."""

    async def make():
        alice, bob = people("alice"), people("bob")
        await bob("GET", "/me")
        await alice("POST", "/projects", {"name": "vision", "visibility": "internal"})
        await alice("PUT", "/projects/vision/grants/user:bob", {"role": "viewer"})
        return alice, bob

    return make


@pytest.fixture
def root(site):
    return site.configured.root / "projects" / "vision"


class TestAFileThatIsTooLargeForMemory:
    async def test_is_not_read_to_leave_out_outputs_or_to_be_compared(self, shared, people, root):
        """The mutant reads whatever there is into memory, for any signed-in reader."""
        alice, _ = await shared()
        await alice("GET", "/contents/vision")
        with (root / "a.ipynb").open("wb") as file:
            os.truncate(file.fileno(), MAX_READ + 1)
        for person, path in (
            (people("carol"), "/files/vision/a.ipynb"),
            (alice, "/projects/vision/exports/a.ipynb"),
        ):
            answer = await person("GET", path)
            assert (answer.status, answer.json["code"]) == (413, "too_large")
        history = (await alice("GET", "/contents/vision/a.ipynb/checkpoints")).json
        only = history[0]["id"]
        answer = await alice("GET", f"/projects/vision/versions/a.ipynb?from={only}&to={only}")
        assert answer.status == 413


class TestADownload:
    async def test_ends_where_the_right_to_read_ends(self, shared, root, jp_http_port, jp_base_url):
        """The mutant asks before the first byte only."""
        alice, _ = await shared()
        await alice("PATCH", "/projects/vision", {"visibility": "private"})
        await alice("GET", "/contents/vision")
        with (root / "a.bin").open("wb") as file:
            os.truncate(file.fileno(), SIZE)
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        writer.write(
            f"GET {jp_base_url}submarine/api/files/vision/a.bin HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{jp_http_port}\r\nAuthorization: token token-bob\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        gone = await alice("DELETE", "/projects/vision/grants/user:bob")
        assert gone.status == 204
        rest = 0
        while data := await reader.read(1 << 20):
            rest += len(data)
        writer.close()
        assert rest < SIZE
