"""The client against a real server: jobs from submission to their last line."""

import threading
from itertools import islice
from pathlib import Path

import httpx
import pytest

from submarine_ext.client import Client
from submarine_ext.client.socket import EventSocket
from submarine_ext.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that a waiting job waits for."""
    return tmp_path / "gate"


def waiting(client: Client, gate: Path):
    return client.run(script="wait.py", args=[str(gate)], name="wait")


def through(relay, server) -> Client:
    return Client(str(httpx.URL(server.url).copy_with(port=relay.port)), server.token)


class TestAJob:
    def test_runs_the_working_folder_and_leaves_log_metrics_and_parameters(self, client, work):
        job = client.run(script="train.py").wait(60)
        assert job.state == "succeeded"
        assert job.logs() == "".join(f"epoch {n}\n" for n in range(1, 6))
        assert job.metrics()["loss"].value == [1 / n for n in range(1, 6)]
        assert job.metrics().params == {"lr": 0.1}
        assert job.name == "train.py"

    def test_waiting_ends_when_it_fails_and_says_why(self, client, work):
        job = client.run(script="fail.py").wait(60)
        assert (job.state, job.job.exit_code) == ("failed", 3)
        assert "3" in (job.job.reason or "")
        assert "✗" in repr(job)

    def test_waiting_ends_when_somebody_stops_it(self, client, work, gate):
        job = waiting(client, gate)
        threading.Thread(target=job.stop).start()
        assert job.wait(60).state == "cancelled"

    def test_waiting_gives_up_after_its_timeout_and_the_job_goes_on(self, client, work, gate):
        job = waiting(client, gate)
        with pytest.raises(TimeoutError, match="goes on running"):
            job.wait(0)
        gate.touch()
        assert job.wait(60).state == "succeeded"

    def test_waiting_shows_a_line_for_each_state(self, client, work):
        lines: list[str] = []
        client.run(script="train.py").wait(60, show=lines.append)
        assert lines[-1].startswith("succeeded")

    def test_watching_tells_of_every_change_up_to_the_end(self, client, work, gate):
        job = waiting(client, gate)
        states = []
        for seen in job.watch():
            states.append(str(seen.state))
            if seen.state == "running":
                gate.touch()
        assert states[-1] == "succeeded"
        assert "running" in states

    def test_its_log_can_be_followed_while_it_runs(self, client, work, gate):
        job = waiting(client, gate)
        text = ""
        for piece in job.follow():
            text += piece
            if "waiting" in piece:
                gate.touch()
        assert text == "waiting\nreleased\n"

    def test_a_storm_of_output_is_followed_without_a_gap(self, client):
        code = "for n in range(400_000): print('line', n)"
        job = client.run(command=["python3", "-c", code], folder=None)
        told = "".join(job.follow())
        assert told == "".join(f"line {n}\n" for n in range(400_000))

    def test_following_a_log_resumes_at_an_offset(self, client, work):
        job = client.run(script="hello.py").wait(60)
        assert "".join(client.jobs.logs(job.id, follow=True, offset=3)) == "lo\n"

    def test_the_end_of_a_log_can_be_read_alone(self, client, work):
        job = client.run(script="train.py").wait(60)
        assert "".join(client.jobs.logs(job.id, offset=-8)) == "epoch 5\n"

    def test_runs_again_as_its_next_attempt(self, client, work):
        job = client.run(script="hello.py").wait(60)
        again = job.retry().wait(60)
        assert again.job.attempt == 2
        assert job.logs(attempt=1) == job.logs(attempt=2) == "hello\n"

    def test_leaves_artifacts_that_can_be_saved_here(self, client, tmp_path):
        job = client.run(
            command=["sh", "-c", "echo 1 > out.csv"], outputs=["*.csv"], folder=None
        ).wait(60)
        assert [artifact.path for artifact in job.artifacts()] == ["out.csv"]
        assert job.download("out.csv", tmp_path).read_text() == "1\n"

    def test_an_artifact_that_is_not_there_leaves_no_file(self, client, tmp_path):
        job = client.run(command=["true"], folder=None).wait(60)
        with pytest.raises(NotFound):
            job.download("nothing.csv", tmp_path)
        assert list(tmp_path.glob("*nothing*")) == []

    def test_can_be_forgotten_once_it_is_over(self, client, work, gate):
        job = waiting(client, gate)
        with pytest.raises(Conflict):
            job.delete()
        gate.touch()
        job.wait(60).delete()
        with pytest.raises(NotFound):
            client.jobs.get(job.id)

    def test_runs_under_the_interpreter_of_whoever_submits(
        self, client, work, monkeypatch, tmp_path
    ):
        other = tmp_path / "bin" / "python"
        other.parent.mkdir()
        other.symlink_to(Path("/usr/bin/python3"))
        monkeypatch.setattr("sys.executable", str(other))
        assert client.run(script="hello.py").job.spec.environment == str(other)

    def test_names_no_interpreter_where_it_is_the_engines_own(self, client, work):
        assert client.run(script="hello.py").job.spec.environment is None


class TestFinding:
    def test_last_is_the_latest(self, client, work):
        job = client.run(script="hello.py")
        assert client.jobs.find("last").id == job.id
        job.wait(60)

    def test_the_beginning_of_an_id_is_enough_if_only_one_has_it(self, client, work):
        job = client.run(script="hello.py").wait(60)
        assert client.jobs.find(job.id[:-2]).id == job.id

    def test_a_beginning_that_several_have_names_them(self, client, work):
        first, second = (client.run(script="hello.py").wait(60) for _ in range(2))
        assert first.id[:1] == second.id[:1]
        with pytest.raises(Invalid, match=r"Several jobs begin with .* Write more of the id"):
            client.jobs.find(first.id[:1])

    def test_one_that_is_not_there_is_one_sentence(self, client):
        with pytest.raises(NotFound, match="No job's id begins with 'zzz'"):
            client.jobs.find("zzz")

    def test_lists_go_on_over_all_pages(self, client, work):
        ids = [client.run(script="hello.py").wait(60).id for _ in range(3)]
        assert [job.id for job in islice(client.jobs.list(limit=1), 3)] == ids[::-1]


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"command": ["true"], "nonsense": 1}, None),
            ({"command": "true"}, "command"),
            ({"command": ["true"], "resources": {"memory": "8 gigs"}}, "resources.memory"),
            ({"command": ["true"], "resources": {"gpu": -1}}, "resources.gpu"),
            ({"command": ["true"], "code": "1"}, "code"),
            ({"command": ["true"], "env": {"LD_PRELOAD": "x"}}, "env.LD_PRELOAD"),
            ({"script": "missing.py"}, "script"),
            ({"command": ["true"], "engine": "moon"}, "engine"),
        ],
    )
    def test_name_the_field_and_leave_nothing_half_created(self, client, work, fields, field):
        before = [job.id for job in client.jobs.list()]
        with pytest.raises(Invalid) as caught:
            client.run(**fields)
        assert caught.value.field == field
        assert [job.id for job in client.jobs.list()] == before

    def test_a_folder_over_the_limit_is_never_sent(self, client, tmp_path):
        with (tmp_path / "noise").open("wb") as noise, Path("/dev/urandom").open("rb") as source:
            for _ in range(100):
                noise.write(source.read(1_000_000))
        (tmp_path / "a.py").write_text("")
        with pytest.raises(TooLarge, match=r"noise \(95.4 MiB\)"):
            client.run(script="a.py", folder=tmp_path)


class AnswerLostAfterTheServerActed:
    """The request arrives, the server acts, and the wire breaks before the answer is here."""

    times = 2


class TestABrokenWire:
    def test_makes_no_second_job_of_one_submission(self, server, relay, work):
        with through(relay, server) as client:
            client.me()
            before = len(list(client.jobs.list()))
            relay.drop_answers = AnswerLostAfterTheServerActed.times
            job = client.jobs.submit(command=["true"], name="once")
            assert len(list(client.jobs.list())) == before + 1
            assert job.wait(60).state == "succeeded"

    def test_loses_and_repeats_no_line_of_a_followed_log(self, server, relay, work, gate):
        with through(relay, server) as client:
            job = waiting(client, gate)
            text = ""
            for piece in job.follow():
                text += piece
                relay.cut()
                gate.touch()
            assert text == "waiting\nreleased\n"

    def test_does_not_end_a_wait(self, server, relay, work, gate):
        with through(relay, server) as client:
            job = waiting(client, gate)
            cut = False
            for seen in job.watch():
                if seen.state == "running" and not cut:
                    relay.cut()
                    cut = True
                    gate.touch()
            assert cut
            assert job.job.state == "succeeded"

    def test_is_made_anew_as_often_as_it_takes(self, server, relay, work, gate):
        with through(relay, server) as client:
            job = waiting(client, gate)
            for seen in job.watch():
                if seen.state == "running" and not gate.exists():
                    relay.refuse = 3
                    relay.cut()
                    gate.touch()
            assert relay.refuse == 0
            assert job.job.state == "succeeded"

    def test_that_stays_broken_ends_a_wait_with_one_sentence(self, server, relay):
        with through(relay, server) as client:
            relay.close()
            socket = EventSocket(client.server, patience=0)
            with pytest.raises(Unavailable, match="does not answer"):
                list(socket.frames(tick=0.01))

    def test_that_stays_broken_is_one_sentence(self, server, relay, monkeypatch):
        monkeypatch.setattr("submarine_ext.client.transport.PAUSES", (0.0,))
        with through(relay, server) as client:
            relay.close()
            with pytest.raises(Unavailable, match="does not answer"):
                client.me()


def test_a_server_that_is_killed_and_comes_back_ends_no_wait(restarting, gate):
    server = restarting()
    with Client(server.url, server.token) as client:
        script = f"until test -e {gate}; do sleep 0.05; done"
        job = client.run(command=["sh", "-c", script], folder=None)
        states = []
        for seen in job.watch():
            states.append(str(seen.state))
            if seen.state == "running" and "running" not in states[:-1]:
                restarting()
                gate.touch()
        assert states[-1] == "succeeded"
