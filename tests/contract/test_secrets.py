"""Secrets reach jobs and nothing else: no file of the server, no answer, no list of processes.

The canary is looked for in every file below the server's folder (the database with its WAL
above all), in everything that people are answered, and in the arguments of all processes.
"""

import asyncio
import hashlib
import io
import json
import stat
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import Distributed, Framework, Job, JobSpec, JobState, Resources
from submarine_ext.errors import Conflict, Invalid, Unavailable
from submarine_ext.files.keys import KeyFile, Unreadable

ANA = Principal("ana")
CANARY = 'cana"ry-7f3e\\52'
DIGEST = hashlib.sha256(CANARY.encode()).hexdigest()
QUIET = f"""
import hashlib, os
assert hashlib.sha256(os.environ['TOKEN'].encode()).hexdigest() == '{DIGEST}'
print('got it', flush=True)
"""
TELLS_ALL = """
import os
from submarine_ext import track
token = os.environ['TOKEN']
print('plain', token, flush=True)
print('half ' + token[:7], end='', flush=True)
track.log_params({'key': token, 'list': [1, 'x' + token]})
print(token[7:], flush=True)
track.log_metric(token, 1.0)
track.progress(0.5, 'with ' + token)
raise ValueError('refused ' + token)
"""


class Lab:
    """A server's inside; jobs are waited for by their recorded state.

    ``own``: the files of an attempt's folder that hold what the job said, as it said it.
    """

    own = frozenset({"rank-0.log"})

    def __init__(self, submarine, settings):
        self.inside = submarine
        self.root = settings.root
        self._changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        submarine._store.on_commit(lambda: loop.call_soon_threadsafe(self._changed.set))

    async def put(self, name="TOKEN", value=CANARY):
        return await self.inside.secrets.write(ANA, "default", name, value)

    async def submit(self, **spec):
        spec = JobSpec(secrets=["TOKEN"], **spec)
        return await self.inside.jobs.submit(ANA, "default", spec, None)

    async def end(self, job) -> Job:
        """The job once it has ended."""
        while True:
            self._changed.clear()
            now = await self.inside.jobs.get(ANA, job.id)
            if now.state.terminal:
                return now
            await self._changed.wait()

    async def run(self, **spec) -> Job:
        return await self.end(await self.submit(**spec))

    async def log(self, job, rank=0):
        return (await self.inside.results.log(ANA, job.id, rank, None, 0, 1 << 20)).text.decode()

    async def upload(self, name, text):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        sha256 = hashlib.sha256(out.getvalue()).hexdigest()
        with await self.inside.bundles.receive(ANA, sha256) as writer:
            writer.write(out.getvalue())
            writer.commit()
        return sha256

    def leaks(self):
        """Files that hold the canary, plain or as a JSON string has it."""
        forms = (CANARY.encode(), json.dumps(CANARY)[1:-1].encode())
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return [str(path) for path in files if any(f in path.read_bytes() for f in forms)]


@pytest.fixture
def settings(tmp_path):
    return Settings(root=tmp_path / "data", owner="ana", cpu=4.0, memory=2 << 30, gpu=0)


@pytest.fixture
def lab(settings, jp_asyncio_loop):
    async def begin():
        return Lab(await Submarine.open(settings), settings)

    opened = jp_asyncio_loop.run_until_complete(begin())
    yield opened
    jp_asyncio_loop.run_until_complete(opened.inside.close())


def notebook(*sources):
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": source, "metadata": {}, "outputs": [],
         "execution_count": None}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


class TestAJobGetsItsSecrets:
    async def test_as_a_command_and_nothing_of_them_is_written_down(self, lab):
        await lab.put()
        done = await lab.run(command=[sys.executable, "-c", QUIET])
        assert (done.state, await lab.log(done)) == (JobState.SUCCEEDED, "got it\n")
        assert lab.leaks() == []

    async def test_as_a_script(self, lab):
        await lab.put()
        bundle = await lab.upload("a.py", QUIET)
        assert (await lab.run(script="a.py", bundle=bundle)).state is JobState.SUCCEEDED
        assert lab.leaks() == []

    async def test_as_a_cell(self, lab):
        await lab.put()
        assert (await lab.run(code=QUIET)).state is JobState.SUCCEEDED
        assert lab.leaks() == []

    async def test_as_a_notebook(self, lab):
        await lab.put()
        bundle = await lab.upload("a.ipynb", notebook(QUIET))
        done = await lab.run(notebook="a.ipynb", bundle=bundle)
        assert done.state is JobState.SUCCEEDED, await lab.log(done)
        assert lab.leaks() == []

    async def test_in_all_its_ranks(self, lab):
        await lab.put()
        done = await lab.run(
            command=[sys.executable, "-c", QUIET],
            distributed=Distributed(framework=Framework.TORCH, processes_per_node=3),
            resources=Resources(cpu="100m"),
        )
        assert done.state is JobState.SUCCEEDED
        assert [await lab.log(done, rank) for rank in range(3)] == ["got it\n"] * 3

    async def test_and_no_process_has_them_in_its_arguments(self, lab):
        await lab.put()
        looks = f"""
import os, pathlib
token = os.environ['TOKEN']
found = [p for p in pathlib.Path('/proc').glob('[0-9]*/cmdline') if token in p.read_text()]
{QUIET}
print(found)
"""
        done = await lab.run(code=looks)
        assert await lab.log(done) == "got it\n[]\n"


class TestWhatAJobSaysOfThem:
    async def test_is_redacted_wherever_people_read_it(self, lab):
        await lab.put()
        done = await lab.run(command=[sys.executable, "-c", TELLS_ALL])
        log = await lab.log(done)
        assert log.startswith("plain ***\nhalf ***\n")
        assert log.endswith("ValueError: refused ***\n")
        assert done.reason == "Exited with code 1: ValueError: refused ***"
        assert done.progress.message == "with ***"
        assert done.latest == {"***": 1.0}
        metrics = await lab.inside.results.metrics(ANA, done.id, None, 100)
        assert metrics.params == {"key": "***", "list": [1, "x***"]}
        rows = await lab.inside.streams.events_after(ANA, "default", 0, 1000)
        assert CANARY not in msgspec.json.encode([done, metrics, rows]).decode()
        # The attempt's folder is the job's own: it alone has what the job printed.
        assert {Path(path).name for path in lab.leaks()} == lab.own

    async def test_is_redacted_in_the_executed_notebook(self, lab):
        await lab.put()
        prints = "import os\nprint('a line\\nand', os.environ['TOKEN'])\nos.environ['TOKEN']"
        bundle = await lab.upload("a.ipynb", notebook(prints))
        done = await lab.run(notebook="a.ipynb", bundle=bundle)
        found = json.loads(await lab.inside.results.artifact(ANA, done.id, "a.ipynb"))
        assert CANARY not in json.dumps(found)
        outputs = found["cells"][0]["outputs"]
        assert "".join(outputs[0]["text"]) == "a line\nand ***\n"

    async def test_stays_redacted_after_the_secret_has_changed_or_gone(self, lab):
        await lab.put()
        done = await lab.run(code="import os; print(os.environ['TOKEN'])")
        await lab.put(value="another-one")
        assert await lab.log(done) == "***\n"
        await lab.inside.secrets.delete(ANA, "default", "TOKEN")
        assert await lab.log(done) == "***\n"


class TestASubmission:
    async def test_that_names_a_secret_which_is_not_there_is_refused_by_its_field(self, lab):
        await lab.put("TOKENS")
        with pytest.raises(Invalid, match="did you mean TOKENS") as refused:
            await lab.submit(command=["true"])
        assert refused.value.field == "secrets[0]"

    async def test_may_not_set_the_same_variable_by_env(self, lab):
        await lab.put()
        with pytest.raises(Invalid, match="TOKEN is in env as well") as refused:
            await lab.submit(command=["true"], env={"TOKEN": "x"})
        assert refused.value.field == "secrets[0]"

    async def test_whose_secret_has_gone_before_it_starts_fails_and_says_so(self, lab):
        await lab.put()
        done = await lab.run(command=["true"])
        await lab.inside.secrets.delete(ANA, "default", "TOKEN")
        again = await lab.end(await lab.inside.jobs.retry(ANA, done.id))
        assert again.state is JobState.FAILED
        assert "A secret that this job needs is gone" in again.reason

    async def test_names_no_secret_where_viewers_read_it(self, lab):
        """The mutant says which secret is gone; viewers may not know what secrets there are."""
        await lab.put()
        done = await lab.run(command=["true"])
        await lab.inside.secrets.delete(ANA, "default", "TOKEN")
        again = await lab.end(await lab.inside.jobs.retry(ANA, done.id))
        assert "TOKEN" not in again.reason

    async def test_gets_the_same_values_however_often_its_attempt_is_started(self, lab):
        await lab.put()
        done = await lab.run(command=["true"])
        await lab.put(value="another-one")
        assert await lab.inside.secrets.give(done) == {"TOKEN": CANARY}


class TestTheKey:
    async def test_is_readable_by_the_server_alone(self, lab):
        await lab.put()
        assert stat.S_IMODE((lab.root / "secret.key").stat().st_mode) == 0o600

    async def test_that_is_lost_stops_secrets_with_a_sentence_and_shows_nothing(self, lab):
        await lab.put()
        printed = await lab.run(code="import os; print(os.environ['TOKEN'])")
        key = lab.root / "secret.key"
        kept = key.read_bytes()
        for wrong in (None, b"garbage", KeyFile(lab.root / "other.key")):
            key.unlink(missing_ok=True)
            if isinstance(wrong, bytes):
                key.write_bytes(wrong)
            elif wrong is not None:
                wrong.encrypt(b"x", first=True)
                key.write_bytes(wrong.path.read_bytes())
            with pytest.raises(Unavailable, match=r"secret\.key on the server is .* put back"):
                await lab.log(printed)
            failed = await lab.run(command=["true"])
            assert failed.state is JobState.FAILED
            assert "secret.key" in failed.reason
        key.write_bytes(kept)
        assert await lab.log(printed) == "***\n"

    async def test_is_not_made_anew_over_secrets_that_need_the_old_one(self, lab):
        await lab.put()
        (lab.root / "secret.key").unlink()
        with pytest.raises(Unavailable, match="is missing"):
            await lab.put("ANOTHER")
        assert not (lab.root / "secret.key").exists()

    def test_made_by_many_at_once_is_one(self, tmp_path):
        for _ in range(20):
            path = tmp_path / "secret.key"
            with ThreadPoolExecutor(8) as pool:
                made = [pool.submit(KeyFile(path).encrypt, b"x", first=True) for _ in range(8)]
            tokens = [each.result() for each in made]
            assert [KeyFile(path).decrypt(token) for token in tokens] == [b"x"] * 8
            path.unlink()
        assert list(tmp_path.iterdir()) == []

    def test_that_is_missing_decrypts_nothing(self, tmp_path):
        token = KeyFile(tmp_path / "a.key").encrypt(b"x", first=True)
        with pytest.raises(Unreadable):
            KeyFile(tmp_path / "b.key").decrypt(token)


class TestWriting:
    @pytest.mark.parametrize("name", ["", "1A", "A-B", "PYTHONPATH", "LD_PRELOAD", "A" * 64])
    async def test_refuses_a_name_that_no_job_may_have(self, lab, name):
        with pytest.raises(Invalid) as refused:
            await lab.put(name)
        assert refused.value.field == "secret"
        assert CANARY not in refused.value.detail

    @pytest.mark.parametrize("value", ["  short  ", f"{CANARY}\0"])
    async def test_refuses_a_value_without_repeating_it(self, lab, value):
        with pytest.raises(Invalid) as refused:
            await lab.put(value=value)
        assert refused.value.field == "value"
        assert value.strip() not in refused.value.detail

    async def test_into_a_project_that_is_archived_is_a_conflict(self, lab):
        await lab.put()
        await lab.inside._store.write(
            lambda tx: tx.exec_driver_sql("UPDATE projects SET state = 'archived'")
        )
        with pytest.raises(Conflict):
            await lab.put()
