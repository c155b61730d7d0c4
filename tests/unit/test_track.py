"""What a training script may call, seen from the stream that its records land in.

Each script runs in an interpreter of its own that can import nothing but track.py and the
standard library, as on a machine where submarine-ext is not installed.
"""

import json
import resource
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import submarine_ext
from submarine_ext.domain.records import scan

TRACK = Path(submarine_ext.__file__).with_name("track.py")


class Job:
    """A folder with a stream and an artifacts folder; ``run`` executes a script in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stream = folder / "rank-0.log"
        self.artifacts = folder / "artifacts"
        self.artifacts.mkdir()
        (folder / "alone").mkdir()
        (folder / "alone" / "track.py").write_bytes(TRACK.read_bytes())
        self.env = {
            "SUBMARINE_STREAM": str(self.stream),
            "SUBMARINE_ARTIFACTS": str(self.artifacts),
        }

    def run(self, script: str, **options) -> subprocess.CompletedProcess:
        path = str(self.folder / "alone")
        start = f"import sys; sys.path.insert(0, {path!r}); import track\n"
        return subprocess.run(
            [sys.executable, "-S", "-E", "-c", start + script],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            **options,
        )

    def records(self, script: str) -> list[dict]:
        """What the script's records say; the script must succeed and print nothing."""
        done = self.run(script)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return self.read()

    def read(self) -> list[dict]:
        content = self.stream.read_bytes()
        scanned = scan(content, final=True)
        assert scanned.text == b"", "every byte belongs to a record that readers accept"
        return [json.loads(line[1:]) for line in content.splitlines()]


def listed(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


class TestMetrics:
    def test_a_metric_is_one_record_with_its_time(self, job):
        [record] = job.records("track.log_metric('loss', 0.5, step=10)")

        assert record.pop("t") > 1_700_000_000
        assert record == {"m": {"loss": 0.5}, "s": 10}

    def test_without_a_step_the_reader_counts(self, job):
        records = job.records("track.log_metric('loss', 1); track.log_metrics({'a': 2, 'b': 3})")

        assert ["s" in record for record in records] == [False, False]

    def test_not_finite_values_are_words(self, job):
        script = "for v in 'nan', 'inf', '-inf': track.log_metric('loss', float(v))"

        values = [record["m"]["loss"] for record in job.records(script)]

        assert values == ["NaN", "Infinity", "-Infinity"]

    def test_what_float_understands_is_a_number(self, job):
        script = """
class Scalar:
    def __float__(self): return 2.5
    def __index__(self): return 7
track.log_metric('a', Scalar(), step=Scalar())
track.log_metric('b', True)
track.log_metric('c', 10**30)
"""
        a, b, c = job.records(script)

        assert (a["m"], a["s"], b["m"], c["m"]) == ({"a": 2.5}, 7, {"b": 1.0}, {"c": 1e30})

    def test_a_tensor_of_many_values_is_refused_as_anything_else(self, job):
        script = """
class Tensor:
    def __float__(self): raise RuntimeError('a Tensor with 2 elements cannot be converted')
track.log_metric('loss', Tensor())
"""
        assert "TypeError: The metric 'loss' must be one number" in job.run(script).stderr

    def test_numpy_scalars_are_numbers(self, job):
        folder = Path(pytest.importorskip("numpy").__file__).parent.parent
        records = job.records(
            f"sys.path.append({str(folder)!r}); import numpy as np\n"
            "track.log_metric('loss', np.float32(0.5), step=np.int64(3))\n"
            "track.log_params({'lr': np.float64(0.1), 'n': np.int32(4)})"
        )

        assert (records[0]["m"], records[0]["s"]) == ({"loss": 0.5}, 3)
        assert records[1]["p"] == {"lr": 0.1, "n": 4}

    def test_names_may_hold_anything_that_text_can(self, job):
        names = ['loss "a"\n', "verl\u00fcst⚓", "back\\slash", "\x1e\x00", "x" * 250]
        records = job.records(f"for name in {names!r}: track.log_metric(name, 1)")

        assert [next(iter(record["m"])) for record in records] == names

    def test_many_metrics_are_split_into_records_under_16_kib(self, job):
        script = "track.log_metrics({f'metric {i}' * 5: i for i in range(2000)}, step=1)"

        records = job.records(script)

        assert len(records) > 1
        assert max(map(len, job.stream.read_bytes().splitlines())) < 16_384
        assert sum(len(record["m"]) for record in records) == 2000
        assert {record["s"] for record in records} == {1}

    @pytest.mark.parametrize(
        ("call", "error"),
        [
            ("log_metric('loss', '0.5')", "TypeError: The metric 'loss' must be one number"),
            ("log_metric('loss', None)", "TypeError: The metric 'loss' must be one number"),
            ("log_metric('loss', [1])", "TypeError: The metric 'loss' must be one number"),
            ("log_metric('loss', 1j)", "TypeError: The metric 'loss' must be one number"),
            ("log_metric('loss', 10**400)", "ValueError: The metric 'loss' is too large"),
            ("log_metric('loss', 1, step=1.5)", "TypeError: The step of 'loss' must be a whole"),
            ("log_metric('loss', 1, step=2**60)", "ValueError: The step of 'loss' is beyond"),
            ("log_metric(3, 1)", "TypeError: The name 3 must be text"),
            ("log_metric('', 1)", "ValueError: The name '' must have 1 to 250"),
            ("log_metric('k' * 251, 1)", "ValueError: The name 'kkk"),
            ("log_metrics({'a': 1, 'b': 'x'})", "TypeError: The metric 'b' must be one number"),
            ("log_params({'text': 'x' * 17000})", 'ValueError: "text":"xxx'),
            ("log_params({'deep': [float('nan')]})", "ValueError: The parameter 'deep'"),
            ("progress(37)", "ValueError: The progress must be from 0 to 1"),
            ("progress('half')", "TypeError: The progress must be one number"),
        ],
    )
    def test_a_wrong_value_names_its_key_and_writes_nothing(self, job, call, error):
        done = job.run(f"track.{call}")

        assert error in done.stderr.splitlines()[-1]
        assert not job.stream.exists()


class TestParameters:
    def test_json_values_stay_as_they_are_and_others_become_text(self, job):
        [record] = job.records(
            "from pathlib import Path\n"
            "track.log_params({'lr': 0.1, 'layers': [1, 2], 'none': None,"
            " 'path': Path('/data'), 'bad': float('nan')})"
        )

        assert record["p"] == {
            "lr": 0.1, "layers": [1, 2], "none": None, "path": "/data", "bad": "NaN",
        }  # fmt: skip


class TestProgress:
    def test_a_fraction_with_a_message(self, job):
        [record] = job.records("track.progress(0.25, 'epoch 3/10')")

        assert (record["g"], record["n"]) == (0.25, "epoch 3/10")

    def test_an_unknown_fraction_is_null(self, job):
        [record] = job.records("track.progress(None, 'warming up')")

        assert (record["g"], record["n"]) == (None, "warming up")

    def test_rounding_errors_are_forgiven(self, job):
        assert job.records("track.progress(sum([0.1] * 10) + 1e-9)")[0]["g"] == 1.0


class TestSideBySide:
    def test_threads_lose_and_mix_nothing(self, job):
        script = """
from threading import Thread
def work(name):
    for i in range(500): track.log_metric(name, i, step=i)
threads = [Thread(target=work, args=(f'thread {n}',)) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
"""
        records = job.records(script)

        assert {(next(iter(r["m"])), r["s"]) for r in records} == {
            (f"thread {n}", i) for n in range(8) for i in range(500)
        }
        assert len(records) == 4000

    def test_forked_workers_share_the_stream_and_no_counter(self, job):
        script = """
import os
track.log_metric('loss', 0)
children = []
for n in range(4):
    child = os.fork()
    if not child:
        for i in range(200): track.log_metric('loss', i)
        os._exit(0)
    children.append(child)
for child in children: os.waitpid(child, 0)
"""
        records = job.records(script)

        assert len(records) == 801
        assert not any("s" in record for record in records), "the order of records counts"

    def test_records_do_not_disturb_lines_that_others_print_to_the_same_file(self, job):
        script = """
import os
out = os.open(os.environ['SUBMARINE_STREAM'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
if not os.fork():
    for i in range(500): os.write(out, b'a line that the job prints\\n')
    os._exit(0)
for i in range(500): track.log_metric('loss', i)
os.wait()
"""
        assert job.run(script).stderr == ""
        scanned = scan(job.stream.read_bytes(), final=True)

        assert len(scanned.records) == 500
        assert scanned.text == b"a line that the job prints\n" * 500


class NoStream:
    def __init__(self, job):
        job.env["SUBMARINE_STREAM"] = str(job.folder / "gone" / "rank-0.log")


class FullDisk:
    def __init__(self, job):
        job.env["SUBMARINE_STREAM"] = "/dev/full"


class TestFaults:
    @pytest.mark.parametrize("fault", [NoStream, FullDisk])
    def test_training_goes_on_with_one_warning(self, job, fault):
        fault(job)

        done = job.run("for i in range(3): track.log_metric('loss', i)\nprint('trained')")

        assert (done.returncode, done.stdout) == (0, "trained\n")
        assert done.stderr.count("submarine: some tracking is lost") == 1

    def test_a_record_that_is_cut_off_by_a_limit_costs_only_itself(self, job):
        script = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # noqa: E731

        done = job.run(script + "for i in range(9): track.log_metric('a', i, i)", preexec_fn=limit)

        assert done.returncode == 0
        assert done.stderr.count("some tracking is lost") == 1
        assert len(scan(job.stream.read_bytes(), final=True).records) == 2

    def test_a_stderr_that_fails_too_is_no_obstacle(self, job):
        NoStream(job)

        assert job.run("sys.stderr = None; track.log_metric('loss', 1)").returncode == 0

    def test_after_a_fault_the_stream_is_tried_again(self, job):
        script = """
track.log_metric('a', 1)
track._stream._path, track._stream._descriptor = '/dev/full', None
track.log_metric('b', 1)
track._stream._path = __import__('os').environ['SUBMARINE_STREAM']
track.log_metric('c', 1)
"""
        job.run(script)

        assert [next(iter(record["m"])) for record in job.read()] == ["a", "c"]


class TestOutsideAJob:
    def test_nothing_happens(self, job):
        job.env = {}

        done = job.run(
            "track.log_metric('loss', 'wrong'); track.log_metrics({'a': None})\n"
            "track.log_params({'a': 1}); track.progress(7); track.artifact('missing')"
        )

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    def test_importing_it_imports_nothing_heavy(self, job):
        script = "print(*sorted({'json', 'hashlib', 'shutil', 'pathlib'} & set(sys.modules)))"

        assert job.run("track.log_metric('loss', 1.5, 2)\n" + script).stdout == "\n"


class TestArtifacts:
    def test_a_file_is_copied_with_its_hash(self, job):
        (job.folder / "model.pkl").write_bytes(b"weights")

        [record] = job.records("track.artifact('model.pkl')")

        assert record == {"a": "model.pkl", "size": 7, "sha256": sha256(b"weights").hexdigest()}
        assert (job.artifacts / "model.pkl").read_bytes() == b"weights"

    def test_a_name_may_lie_in_folders(self, job):
        (job.folder / "model.pkl").write_bytes(b"weights")

        [record] = job.records("track.artifact('model.pkl', 'best/one.pkl')")

        assert record["a"] == "best/one.pkl"
        assert listed(job.artifacts) == ["best"]

    def test_a_folder_is_replaced_whole(self, job):
        folder = job.folder / "checkpoint"
        (folder / "deep").mkdir(parents=True)
        (folder / "a").write_bytes(b"1")
        (folder / "deep" / "b").write_bytes(b"22")

        first = job.records("track.artifact('checkpoint')")
        (folder / "a").unlink()
        job.records("track.artifact('checkpoint')")

        assert [record["a"] for record in first] == ["checkpoint/a", "checkpoint/deep/b"]
        assert listed(job.artifacts) == ["checkpoint"]
        assert listed(job.artifacts / "checkpoint") == ["deep"]

    def test_a_file_that_lies_there_already_is_recorded(self, job):
        (job.artifacts / "plot.png").write_bytes(b"png")

        [record] = job.records("track.artifact('artifacts/plot.png')")

        assert (record["a"], listed(job.artifacts)) == ("plot.png", ["plot.png"])

    def test_a_link_to_a_file_is_the_file(self, job):
        (job.folder / "epoch-3.pt").write_bytes(b"weights")
        (job.folder / "latest.pt").symlink_to("epoch-3.pt")

        [record] = job.records("track.artifact('latest.pt')")

        assert record["a"] == "latest.pt"
        assert not (job.artifacts / "latest.pt").is_symlink()

    @pytest.mark.parametrize(
        "name", ["../x", "/x", "a/../../x", "", ".", "a//b", ".submarine-x", "a\nb"]
    )
    def test_a_name_that_leaves_the_folder_is_refused(self, job, name):
        (job.folder / "model.pkl").write_bytes(b"weights")

        done = job.run(f"track.artifact('model.pkl', {name!r})")

        assert "ValueError" in done.stderr
        assert listed(job.artifacts) == []

    def test_a_missing_file_is_named(self, job):
        assert "FileNotFoundError" in job.run("track.artifact('modle.pkl')").stderr

    def test_the_artifacts_folder_is_not_copied_into_itself(self, job):
        assert "ValueError" in job.run("track.artifact('.', 'all')").stderr
        assert listed(job.artifacts) == []

    def test_a_link_to_a_folder_inside_a_folder_is_refused(self, job):
        (job.folder / "run").mkdir()
        (job.folder / "run" / "loop").symlink_to("..")

        assert "is a link to a folder" in job.run("track.artifact('run')").stderr

    def test_a_disk_that_is_full_leaves_nothing_half_copied(self, job):
        (job.folder / "model.pkl").write_bytes(b"x" * 100_000)
        script = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # noqa: E731

        done = job.run(script + "track.artifact('model.pkl')", preexec_fn=limit)

        assert (done.returncode, listed(job.artifacts)) == (0, [])
        assert "artifact model.pkl" in done.stderr
