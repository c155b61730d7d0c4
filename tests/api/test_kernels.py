"""Sessions of project notebooks: real kernels, in the project's folder, for who may run code."""

from __future__ import annotations

import json

import pytest

NOTEBOOK = "submarine:alice/sub/a.ipynb"


@pytest.fixture
def jp_argv():
    return ["--MappingKernelManager.kernel_info_timeout=60"]


@pytest.fixture
def ask(http_server_client, jp_base_url):
    """``await ask("alice", "POST", "/api/sessions", {...})`` → (status, body)."""

    async def send(name: str, method: str, path: str, body=None):
        response = await http_server_client.fetch(
            f"{jp_base_url}{path.lstrip('/')}",
            method=method,
            body=None if body is None else json.dumps(body),
            headers={
                "Authorization": f"token token-{name}",
                "Content-Type": "application/json",
            },
            raise_error=False,
            allow_nonstandard_methods=True,
        )
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.code, json.loads(response.body) if is_json else None

    return send


@pytest.fixture
def project(people):
    """Alice's project with a notebook in a folder; bob views, carol edits, dave is nobody."""

    async def make():
        alice = people("alice")
        for other in ("bob", "carol", "dave"):
            await people(other)("GET", "/me")
        await alice("PUT", "/contents/alice/sub", {"type": "directory"})
        await alice("PUT", "/contents/alice/sub/a.ipynb", {"type": "notebook"})
        await alice("PUT", "/projects/alice/grants/user:bob", {"role": "viewer"})
        await alice("PUT", "/projects/alice/grants/user:carol", {"role": "editor"})
        return alice

    return make


def session(path: str) -> dict:
    return {"path": path, "name": path.rpartition("/")[2], "type": "notebook"}


async def evaluated(app, kernel: str, code: str) -> str:
    """What the kernel says to an expression."""
    client = app.kernel_manager.get_kernel(kernel).client()
    client.start_channels()
    try:
        await client._async_wait_for_ready(timeout=60)
        message = client.execute("", user_expressions={"it": code})
        while True:
            reply = await client._async_get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message:
                return reply["content"]["user_expressions"]["it"]["data"]["text/plain"]
    finally:
        client.stop_channels()


class TestANotebookOfAProject:
    async def test_has_its_kernel_in_its_folder_also_after_a_restart(
        self, project, ask, site, jp_serverapp
    ):
        await project()
        status, made = await ask("alice", "POST", "/api/sessions", session(NOTEBOOK))
        assert (status, made["path"]) == (201, NOTEBOOK)
        kernel = made["kernel"]["id"]
        folder = str(site.configured.root / "projects" / "alice" / "sub")
        where = "__import__('os').getcwd() + ' ' + __import__('os').environ['SUBMARINE_PROJECT']"
        assert await evaluated(jp_serverapp, kernel, where) == repr(f"{folder} alice")
        status, _ = await ask("alice", "POST", f"/api/kernels/{kernel}/restart", {})
        assert status == 200
        assert await evaluated(jp_serverapp, kernel, where) == repr(f"{folder} alice")
        status, _ = await ask("alice", "PATCH", f"/api/sessions/{made['id']}", {"name": "x"})
        assert status == 200

    async def test_gets_no_kernel_for_whoever_may_not_run_code(self, project, ask):
        await project()
        for name in ("bob", "dave"):
            status, told = await ask(name, "POST", "/api/sessions", session(NOTEBOOK))
            assert status == 403
            assert told["message"].endswith(".")
        assert await ask("carol", "GET", "/api/sessions") == (200, [])

    async def test_keeps_its_kernel_from_whoever_may_not_run_code(self, project, ask):
        """Sockets, restarts, interrupts and ends of a running one; and taking it along."""
        await project()
        _, made = await ask("carol", "POST", "/api/sessions", session(NOTEBOOK))
        kernel = made["kernel"]["id"]
        stolen = {**session("mine.ipynb"), "kernel": {"id": kernel}}
        for method, path, body in (
            ("POST", "/api/sessions", session(NOTEBOOK)),
            ("POST", "/api/sessions", stolen),
            ("POST", f"/api/kernels/{kernel}/restart", {}),
            ("POST", f"/api/kernels/{kernel}/interrupt", {}),
            ("PATCH", f"/api/sessions/{made['id']}", {"path": "mine.ipynb"}),
            ("PATCH", f"/api/sessions/{made['id']}", {"kernel": {"name": "python3"}}),
            ("DELETE", f"/api/sessions/{made['id']}", None),
            ("DELETE", f"/api/kernels/{kernel}", None),
            ("GET", f"/api/kernels/{kernel}/channels", None),
        ):
            status, _ = await ask("bob", method, path, body)
            assert status == 403, (method, path)
        status, _ = await ask("carol", "GET", f"/api/kernels/{kernel}")
        assert status == 200

    async def test_is_told_to_nobody_who_may_not_see_the_project(self, project, ask):
        """The mutant (Jupyter as it is) lists everybody's sessions, with their paths."""
        await project()
        await ask("alice", "POST", "/api/sessions", session(NOTEBOOK))
        await ask("dave", "POST", "/api/sessions", session("plain.ipynb"))
        seen = {}
        for name in ("alice", "bob", "dave"):
            status, listed = await ask(name, "GET", "/api/sessions")
            assert status == 200
            seen[name] = sorted(each["path"] for each in listed)
        both = ["plain.ipynb", NOTEBOOK]
        assert seen == {"alice": both, "bob": both, "dave": ["plain.ipynb"]}

    async def test_renamed_into_a_project_needs_the_right_there(self, project, ask):
        await project()
        _, made = await ask("bob", "POST", "/api/sessions", session("plain.ipynb"))
        status, _ = await ask("bob", "PATCH", f"/api/sessions/{made['id']}", {"path": NOTEBOOK})
        assert status == 403

    async def test_that_is_archived_gets_no_kernel(self, project, ask):
        alice = await project()
        await alice("POST", "/projects", {"name": "old"})
        await alice("PATCH", "/projects/old", {"state": "archived"})
        path = "submarine:old/a.ipynb"
        status, told = await ask("alice", "POST", "/api/sessions", session(path))
        assert (status, "archived" in told["message"]) == (403, True)


class TestAPlainSession:
    async def test_starts_where_it_always_did(self, project, ask, jp_serverapp, jp_root_dir):
        await project()
        status, made = await ask("dave", "POST", "/api/sessions", session("a.ipynb"))
        assert status == 201
        kernel = made["kernel"]["id"]
        found = await evaluated(jp_serverapp, kernel, "__import__('os').getcwd()")
        assert found == repr(str(jp_root_dir))
