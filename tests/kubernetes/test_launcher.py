"""The launcher as it runs in a pod: its kit unpacked somewhere, its roots in the environment.

In this interpreter, and in Python 3.8 where one is installed: images may have that.
"""

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import nbformat
import pytest

from submarine_ext.domain.jobs import Distributed, JobSpec
from submarine_ext.engines.base import Task
from submarine_ext.engines.kubernetes import staging
from submarine_ext.engines.kubernetes.artifacts import Inbox
from submarine_ext.engines.kubernetes.pod import memory, plan, report
from submarine_ext.engines.kubernetes.pod.frames import End, Frames, Output, Piece
from submarine_ext.testing import jobs
from tests.contract.test_local_engine import marked


def installed(version):
    """An interpreter of that version on this machine, or None."""
    places = (Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python")
    for found in [shutil.which(f"python{version}"), *map(str, places)]:
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return found
    return None


OLD = installed("3.8")
PYTHONS = [
    pytest.param(sys.executable, id="this"),
    pytest.param(OLD, id="3.8", marks=pytest.mark.skipif(OLD is None, reason="not installed")),
]
PRINTS = "import os; print(os.environ.get({!r}))"


class Pod:
    """A folder in place of a pod's file system, and what the launcher did in it."""

    def __init__(self, root, spec, python=sys.executable, **told):
        self.root, self.ranks = root, range(spec.distributed.ranks)
        kit = root / "submarine" / "kit"
        for path, text in plan.kit().items():
            (kit / path).parent.mkdir(parents=True, exist_ok=True)
            (kit / path).write_text(text)
        self.task = Task(name="j1-1", job="j1", attempt=1, owner="ada", project="default",
                         spec=spec, folder=root / "task")  # fmt: skip
        told = {"grace_seconds": 6.0, "max_framed": 1 << 20, **told}
        (kit / "plan.json").write_bytes(plan.plan(self.task, **told))
        self.command = [python, str(kit / "launcher.py"), str(kit / "plan.json")]
        self.env = {
            "PATH": os.environ["PATH"],
            "SUBMARINE_ROOT": str(root / "submarine"),
            "SUBMARINE_WORKSPACE": str(root / "workspace"),
            "TERMINATION_LOG": str(root / "termination-log"),
        }

    def files(self, content):
        """The job's files, in two parts; bytes are a whole archive."""
        packed = content if isinstance(content, bytes) else archive(content)
        (self.root / "submarine" / "bundle").mkdir()
        for number, part in enumerate((packed[:100], packed[100:])):
            (self.root / f"submarine/bundle/part-{number:03}").write_bytes(part)
        return self

    def begin(self, **env):
        return subprocess.Popen(self.command, env={**self.env, **env}, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)  # fmt: skip

    def run(self, **env):
        return self.ended(self.begin(**env))

    def ended(self, process):
        out, err = process.communicate(timeout=60)
        assert err == b"", err
        self.code, self.out = process.returncode, out
        self.parts = [*(frames := Frames(self.ranks)).feed(out), *frames.finish()]
        self.report = report.read((self.root / "termination-log").read_text())
        assert self.report is not None
        return self

    def printed(self, rank=0):
        said = (p for p in self.parts if isinstance(p, Output) and p.rank == rank)
        return b"".join(p.data for p in said)

    @property
    def notes(self):
        return [note for end in self.parts if isinstance(end, End) for note in end.notes]

    def kept(self):
        folder = self.root / "kept"
        folder.mkdir(exist_ok=True)
        box = Inbox(folder, self.root / "part", limit=1 << 22, notebook=None, first=True)
        for piece in self.parts:
            if isinstance(piece, Piece):
                box.take(piece)
        assert box.state.notes == []
        found = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def archive(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, text in content.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return file.getvalue()


def python(source, *args, **fields):
    return JobSpec(command=["python", "-c", source, *args], **fields)


@pytest.mark.parametrize("interpreter", PYTHONS)
class TestInAnyPython:
    def test_a_command_runs_and_nothing_but_its_words_is_printed(self, interpreter, tmp_path):
        pod = Pod(tmp_path, python("print('hello')"), interpreter).run()
        assert (pod.code, pod.printed()) == (0, b"hello\n")
        assert (pod.report.kind, pod.report.code, pod.notes) == ("exited", 0, [])
        assert pod.report.started <= pod.report.finished

    def test_every_byte_comes_through(self, interpreter, tmp_path):
        pod = Pod(tmp_path, python(jobs.PRINTS_ALL_BYTES), interpreter).run()
        assert pod.printed() == jobs.ALL_BYTES

    def test_a_script_of_the_bundle_runs_with_its_arguments(self, interpreter, tmp_path):
        spec = JobSpec(script="src/go.py", args=["a b"], bundle="0" * 64)
        source = "import sys, os; print(sys.argv[1], os.getcwd())"
        pod = Pod(tmp_path, spec, interpreter).files({"src/go.py": source})
        assert pod.run().printed().decode() == f"a b {tmp_path}/workspace/work\n"

    def test_a_cell_tracks_and_keeps_artifacts(self, interpreter, tmp_path):
        code = (
            "from submarine_ext import track\ntrack.log_metric('loss', 1)\n"
            "open('m.bin', 'wb').write(bytes(30000))\ntrack.artifact('m.bin', 'best/m.bin')"
        )
        pod = Pod(tmp_path, JobSpec(code=code), interpreter).run()
        assert pod.code == 0
        assert pod.printed().startswith(b'\x1e{"m":{"loss":1.0}')
        assert pod.kept() == {"best/m.bin": bytes(30000)}

    def test_when_one_rank_fails_the_others_are_ended(self, interpreter, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        shape = Distributed(framework="torch", processes_per_node=3)
        pod = Pod(tmp_path, python(jobs.RANK_1_FAILS, mark, distributed=shape), interpreter).run()
        assert (pod.code, pod.report.rank, pod.report.code) == (5, 1, 5)
        assert marked(mark) == []

    def test_outputs_are_kept_and_links_out_are_not(self, interpreter, tmp_path):
        spec = python(jobs.WRITES_OUTPUTS, outputs=["*.bin", "deep/**/*.txt", "no*.x"])
        pod = Pod(tmp_path, spec, interpreter).run()
        assert pod.kept() == {"model.bin": b"weights", "deep/er/notes.txt": b"notes"}
        assert pod.notes == pod.report.notes == ["No file matched 'no*.x'."]


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7"])
def test_an_image_with_an_older_python_is_told_of(version, tmp_path):
    old = installed(version)
    if old is None:
        pytest.skip("not installed")
    pod = Pod(tmp_path, python("pass"), old).run()
    assert pod.code == 64
    assert pod.report.error == pod.out.decode().strip()
    assert pod.report.error.startswith(f"The image's Python is {version}; a job needs 3.8")


class TestWhatCannotStart:
    @pytest.mark.parametrize(
        ("spec", "sentence"),
        [
            (
                JobSpec(command=["pythn"]),
                "There is no command 'pythn' here; did you mean 'python'?",
            ),
            (
                JobSpec(script="trian.py", bundle="0" * 64),
                "There is no file 'trian.py' here; did you mean 'train.py'?",
            ),
            (
                JobSpec(command=["python"], workdir="nowhere"),
                "There is no folder 'nowhere' in the job's files.",
            ),
        ],
        ids=["command", "script", "workdir"],
    )
    def test_is_said_in_the_local_engines_words_and_not_tried_again(self, spec, sentence, tmp_path):
        pod = Pod(tmp_path, spec).files({"train.py": ""}).run()
        assert (pod.code, pod.report.kind, pod.report.error) == (64, "unstartable", sentence)
        assert (pod.out, pod.report.started) == (b"", None)

    def test_a_broken_bundle_may_be_tried_again(self, tmp_path):
        pod = Pod(tmp_path, python("pass")).files(b"no archive").run()
        assert (pod.code, pod.report.kind) == (75, "unprepared")
        assert pod.report.error.startswith("The job's files could not be unpacked")


class TestEnds:
    @pytest.mark.parametrize("end", jobs.ENDS)
    def test_are_reported(self, end, tmp_path):
        source, code, words = jobs.ENDS[end]
        pod = Pod(tmp_path, python(source)).run()
        assert (pod.report.kind, pod.report.code) == ("exited", code)
        assert pod.code == (code if code > 0 else 128 - code)
        assert pod.report.error is None or pod.report.error in words

    def test_over_its_time_it_is_ended(self, tmp_path):
        pod = Pod(tmp_path, python(jobs.SLEEPS, timeout_seconds=1)).run()
        assert (pod.code, pod.report.kind, pod.report.code) == (124, "timeout", -15)

    @pytest.mark.parametrize("tree", jobs.TREES)
    def test_sigterm_ends_everything_before_the_pods_grace(self, tree, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        pod = Pod(tmp_path, python(jobs.TREES[tree], mark), grace_seconds=1.0)
        process = pod.begin()
        assert process.stdout.readline().startswith(b"ready")  # of all its processes
        process.send_signal(signal.SIGTERM)
        pod.ended(process)
        assert (pod.code, pod.report.kind) == (143, "stopped")
        assert marked(mark) == []

    def test_sigterm_leaves_time_to_say_goodbye(self, tmp_path):
        pod = Pod(tmp_path, python(jobs.SAYS_GOODBYE, outputs=["no"]))
        process = pod.begin()
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert pod.ended(process).printed() == b"goodbye\n"
        assert pod.notes == ["No file matched 'no'."]

    def test_what_a_rank_leaves_running_is_ended(self, tmp_path):
        mark = f"mark-{uuid.uuid4().hex}"
        assert Pod(tmp_path, python(jobs.LEAVES_A_DAEMON, mark)).run().code == 0
        assert marked(mark) == []


class TestRanks:
    def test_each_has_its_variables_and_its_own_bytes(self, tmp_path):
        shape = Distributed(framework="torch", nodes=2, processes_per_node=2)
        pod = Pod(tmp_path, python(jobs.PRINTS_ENVIRONMENT, distributed=shape),
                  hosts=["j-0.j", "j-1.j"])  # fmt: skip
        pod.ranks = range(2, 4)
        pod.run(JOB_COMPLETION_INDEX="1")
        for rank in (2, 3):
            env = dict(line.split("=", 1) for line in pod.printed(rank).decode().splitlines())
            assert (env["RANK"], env["SUBMARINE_RANK"]) == (str(rank), str(rank))
            assert (env["MASTER_ADDR"], env["MASTER_PORT"]) == ("j-0.j", "29500")
            assert env["NODE_RANK"] == "1"

    def test_the_operators_addresses_are_taken(self, tmp_path):
        shape = Distributed(framework="tensorflow", nodes=2)
        told = {"cluster": {"chief": ["a:2222"], "worker": ["b:2222"]},
                "task": {"type": "worker", "index": 0}}  # fmt: skip
        pod = Pod(tmp_path, python(PRINTS.format("TF_CONFIG"), distributed=shape))
        pod.ranks = range(1, 2)
        pod.run(TF_CONFIG=json.dumps(told))
        config = json.loads(pod.printed(1))
        assert config["cluster"]["worker"] == ["a:29500", "b:29500"]
        assert config["task"]["index"] == 1

    def test_what_is_the_pods_business_is_not_theirs(self, tmp_path):
        pod = Pod(tmp_path, python(jobs.PRINTS_ENVIRONMENT)).run(LR="0.1", HOME="/root")
        env = dict(line.split("=", 1) for line in pod.printed().decode().splitlines())
        assert (env["LR"], env["HOME"]) == ("0.1", f"{tmp_path}/workspace/home")
        assert sorted(name for name in env if name.startswith("SUBMARINE_")) == [
            f"SUBMARINE_{name}"
            for name in ("ARTIFACTS", "ATTEMPT", "JOB", "PROJECT", "RANK", "RANKS", "STREAM")
        ]


def test_the_executed_notebook_comes_back_though_it_fails(tmp_path):
    cells = [nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_code_cell("1 / 0")]
    text = nbformat.writes(nbformat.v4.new_notebook(cells=cells))
    pod = Pod(tmp_path, JobSpec(notebook="a.ipynb", bundle="0" * 64), max_framed=0)
    pod.files({"a.ipynb": text}).run(
        **{n: os.environ[n] for n in os.environ if n.startswith(("JUPYTER_", "IPYTHON"))}
    )
    assert (pod.code, pod.report.error) == (1, "ZeroDivisionError: division by zero")
    executed = nbformat.reads(pod.kept()["a.ipynb"].decode(), as_version=4)
    assert executed.cells[0].outputs[0]["data"]["text/plain"] == "2"


class Store(BaseHTTPRequestHandler):
    """An object store behind presigned URLs."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.objects[self.path])

    def do_PUT(self):
        length = int(self.headers["Content-Length"])
        self.server.objects[self.path] = self.rfile.read(length)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def store():
    server = HTTPServer(("127.0.0.1", 0), Store)
    server.objects = {}
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class TestStaging:
    WRITES = "open('big.bin', 'wb').write(bytes(2 << 20))"

    def test_files_come_from_a_presigned_url(self, store, tmp_path):
        packed = archive({"a.txt": "from afar"})
        store.objects["/in"] = packed
        fetch = plan.Fetch(sha256=hashlib.sha256(packed).hexdigest(), size=len(packed),
                           url_from="SUBMARINE_FETCH_URL")  # fmt: skip
        pod = Pod(tmp_path, python("print(open('a.txt').read())"), fetch=fetch)
        pod.run(SUBMARINE_FETCH_URL=f"http://127.0.0.1:{store.server_port}/in")
        assert pod.printed() == b"from afar\n"

    def test_files_that_are_others_are_refused(self, tmp_path):
        (tmp_path / "b.tar.gz").write_bytes(archive({"a.txt": "forged"}))
        fetch = plan.Fetch(sha256="0" * 64, size=1, path=str(tmp_path / "b.tar.gz"))
        pod = Pod(tmp_path, python("pass"), fetch=fetch).run()
        assert (pod.code, pod.report.kind) == (75, "unprepared")
        assert "not those it was sent" in pod.report.error

    def test_large_outputs_go_to_the_volume(self, tmp_path):
        area = tmp_path / "area" / "j1" / "out"
        area.mkdir(parents=True)
        pod = Pod(tmp_path, python(self.WRITES, outputs=["*.bin"]),
                  deliver=plan.Deliver(folder=str(area))).run()  # fmt: skip
        assert (pod.notes, pod.kept()) == ([], {})
        (tmp_path / "got").mkdir()
        collected = staging.ClaimArea("claim", tmp_path / "area").collect("j1", tmp_path / "got")
        assert collected == []
        assert (tmp_path / "got/big.bin").read_bytes() == bytes(2 << 20)

    def test_large_outputs_go_to_presigned_urls(self, store, tmp_path):
        pod = Pod(tmp_path, python(self.WRITES, outputs=["*.bin"]),
                  deliver=plan.Deliver(urls_from="SUBMARINE_DELIVER_URLS"))  # fmt: skip
        pod.run(SUBMARINE_DELIVER_URLS=f"http://127.0.0.1:{store.server_port}/out")
        (tmp_path / "got").mkdir()
        staging.unpack(io.BytesIO(store.objects["/out"]), tmp_path / "got")
        assert (tmp_path / "got/big.bin").read_bytes() == bytes(2 << 20)

    def test_without_one_they_are_told_of(self, tmp_path):
        pod = Pod(tmp_path, python(self.WRITES, outputs=["*.bin"])).run()
        assert pod.code == 0
        assert pod.notes == [
            "'big.bin' could not be kept: files that are larger than 1.0 MiB, all together, "
            "need a staging area; an administrator can configure one."
        ]


class TestMemory:
    def test_kills_are_counted_in_both_versions_of_control_groups(self, tmp_path):
        v1, v2 = tmp_path / "v1", tmp_path / "v2"
        v1.mkdir()
        v2.mkdir()
        assert memory.oom_kills(v2, v1) == 0
        (v1 / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
        assert memory.oom_kills(v2, v1) == 2
        (v2 / "memory.events").write_text("low 0\noom 3\noom_kill 3\n")
        assert memory.oom_kills(v2, v1) == 3

    def test_the_peak_is_the_groups_where_it_tells(self, tmp_path):
        (tmp_path / "memory.peak").write_text("123456\n")
        assert memory.peak(tmp_path, tmp_path) == 123456


def test_what_is_no_report_is_none():
    for text in (None, "", "Traceback", "{}", '{"kind": "x"}', '{"kind": 1}', "[" * 100_000):
        assert report.read(text) is None
