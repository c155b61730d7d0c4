"""A project's files as bytes: parts that are of one version, and whole files that stream in."""

import asyncio
import hashlib
import os

import pytest

from submarine_ext.services.reading import Opened

pytestmark = pytest.mark.modes("embedded", "connected")

FILE = "/files/default/a.bin"
BYTES = {"Content-Type": "application/octet-stream"}


def etag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'


async def put(call, body: bytes, path: str = FILE, **headers: str):
    return await call("PUT", path, body, headers={**BYTES, **headers})


async def part(call, wanted: str, **headers: str):
    return await call("GET", FILE, headers={"Range": wanted, **headers})


@pytest.fixture
def on_disk(site):
    """Where kernels and jobs see the file."""
    return site.configured.root / "projects" / "default" / "a.bin"


class TestAnUpload:
    async def test_is_kept_byte_for_byte_whatever_its_name(self, call):
        body = b'{"not": "a notebook"}\r\n\x00'
        answer = await put(call, body, "/files/default/a.ipynb")
        assert (answer.status, answer.headers["ETag"]) == (201, etag_of(body))
        assert (answer.json["kind"], answer.json["size"]) == ("saved", len(body))
        assert (await call("GET", "/files/default/a.ipynb")).body == body

    async def test_over_the_version_it_was_made_from_is_the_next(self, call):
        await put(call, b"one")
        answer = await put(call, b"two", **{"If-Match": etag_of(b"one")})
        assert (answer.status, answer.json["base"]) == (200, etag_of(b"one").strip('"'))

    async def test_that_comes_too_late_is_kept_and_replaces_nothing(self, call):
        """The mutant leaves ``if_match`` out of the save."""
        await put(call, b"one")
        await put(call, b"theirs")
        late = await put(call, b"mine", **{"If-Match": etag_of(b"one")})
        assert (late.status, late.json["code"]) == (412, "stale")
        assert (await call("GET", FILE)).body == b"theirs"
        assert (await call("GET", f"{FILE}?version={late.json['kept']}")).body == b"mine"

    async def test_of_a_new_file_replaces_nothing(self, call):
        new = {"If-None-Match": "*"}
        assert (await put(call, b"one", **new)).status == 201
        assert (await put(call, b"two", **new)).status == 412

    async def test_again_after_a_lost_answer_is_the_same_version(self, call):
        first = await put(call, b"one", **{"If-None-Match": "*"})
        again = await put(call, b"one", **{"If-None-Match": "*"})
        assert (again.status, again.json["id"]) == (200, first.json["id"])

    async def test_needs_its_content_type_a_visible_name_and_the_right(self, people):
        alice, bob = people("alice"), people("bob")
        other = await alice("PUT", "/files/alice/a.bin", b"x", headers={"Content-Type": "a/b"})
        assert other.status == 415
        assert (await alice("PUT", "/files/alice/.a", b"x", headers=BYTES)).status == 400
        assert (await bob("PUT", "/files/alice/a.bin", b"x", headers=BYTES)).status == 404
        await alice("PUT", "/projects/alice/grants/user:bob", {"role": "viewer"})
        assert (await bob("PUT", "/files/alice/a.bin", b"x", headers=BYTES)).status == 403

    async def test_may_be_larger_than_what_jupyter_takes_at_once(self, call, site, monkeypatch):
        monkeypatch.setattr("submarine_ext.services.filing.MAX_FILE", 10)
        assert (await put(call, b"x" * 11)).status == 413
        assert (await put(call, b"x" * 10)).status == 201
        assert not list((site.configured.root / "projects" / ".blobs").glob(".receiving-*"))


class TestAPart:
    @pytest.mark.parametrize(
        ("wanted", "answered", "body"),
        [
            ("bytes=0-3", "bytes 0-3/10", b"0123"),
            ("bytes=4-", "bytes 4-9/10", b"456789"),
            ("bytes=-2", "bytes 8-9/10", b"89"),
            ("bytes=8-100", "bytes 8-9/10", b"89"),
            ("bytes=-100", "bytes 0-9/10", b"0123456789"),
        ],
    )
    async def test_is_what_was_asked_for(self, call, wanted, answered, body):
        await put(call, b"0123456789")
        answer = await part(call, wanted)
        assert (answer.status, answer.body) == (206, body)
        assert answer.headers["Content-Range"] == answered
        assert answer.headers["ETag"] == etag_of(b"0123456789")

    @pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "lines=0-1", "bytes=5-3", "bytes=-", "x"])
    async def test_of_another_kind_is_the_whole_file(self, call, wanted):
        await put(call, b"0123456789")
        answer = await part(call, wanted)
        assert (answer.status, answer.body) == (200, b"0123456789")

    @pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=11-12", "bytes=-0"])
    async def test_behind_the_end_is_refused(self, call, wanted):
        await put(call, b"0123456789")
        answer = await part(call, wanted)
        assert (answer.status, answer.json["code"]) == (416, "out_of_range")

    async def test_of_an_empty_file_is_all_of_it(self, call):
        await put(call, b"")
        assert (await part(call, "bytes=0-3")).status == 200

    async def test_of_another_version_is_refused_or_becomes_the_whole(self, call):
        await put(call, b"one")
        one = etag_of(b"one")
        await put(call, b"two!")
        answer = await part(call, "bytes=0-1", **{"If-Match": one})
        assert (answer.status, answer.json["etag"]) == (412, etag_of(b"two!").strip('"'))
        assert (await part(call, "bytes=0-1", **{"If-Range": one})).body == b"two!"

    async def test_sees_what_a_kernel_wrote_into_the_same_file(self, call, on_disk):
        """Same length, same file: only its bytes differ (the mutant trusts the version's row)."""
        await put(call, b"0123456789")
        with on_disk.open("r+b") as file:
            file.write(b"X")
        answer = await part(call, "bytes=0-1", **{"If-Match": etag_of(b"0123456789")})
        assert answer.status == 412

    async def test_ends_unfinished_if_a_kernel_writes_while_it_is_sent(
        self, call, on_disk, jp_http_port, jp_base_url, jp_auth_header
    ):
        """The mutant compares only before the first byte."""
        size = 64 * 1024 * 1024
        await put(call, b"x")
        with on_disk.open("wb") as file:
            os.truncate(file.fileno(), size)
        etag = (await part(call, "bytes=0-0")).headers["ETag"]
        reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
        writer.write(
            f"GET {jp_base_url}submarine/api{FILE} HTTP/1.1\r\nHost: 127.0.0.1:{jp_http_port}\r\n"
            f"Authorization: {jp_auth_header['Authorization']}\r\nIf-Match: {etag}\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        with on_disk.open("r+b") as file:
            file.seek(size - 1)
            file.write(b"X")
        rest = 0
        while rest < size and (data := await reader.read(1 << 20)):
            rest += len(data)
        writer.close()
        assert rest < size


def test_a_file_that_was_touched_is_not_unchanged(tmp_path):
    from submarine_ext.files.projects import mark

    (tmp_path / "a").write_bytes(b"one")
    with (tmp_path / "a").open("rb") as file:
        opened = Opened(file, 3, "", mark(file))
        assert opened.is_unchanged()
        (tmp_path / "a").write_bytes(b"other")
        assert not opened.is_unchanged()
