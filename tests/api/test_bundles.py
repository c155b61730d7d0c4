"""Bundles over HTTP: sent once, held to their hash and to a limit, nothing left of a bad one."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile

import pytest

pytestmark = pytest.mark.modes("embedded", "connected")

GZIP = {"Content-Type": "application/gzip"}
LIMIT = 300_000


@pytest.fixture
def jp_server_config(jp_server_config):
    jp_server_config["SubmarineExtension"] = {"max_bundle_bytes": LIMIT}
    return jp_server_config


def bundle(**files: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return made.getvalue()


def place(content: bytes) -> str:
    return f"/bundles/{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def kept(site):
    folder = site.configured.root / "bundles"
    return lambda: sorted(path.name for path in folder.glob("*"))


class TestSending:
    async def test_is_answered_201_and_then_200(self, call):
        content = bundle(train="print(1)")
        assert (await call("HEAD", place(content))).status == 404
        assert (await call("PUT", place(content), content, headers=GZIP)).status == 201
        assert (await call("PUT", place(content), content, headers=GZIP)).status == 200
        head = await call("HEAD", place(content))
        assert (head.status, head.body) == (200, b"")

    async def test_other_bytes_than_the_name_says_are_refused(self, call, kept):
        answer = await call("PUT", place(b"x"), bundle(a="b"), headers=GZIP)
        assert (answer.status, answer.json["field"]) == (400, "sha256")
        assert kept() == []

    async def test_bytes_that_are_no_archive_are_refused(self, call, kept):
        answer = await call("PUT", place(b"no tar"), b"no tar", headers=GZIP)
        assert (answer.status, answer.json["field"]) == (400, "bundle")
        assert kept() == []

    async def test_another_content_type_is_refused(self, call):
        content = bundle(a="b")
        assert (await call("PUT", place(content), content)).status == 415

    @pytest.mark.parametrize("name", ["0" * 63, "Z" * 64, "A" * 64, "..%2f" + "0" * 64])
    async def test_a_name_that_is_no_hash_is_nowhere(self, call, name):
        assert (await call("PUT", f"/bundles/{name}", b"", headers=GZIP)).status == 404


class TestTheLimit:
    async def test_is_kept_by_the_announced_length(self, call, kept):
        content = bytes(LIMIT + 1)
        answer = await call("PUT", place(content), content, headers=GZIP)
        assert (answer.status, answer.json["code"]) == (413, "too_large")
        assert kept() == []

    async def test_is_kept_while_the_bytes_come(self, jp_http_port, call, jp_auth_header, kept):
        """Without a length, in chunks, so only counting helps."""
        await call("GET", "/me")
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        token = jp_auth_header["Authorization"]
        writer.write(
            f"PUT /a%40b/submarine/api{place(b'')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {token}\r\nContent-Type: application/gzip\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        piece = b"%x\r\n%b\r\n" % (65536, bytes(65536))
        for _ in range(8):
            writer.write(piece)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        assert b"413" in await reader.readline()
        writer.close()
        await writer.wait_closed()
        assert kept() == []

    async def test_a_sender_who_goes_away_leaves_nothing(
        self, jp_http_port, call, jp_auth_header, kept
    ):
        await call("GET", "/me")
        _, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        writer.write(
            f"PUT /a%40b/submarine/api{place(b'')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {jp_auth_header['Authorization']}\r\n"
            "Content-Type: application/gzip\r\nContent-Length: 1000\r\n\r\nabc".encode()
        )
        await writer.drain()
        while not kept():
            await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
        while kept():
            await asyncio.sleep(0.01)


class TestPackingOnTheServer:
    async def test_makes_a_bundle_of_a_folder(self, call, jp_root_dir):
        (jp_root_dir / "work").mkdir()
        (jp_root_dir / "work" / "train.py").write_text("print(1)")
        packed = await call("POST", "/bundles", {"folder": "work"})
        assert (packed.status, packed.json["files"]) == (201, 1)
        assert (await call("HEAD", f"/bundles/{packed.json['sha256']}")).status == 200

    @pytest.mark.parametrize("folder", ["../", "/etc", "a/../../..", "none", "a\\..\\..", "\x00"])
    async def test_refuses_what_is_not_below_the_root(self, call, folder):
        answer = await call("POST", "/bundles", {"folder": folder})
        assert (answer.status, answer.json["field"]) == (400, "folder")
