"""The extension's life: nothing heavy at start, opened on first use, honest when it cannot.

Every setting acts; the names of the tests say how.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys

import pytest
from traitlets import TraitError

from submarine_ext.app.extension import SubmarineExtension

HEAVY = ("sqlalchemy", "alembic", "nbclient", "tsdownsample", "pathspec", "aiohttp")
JOBS = "/projects/default/jobs"


@pytest.fixture
def extension(jp_serverapp) -> SubmarineExtension:
    return jp_serverapp.extension_manager.extension_points["submarine_ext"].app


def configured(**traits):
    """A server configuration with these settings of the extension."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["SubmarineExtension"] = traits
        return jp_server_config

    return jp_server_config


async def started(extension: SubmarineExtension) -> None:
    """As the server does once its loop runs, which pytest-jupyter leaves out."""
    await extension._start_jupyter_server_extension(extension.serverapp)
    await extension._adoption


class TestTheStart:
    def test_imports_nothing_heavy(self):
        """What a server start pays for; the mutant imports ``services.jobs`` in a handler."""
        script = (
            "import jupyter_server.serverapp, sys; before = set(sys.modules);"
            "import submarine_ext.app.extension;"
            f"print([m for m in {HEAVY} if m in sys.modules and m not in before])"
        )
        out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert (out.returncode, out.stdout.strip()) == (0, "[]"), out.stderr

    async def test_opens_nothing_without_jobs_to_look_after(self, extension, site):
        await started(extension)
        assert site.submarine is None
        assert not site.configured.root.exists()

    async def test_all_who_come_at_once_wait_for_one_opening(self, site):
        first, *others = await asyncio.gather(*(site.services() for _ in range(5)))
        assert all(other is first for other in others)


class TestJobsOfAnEarlierServer:
    @pytest.fixture
    def jp_server_config(self, jp_server_config, tmp_path):
        root = tmp_path / "data"
        root.mkdir()
        database = sqlite3.connect(root / "submarine.sqlite")
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
        database.execute("CREATE TABLE jobs (state TEXT)")
        database.execute("INSERT INTO jobs VALUES ('running')")
        database.commit()
        database.close()
        jp_server_config["SubmarineExtension"] = {"data_dir": str(root)}
        return jp_server_config

    async def test_are_looked_after_from_the_start(self, extension, site, caplog):
        """Here the database turns out to be a newer one, which only opening it can tell."""
        await started(extension)
        assert not site.ready()
        assert "newer submarine-ext" in caplog.text

    async def test_in_a_newer_database_are_not_touched_and_it_is_said(self, call):
        answer = await call("GET", JOBS)
        assert (answer.status, answer.json["code"]) == (503, "newer_database")
        assert "Upgrade submarine-ext" in answer.json["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        health = await call("GET", "/health", signed=False)
        assert (health.status, health.json) == (503, {"live": True, "ready": False})

    async def test_failure_is_tried_again_by_the_next_request(self, call, site):
        assert (await call("GET", JOBS)).status == 503
        (site.configured.root / "submarine.sqlite").unlink()
        assert (await call("GET", JOBS)).status == 200
        assert (await call("GET", "/health")).json == {"live": True, "ready": True}


class TestAFolderThatCannotBeUsed:
    jp_server_config = configured(data_dir="/proc/nowhere")

    async def test_is_said_in_a_sentence(self, call):
        answer = await call("GET", JOBS)
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert "/proc/nowhere" in answer.json["detail"]


class TestSettings:
    jp_server_config = configured(
        cpu=1.5, memory="3Gi", gpu=2, owner="ann", max_bundle_bytes=12_345
    )

    async def test_cpu_memory_and_gpu_are_what_local_jobs_have(self, call):
        local = (await call("GET", "/engines")).json["items"][0]
        assert local["capacity"] == {"cpu": 1.5, "memory": 3 << 30, "gpu": 2}

    async def test_owner_is_who_a_stock_servers_person_is(self, call):
        assert (await call("GET", "/me")).json["user"] == "ann"
        assert (await call("GET", "/projects")).json["items"][0]["owners"] == ["user:ann"]

    async def test_max_bundle_bytes_is_the_limit(self, call):
        kind = {"Content-Type": "application/gzip"}
        answer = await call("PUT", f"/bundles/{'0' * 64}", bytes(12_346), headers=kind)
        assert answer.status == 413

    @pytest.mark.parametrize(
        "bad", [{"memory": "lots"}, {"cpu": 0.0}, {"cpu": float("nan")}, {"gpu": -1}]
    )
    def test_that_make_no_sense_are_refused(self, bad):
        with pytest.raises(TraitError):
            SubmarineExtension(**bad)

    def test_all_have_help(self):
        for name, trait in SubmarineExtension.class_own_traits(config=True).items():
            assert trait.help, name


class TestActivity:
    async def test_a_job_at_work_keeps_the_server_alive(self, call, follow, extension, site):
        seen = site_activity(extension)
        job = (await call("POST", JOBS, {"command": ["sleep", "60"]})).json["id"]
        await extension._note_activity()
        assert extension.current_activity()
        assert site_activity(extension) != seen
        await call("POST", f"/jobs/{job}/stop", {"grace_seconds": 0})
        socket = await follow({"op": "subscribe", "topic": f"jobs/{job}", "since": 0})
        await socket.until(lambda f: f["data"].get("state") == "cancelled")

    async def test_an_open_socket_does_not(self, follow, extension):
        socket = await follow({"op": "subscribe", "topic": "projects/default"})
        await socket.next()
        before = extension.serverapp.web_app.last_activity()
        await extension._note_activity()
        assert not extension.current_activity()
        assert extension.serverapp.web_app.last_activity() == before

    async def test_requests_of_people_do(self, call, extension):
        before = extension.serverapp.web_app.last_activity()
        await call("GET", "/me")
        assert extension.serverapp.web_app.last_activity() > before
        seen = extension.serverapp.web_app.last_activity()
        await call("GET", "/me", signed=False)
        await call("GET", "/health")
        assert extension.serverapp.web_app.last_activity() == seen


def site_activity(extension: SubmarineExtension):
    return extension.serverapp.web_app.settings["last_activity_times"].get("submarine_ext")


class TestTheStop:
    async def test_says_goodbye_to_open_sockets(self, follow, extension):
        socket = await follow({"op": "subscribe", "topic": "projects/default"})
        await socket.next()
        await extension.stop_extension()
        await socket.end()
        assert socket.connection.close_code == 1001

    def test_does_not_hang_where_nothing_was_closed(self, tmp_path):
        """As a server of a Hub ends, which is interrupted. The mutant's writer is no daemon."""
        script = (
            "import asyncio, pathlib, sys\n"
            "from submarine_ext.store.store import Store\n"
            "asyncio.run(Store.open(pathlib.Path(sys.argv[1])))\n"
        )
        command = [sys.executable, "-c", script, str(tmp_path / "a.sqlite")]
        assert subprocess.run(command, timeout=60).returncode == 0
