"""``%submarine`` in a real kernel of a real server, as a notebook sees it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MIME = "application/vnd.submarine.job+json"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def notebook(kernel):
    """A kernel with the extension loaded."""
    assert kernel.run("%load_ext submarine_ext") == []
    return kernel


def text(outputs: list[dict[str, Any]]) -> str:
    return "".join(output.get("text", "") for output in outputs if output["type"] == "stream")


def displayed(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [output["data"] for output in outputs if "data" in output]


def until_shown_over(messages: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The bundle that replaces a display once its job is over."""
    return next(m for m in messages if m["msg_type"] == "update_display_data")["content"]["data"]


class TestLoading:
    def test_imports_nothing_heavy_before_first_use(self):
        heavy = {"httpx", "rich", "ipywidgets", "websocket", "msgspec", "sqlalchemy", "tornado"}
        program = (
            "import sys\n"
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "shell = InteractiveShell.instance()\n"
            "before = set(sys.modules)\n"
            "shell.run_line_magic('load_ext', 'submarine_ext')\n"
            "print(*{m.split('.')[0] for m in set(sys.modules) - before})"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert heavy.isdisjoint(done.stdout.split())
        assert "submarine_ext" in done.stdout.split()

    def test_twice_does_no_harm(self, notebook):
        notebook.run("%reload_ext submarine_ext")
        assert "usage" in text(notebook.run("%submarine -h"))


class TestRun:
    def test_shows_one_display_with_all_its_forms_and_returns_at_once(self, notebook, tmp_path):
        gate = tmp_path / "gate"
        outputs = notebook.run(f"%submarine run wait.py -- {gate}")
        (data,) = displayed(outputs)
        assert {MIME, WIDGET, "text/html", "text/plain"} <= set(data)
        assert data[MIME]["project"] == "default"
        assert data[MIME]["base_url"] == "/at/"
        assert data[MIME]["id"] in data["text/plain"]
        gate.touch()
        notebook.run("_.wait()")

    def test_gives_back_the_job(self, notebook):
        outputs = notebook.run("job = %submarine run hello.py --name mine\nprint(job.name)")
        assert len(displayed(outputs)) == 1
        assert text(outputs) == "mine\n"
        assert text(notebook.run("print(job.wait().state)")) == "succeeded\n"

    def test_puts_the_job_into_the_underscore(self, notebook):
        notebook.run("%submarine run hello.py")
        assert text(notebook.run("print(_.wait().logs())")) == "hello\n\n"

    def test_runs_a_cell(self, notebook):
        notebook.run("%%submarine run --name cell --no-bundle\nprint(6 * 7)")
        assert text(notebook.run("print(_.wait().logs(), _.name)")) == "42\n cell\n"

    def test_fills_in_the_notebooks_variables(self, notebook):
        notebook.run("word = 'bonjour'")
        notebook.run("%submarine run -- echo {word}")
        assert text(notebook.run("print(_.wait().logs())")) == "bonjour\n\n"

    def test_waits_if_asked(self, notebook):
        outputs = notebook.run("job = %submarine run --wait hello.py\nprint(job.job.state)")
        assert text(outputs) == "succeeded\n"

    def test_shows_what_would_run_without_running_it(self, notebook):
        outputs = notebook.run("%submarine run --dry-run hello.py")
        assert '"script": "hello.py"' in text(outputs)
        assert "Nothing is known that would keep it from running on local." in text(outputs)
        assert displayed(outputs) == []

    def test_a_dry_run_reads_the_code(self, notebook):
        notebook.run("_ = open('lacks.py', 'w').write('import no_such_module')")
        outputs = notebook.run("%submarine run --dry-run lacks.py")
        assert "! environment: no_such_module is not installed" in text(outputs)

    def test_a_job_as_the_result_of_a_cell_shows_itself_again(self, notebook):
        notebook.run("job = %submarine run hello.py")
        (data,) = displayed(notebook.run("job"))
        assert MIME in data


class TestWidget:
    def test_is_replaced_by_how_the_job_ended(self, notebook):
        notebook.run("job = %submarine run train.py")
        data = until_shown_over(notebook.messages())
        assert data["text/plain"].startswith("✓ train.py")
        assert "  epoch 5" in data["text/plain"]
        assert "polyline" in data["text/html"]
        assert MIME in data

    def test_moves_while_the_job_runs(self, notebook, tmp_path):
        gate = tmp_path / "gate"
        notebook.run(f"job = %submarine run wait.py -- {gate}")
        values = []
        for message in notebook.messages():
            state = message["content"].get("data", {}).get("state", {})
            values += [state["value"]] if "value" in state else []
            if values and "waiting" in values[-1]:
                gate.touch()
            if message["msg_type"] == "update_display_data":
                break
        assert any("waiting" in value and "released" not in value for value in values)
        assert "released" in values[-1]

    def test_one_thread_serves_all_and_ends_with_the_last(self, notebook, tmp_path):
        gate = tmp_path / "gate"
        names = "[t.name for t in threading.enumerate()]"
        count = f"import threading; print({names}.count('submarine-feed'))"
        for _ in range(2):
            notebook.run(f"%submarine run wait.py --cpu 500m -- {gate}")
        assert text(notebook.run(count)) == "1\n"
        gate.touch()
        messages = notebook.messages()
        until_shown_over(messages)
        until_shown_over(messages)
        join = "[t.join(10) for t in threading.enumerate() if t.name == 'submarine-feed'];"
        assert text(notebook.run(f"import threading; {join}\n{count}")) == "0\n"

    def test_that_is_closed_follows_no_more(self, notebook, tmp_path):
        gate = tmp_path / "gate"
        notebook.run(f"job = %submarine run wait.py -- {gate}")
        notebook.run("import threading\nfrom ipywidgets import Widget")
        notebook.run("for shown in list(Widget.widgets.values()): shown.close()")
        ended = "[t.join(10) for t in threading.enumerate() if t.name == 'submarine-feed'];"
        names = "[t.name for t in threading.enumerate()]"
        said = text(
            notebook.run(f"{ended}\nprint('submarine-feed' in {names}, job.state.terminal)")
        )
        assert said == "False False\n"
        gate.touch()
        notebook.run("job.wait()")

    def test_keeps_up_with_a_storm_of_output_by_showing_its_end(self, notebook):
        source = "for n in range(400_000): print('line', n)"
        notebook.run(f"%%submarine run --no-bundle\n{source}")
        data = until_shown_over(notebook.messages())
        assert data["text/plain"].endswith("  line 399999")

    def test_shows_a_failure_with_its_reason(self, notebook):
        notebook.run("%submarine run fail.py")
        assert "✗ fail.py" in until_shown_over(notebook.messages())["text/plain"]

    def test_what_a_job_prints_is_text_in_it(self, notebook):
        notebook.run("%submarine run --no-bundle -- echo '<script>alert(1)</script>'")
        data = until_shown_over(notebook.messages())
        assert "<script>" not in data["text/html"]
        assert "&lt;script&gt;" in data["text/html"]


MISTAKES = {
    "%submarine rnu": "did you mean run?",
    "%submarine run --gup 1 hello.py": "did you mean --gpu?",
    "%submarine run helo.py": "did you mean hello.py?",
    "%submarine stop nothing": "No job's id begins with 'nothing'",
    "%submarine run 'x": "No closing quotation",
    "%submarine run --memory lots hello.py": "Kubernetes notation",
    "%submarine run --engine moon hello.py": "moon",
    "%%submarine jobs\nx": "%%submarine runs a cell",
}


class TestErrors:
    def test_are_one_plain_sentence_without_a_traceback(self, notebook):
        for line, sentence in MISTAKES.items():
            (output,) = notebook.run(line)
            assert output["type"] == "error"
            (shown,) = output["traceback"]
            assert sentence in shown
            assert "\n" not in shown
            assert "Traceback" not in shown

    def test_stop_the_cell_and_leave_the_kernel(self, notebook):
        outputs = notebook.run("%submarine rnu\nprint('not reached')")
        assert text(outputs) == ""
        assert text(notebook.run("print('alive')")) == "alive\n"

    def test_a_notebook_without_a_server_says_what_to_do(self, notebook):
        notebook.run("import os; os.environ['JUPYTER_RUNTIME_DIR'] = '/nowhere'")
        (output,) = notebook.run("%submarine jobs")
        assert "`jupyter lab`" in output["traceback"][0]


class TestCommands:
    def test_alone_it_says_where_we_are(self, notebook, server):
        said = text(notebook.run("%submarine"))
        assert server.url in said
        assert "engine local" in said

    def test_tell_of_an_earlier_job(self, notebook, client, work):
        job = client.run(script="train.py", tags=["mark"]).wait(60).id
        assert job in text(notebook.run("%submarine jobs --tag mark"))
        assert text(notebook.run(f"%submarine logs {job}")).endswith("epoch 5\n")
        assert text(notebook.run("%submarine logs -f last")).endswith("epoch 5\n")
        assert "loss" in text(notebook.run(f"%submarine metrics {job}"))
        (data,) = displayed(notebook.run(f"%submarine watch {job[:-1]}"))
        assert data[MIME]["id"] == job

    def test_retry_shows_the_next_attempt(self, notebook, client, work):
        job = client.run(script="hello.py").wait(60).id
        (data,) = displayed(notebook.run(f"%submarine retry {job}"))
        assert data[MIME]["id"] == job
        assert text(notebook.run("print(_.wait().job.attempt)")) == "2\n"

    def test_stop_stops(self, notebook, tmp_path):
        notebook.run(f"job = %submarine run wait.py -- {tmp_path / 'never'}")
        notebook.run("%submarine stop last")
        assert text(notebook.run("print(job.wait().state)")) == "cancelled\n"

    def test_interrupting_one_ends_it_and_not_the_job(self, notebook, client, work, tmp_path):
        gate = tmp_path / "gate"
        job = client.run(script="wait.py", args=[str(gate)])
        *_, error = notebook.run(f"%submarine logs -f {job.id}", lambda _: notebook.interrupt())
        assert error["traceback"] == ["Interrupted; jobs go on. `%submarine stop ID` stops one."]
        gate.touch()
        assert job.wait(60).state == "succeeded"

    def test_explain_themselves(self, notebook):
        for name in ("run", "jobs", "logs", "watch", "stop", "retry", "metrics"):
            assert f"usage: %submarine {name}" in text(notebook.run(f"%submarine {name} -h"))


COMPLETED = {
    "%submarine ru": "run",
    "job = %submarine run --mem": "--memory",
    "%%submarine run --g": "--gpu-type",
    "%submarine run --framework to": "torch",
    "%submarine jobs --state fa": "failed",
    "%submarine run hel": "hello.py",
    "%submarine stop la": "last",
}


def test_completion_offers_commands_options_values_files_and_ids(notebook, client, work):
    def completions(line: str) -> list[str]:
        source = f"print(get_ipython().complete(None, {line!r}, {len(line)})[1])"
        words: list[str] = ast.literal_eval(text(notebook.run(source)))
        return words

    for line, word in COMPLETED.items():
        assert word in completions(line)
    job = client.run(script="hello.py").wait(60).id
    assert job in completions(f"%submarine logs {job[:3]}")
    assert completions("%submarine run hello.py -- --mem") == []


def test_a_terminals_ipython_shows_text(server, work: Path):
    program = "%load_ext submarine_ext\njob = %submarine run --wait hello.py\n%submarine rnu\n"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner"],
        input=program, capture_output=True, text=True, cwd=work, timeout=60,
        env=server.environment | {"SUBMARINE_URL": server.url, "SUBMARINE_TOKEN": server.token},
    )  # fmt: skip
    assert "hello.py': …" in done.stdout
    assert "succeeded" in done.stdout
    assert "did you mean run?" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
