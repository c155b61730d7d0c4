"""What lies on a connected server itself: folders to pack, kernels of projects' notebooks."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

from tests.api.test_kernels import ask, evaluated, project, session  # noqa: F401 - fixtures

pytestmark = pytest.mark.modes("connected")

NOTEBOOK = "submarine:alice/sub/a.ipynb"


def names(bundle: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        return archive.getnames()


@pytest.fixture
def kept(site):
    """The bytes of a bundle as the service keeps it."""
    return lambda sha256: next(
        (site.configured.root / "bundles").glob(f"{sha256}.tar.gz")
    ).read_bytes()


class TestAFolder:
    async def test_of_this_server_is_packed_here_and_sent(self, people, jp_root_dir, kept):
        alice = people("alice")
        (jp_root_dir / "work").mkdir()
        (jp_root_dir / "work" / "train.py").write_text("print(1)")
        packed = await alice("POST", "/bundles", {"folder": "work"})
        assert (packed.status, packed.json["files"]) == (201, 1)
        bundle = kept(packed.json["sha256"])
        assert names(bundle) == ["train.py"]
        assert hashlib.sha256(bundle).hexdigest() == packed.json["sha256"]
        spec = {"script": "train.py", "bundle": packed.json["sha256"]}
        preflight = await alice("POST", "/projects/alice/preflight", spec)
        assert preflight.status == 200, preflight

    async def test_is_sent_once(self, people, jp_root_dir, kept, service):
        alice = people("alice")
        (jp_root_dir / "train.py").write_text("print(1)")
        first = await alice("POST", "/bundles", {"folder": ""})
        again = await alice("POST", "/bundles", {"folder": ""})
        assert (again.status, again.json) == (201, first.json)

    async def test_that_is_none_or_lies_elsewhere_is_refused(self, people, jp_root_dir):
        for folder in ("absent", "../", "/etc"):
            answer = await people("alice")("POST", "/bundles", {"folder": folder})
            assert (answer.status, answer.json["field"]) == (400, "folder")

    async def test_of_a_project_is_packed_where_the_project_is(self, people, kept):
        alice = people("alice")
        text = {"type": "file", "format": "text", "content": "print(2)"}
        await alice("PUT", "/contents/alice/of-the-project.py", text)
        packed = await alice("POST", "/bundles", {"folder": "", "project": "alice"})
        assert packed.status == 201, packed
        assert names(kept(packed.json["sha256"])) == ["of-the-project.py"]

    async def test_of_somebody_whose_account_is_disabled_stays_here(self, people, jp_root_dir):
        bob = people("bob")
        await bob("GET", "/me")
        await people("root-admin")("PATCH", "/users/bob", {"disabled": True})
        (jp_root_dir / "train.py").write_text("print(1)")
        answer = await bob("POST", "/bundles", {"folder": ""})
        assert (answer.status, answer.json["code"]) == (403, "forbidden")

    async def test_asked_for_in_other_words_is_refused_by_the_service(self, people):
        answer = await people("alice")("POST", "/bundles", {"folder": 5})
        assert (answer.status, answer.json["field"]) == (400, "folder")
        answer = await people("alice")("POST", "/bundles", {"folder": "", "owner": "bob"})
        assert (answer.status, answer.json["field"]) == (400, "owner")


class TestAKernelOfAProject:
    async def test_works_in_a_folder_of_its_own(self, project, ask, jp_serverapp, jp_root_dir):  # noqa: F811
        await project()
        status, made = await ask("alice", "POST", "/api/sessions", session(NOTEBOOK))
        assert (status, made["path"]) == (201, NOTEBOOK)
        where = "__import__('os').getcwd() + ' ' + __import__('os').environ['SUBMARINE_PROJECT']"
        folder = jp_root_dir / "submarine" / "alice" / "sub"
        assert await evaluated(jp_serverapp, made["kernel"]["id"], where) == repr(f"{folder} alice")

    async def test_starts_for_nobody_who_may_not_run_code(self, project, ask, jp_root_dir):  # noqa: F811
        await project()
        for name in ("bob", "dave"):
            status, told = await ask(name, "POST", "/api/sessions", session(NOTEBOOK))
            assert (status, told["message"][-1]) == (403, ".")
        assert not (jp_root_dir / "submarine").exists()
        status, _ = await ask("carol", "POST", "/api/sessions", session(NOTEBOOK))
        assert status == 201

    async def test_is_kept_from_whoever_may_not_run_code_and_hidden(self, project, ask):  # noqa: F811
        await project()
        _, made = await ask("carol", "POST", "/api/sessions", session(NOTEBOOK))
        kernel = made["kernel"]["id"]
        for method, path in (
            ("POST", f"/api/kernels/{kernel}/interrupt"),
            ("DELETE", f"/api/kernels/{kernel}"),
            ("GET", f"/api/kernels/{kernel}/channels"),
        ):
            body = {} if method == "POST" else None
            assert (await ask("bob", method, path, body))[0] == 403, path
        assert [s["path"] for s in (await ask("bob", "GET", "/api/sessions"))[1]] == [NOTEBOOK]
        assert (await ask("dave", "GET", "/api/sessions"))[1] == []

    async def test_starts_for_nobody_while_the_service_is_away(self, project, ask, service):  # noqa: F811
        await project()
        await service.halt()
        status, told = await ask("alice", "POST", "/api/sessions", session(NOTEBOOK))
        assert (status, "does not answer" in told["message"]) == (503, True)
        status, _ = await ask("alice", "POST", "/api/sessions", session("plain.ipynb"))
        assert status == 201
