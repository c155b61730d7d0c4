"""Jobs in a shared project: who sees, stops, retries and deletes whose; what is withheld."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tarfile

import pytest

pytestmark = pytest.mark.modes("embedded", "service", "connected")

JOBS = "/projects/lab/jobs"
SECRETIVE = {"command": ["sh", "-c", "echo the-argument"], "env": {"HINT": "of-the-env"},
             "tags": ["hidden-tag"], "name": "job"}  # fmt: skip


class Lab:
    """alice owns ``lab``, bob and dave edit it, carol looks on; eve is a stranger."""

    def __init__(self, people, site, finished):
        self.people = people
        self._site = site
        self._finished = finished

    async def prepare(self):
        for name in ("alice", "bob", "carol", "dave", "eve", "root-admin"):
            await self.people(name)("GET", "/me")
        await self("alice", "POST", "/projects", {"name": "lab"})
        for name, role in (("bob", "editor"), ("dave", "editor"), ("carol", "viewer")):
            await self("alice", "PUT", f"/projects/lab/grants/user:{name}", {"role": role})

    async def __call__(self, who, method, path, body=None):
        return await self.people(who)(method, path, body)

    async def submit(self, who="bob", spec=SECRETIVE):
        answer = await self(who, "POST", JOBS, spec)
        assert answer.status == 201, answer.body
        return answer.json["id"]

    async def end(self, job):
        return await self._finished(self.people("alice"), job)

    async def started(self, job):
        """The job's own process runs: it has a folder and the job is not waiting any more."""
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        store = (await self._site.services())._store
        store.on_commit(lambda: loop.call_soon_threadsafe(changed.set))
        while not (await self("alice", "GET", f"/jobs/{job}")).json["started"]:
            await changed.wait()
            changed.clear()

    async def folder(self, job):
        return (await self._site.services()).results._files.folder(job, 1) / "work"

    async def ended(self, who="bob", spec=SECRETIVE):
        job = await self.submit(who, spec)
        await self.end(job)
        return job


@pytest.fixture
def lab(people, site, finished, jp_asyncio_loop):
    lab = Lab(people, site, finished)
    jp_asyncio_loop.run_until_complete(lab.prepare())
    return lab


class TestWhatAJobRuns:
    @pytest.mark.parametrize("who", ["carol", "root-admin"])
    async def test_is_withheld_from_whoever_sees_only_that_it_runs(self, lab, who):
        """Catches the mutant that forgets the list, the single read or the stop's answer."""
        job = await lab.ended()
        answers = [await lab(who, "GET", JOBS), await lab(who, "GET", f"/jobs/{job}")]
        if who == "root-admin":
            answers.append(await lab(who, "POST", f"/jobs/{job}/stop", {}))
        for answer in answers:
            assert answer.status == 200
            shown = answer.json["items"][0] if "items" in answer.json else answer.json
            assert (shown["spec"], shown["remedy"], shown["state"]) == ({}, None, "succeeded")
            for canary in (b"the-argument", b"of-the-env", b"hidden-tag"):
                assert canary not in answer.body

    async def test_cannot_be_guessed_by_asking_for_tags(self, lab):
        await lab.ended()
        answer = await lab("carol", "GET", f"{JOBS}?tag=hidden-tag")
        assert answer.status == 403
        assert len((await lab("dave", "GET", f"{JOBS}?tag=hidden-tag")).json["items"]) == 1

    async def test_is_shown_to_editors(self, lab):
        job = await lab.ended()
        assert (await lab("dave", "GET", f"/jobs/{job}")).json["spec"] == SECRETIVE

    async def test_is_nobody_elses_business(self, lab):
        job = await lab.ended()
        for path in (JOBS, f"/jobs/{job}", f"/jobs/{job}/logs", f"/jobs/{job}/metrics"):
            known, absent = await lab("eve", "GET", path), await lab("eve", "GET", "/jobs/jx0")
            assert (known.status, known.body) == (404, absent.body)


class TestItsLog:
    async def test_is_for_viewers_only_where_the_project_says_so(self, lab):
        job = await lab.ended()
        assert (await lab("carol", "GET", f"/jobs/{job}/logs")).status == 403
        assert (await lab("carol", "GET", f"/jobs/{job}/artifacts")).status == 200
        settings = {"settings": {"viewer_logs": True}}
        assert (await lab("alice", "PATCH", "/projects/lab", settings)).status == 200
        assert (await lab("carol", "GET", f"/jobs/{job}/logs")).body == b"the-argument\n"

    async def test_is_not_for_admins_nor_are_its_outputs(self, lab):
        job = await lab.ended()
        for part in ("logs", "metrics", "artifacts"):
            assert (await lab("root-admin", "GET", f"/jobs/{job}/{part}")).status == 403


class TestStoppingAndDeleting:
    @pytest.mark.parametrize(
        ("who", "status"),
        [("bob", 200), ("dave", 403), ("carol", 403), ("alice", 200), ("root-admin", 200)],
    )
    async def test_anothers_job_is_for_owners_and_admins(self, lab, who, status):
        """Catches the mutant that asks job:stop of everybody."""
        job = await lab.submit(spec={"command": ["sleep", "60"]})
        stopped = await lab(who, "POST", f"/jobs/{job}/stop", {"grace_seconds": 0})
        assert stopped.status == status
        if status != 200:
            await lab("bob", "POST", f"/jobs/{job}/stop", {"grace_seconds": 0})
        assert (await lab.end(job))["state"] == "cancelled"
        deleted = await lab(who, "DELETE", f"/jobs/{job}")
        assert deleted.status == (204 if status == 200 else 403)


class TestRetrying:
    async def test_is_for_the_jobs_owner_and_the_projects(self, lab):
        job = await lab.ended()
        for who in ("carol", "dave", "root-admin"):
            refused = await lab(who, "POST", f"/jobs/{job}/retry", {})
            assert refused.status == 403, who
        assert (
            "in the name of bob"
            in (await lab("dave", "POST", f"/jobs/{job}/retry", {})).json["detail"]
        )
        for attempt, who in ((2, "bob"), (3, "alice")):
            retried = await lab(who, "POST", f"/jobs/{job}/retry", {})
            assert (retried.status, retried.json["attempt"]) == (200, attempt)
            assert retried.json["owner"] == "bob"
            await lab.end(job)

    async def test_needs_the_jobs_owner_to_have_the_right_still(self, lab):
        """Nobody runs code in the name of somebody who may not run it."""
        job = await lab.ended()
        await lab("alice", "DELETE", "/projects/lab/grants/user:bob")
        refused = await lab("alice", "POST", f"/jobs/{job}/retry", {})
        assert refused.status == 409
        assert "bob may not run jobs here any more" in refused.json["detail"]

    async def test_by_itself_ends_when_the_owner_loses_the_right(self, lab):
        waits = {"command": ["sh", "-c", "while ! [ -e go ]; do sleep 0.01; done; exit 1"]}
        job = await lab.submit(spec={**waits, "retries": 5})
        await lab.started(job)
        await lab("alice", "PUT", "/projects/lab/grants/user:bob", {"role": "viewer"})
        (await lab.folder(job) / "go").touch()
        ended = await lab.end(job)
        assert (ended["state"], ended["attempt"]) == ("failed", 1)


class TestTheVersionsItRan:
    async def test_are_told_with_the_job_and_the_job_with_the_versions(self, lab):
        await lab("alice", "PUT", "/contents/lab/sub", {"type": "directory"})
        for path, text in (("sub/train.py", "print(1)"), ("sub/data.txt", "1"), ("train.py", "#")):
            body = {"type": "file", "format": "text", "content": text}
            saved = await lab("alice", "PUT", f"/contents/lab/{path}", body)
            assert saved.status == 201, saved.body
        bundle = await self._upload(lab, {"train.py": "print(1)", "data.txt": "1", "own.py": "2"})
        job = await lab.ended(spec={"script": "train.py", "bundle": bundle})
        shown = (await lab("carol", "GET", f"/jobs/{job}")).json
        assert sorted(shown["versions"]) == ["sub/data.txt", "sub/train.py"]
        history = (await lab("carol", "GET", "/contents/lab/sub/train.py/checkpoints")).json
        assert history[-1]["id"] == shown["versions"]["sub/train.py"]
        assert history[-1]["jobs"] == [job]
        await lab("bob", "DELETE", f"/jobs/{job}")
        history = (await lab("carol", "GET", "/contents/lab/sub/train.py/checkpoints")).json
        assert history[-1]["jobs"] == []

    async def _upload(self, lab, files):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, text in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
        sha256 = hashlib.sha256(out.getvalue()).hexdigest()
        sent = await lab.people("bob")(
            "PUT",
            f"/bundles/{sha256}",
            out.getvalue(),
            headers={"Content-Type": "application/gzip"},
        )
        assert sent.status == 201, sent.body
        return sha256
