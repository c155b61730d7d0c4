"""One grammar for magics and the command line: what is understood, and what is said if not."""

from pathlib import Path

import pytest

from submarine_ext.cli.asked import asked, typed
from submarine_ext.cli.grammar import PARSERS, parse
from submarine_ext.cli.parsing import HelpAsked
from submarine_ext.client.jobs import spec_from
from submarine_ext.errors import Invalid


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("train.py", "train.ipynb", "run.sh"):
        (tmp_path / name).write_text("")
    return tmp_path


def run(*tokens: str, cell: str | None = None) -> dict[str, object]:
    return asked(parse("submarine", ["run", *tokens]), cell).fields


def refusal(*tokens: str, cell: str | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        asked(parse("submarine", list(tokens)), cell)
    return caught.value.detail


class TestWhatToRun:
    def test_a_python_file_is_a_script_and_its_arguments_come_after_the_dashes(self):
        assert run("train.py", "--name", "x", "--", "--lr", "0.1", "--", "-p") == {
            "script": "train.py",
            "args": ["--lr", "0.1", "--", "-p"],
            "name": "x",
        }

    def test_options_may_stand_on_both_sides_of_the_file(self):
        assert run("--gpu", "1", "train.py", "--memory", "8Gi")["resources"] == {
            "gpu": 1,
            "memory": "8Gi",
        }

    def test_a_notebook_takes_typed_parameters(self):
        fields = run("train.ipynb", "-p", "lr=0.1", "-p", "layers=[64, 32]", "-p", "name=a=b")
        assert fields == {
            "notebook": "train.ipynb",
            "parameters": {"lr": 0.1, "layers": [64, 32], "name": "a=b"},
        }

    def test_without_a_file_what_follows_the_dashes_is_the_command_word_by_word(self):
        assert run("--", "python", "-c", "print('a b')") == {
            "command": ["python", "-c", "print('a b')"]
        }

    def test_a_cell_is_its_own_code(self):
        assert run("--cpu", "2", cell="x = 1\n") == {"code": "x = 1\n", "resources": {"cpu": "2"}}

    def test_a_file_elsewhere_brings_its_own_folder(self, folder, tmp_path_factory):
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "other.py"
        elsewhere.write_text("")
        what = asked(parse("submarine", ["run", str(elsewhere)]))
        assert what.fields == {"script": "other.py"}
        assert what.folder == elsewhere.parent

    def test_a_file_below_keeps_its_path_and_the_working_folder_travels(self, folder):
        (folder / "src").mkdir()
        (folder / "src" / "a.py").write_text("")
        what = asked(parse("submarine", ["run", "src/a.py"]))
        assert (what.fields, what.folder) == ({"script": "src/a.py"}, folder)


def test_every_option_lands_in_the_spec_and_none_is_ignored():
    fields = run(
        "train.py", "--name", "n", "--cpu", "2", "--memory", "1Gi", "--gpu", "1", "--gpu-type",
        "a100", "--nodes", "2", "--processes", "3", "--framework", "torch", "--env", "A=b=c",
        "--retries", "2", "--timeout", "15m", "--tag", "x", "--tag", "y", "--output", "*.csv",
        "--priority", "-5", "--engine", "local", "--python", "/usr/bin/python3",
    )  # fmt: skip
    spec = spec_from({**fields, "bundle": "0" * 64})
    assert fields == {
        "script": "train.py",
        "name": "n",
        "resources": {"cpu": "2", "memory": "1Gi", "gpu": 1, "gpu_type": "a100"},
        "distributed": {"framework": "torch", "nodes": 2, "processes_per_node": 3},
        "env": {"A": "b=c"},
        "retries": 2,
        "timeout_seconds": 900,
        "tags": ["x", "y"],
        "outputs": ["*.csv"],
        "priority": -5,
        "engine": "local",
        "environment": "/usr/bin/python3",
    }
    assert spec.distributed.ranks == 6


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1", 0.1), ("3", 3), ("true", True), ("False", False), ("null", None), ("None", None),
     ('"3"', "3"), ("adam", "adam"), ("[1, 2]", [1, 2]), ("1e-3", 0.001), ("NaN", "NaN"),
     ("", ""), ("{broken", "{broken")],
)  # fmt: skip
def test_a_parameter_is_json_where_it_can_be_and_text_where_not(text, value):
    assert typed(text) == value
    assert type(typed(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400)]
)
def test_a_duration_may_have_a_unit(text, seconds):
    assert run("train.py", "--timeout", text)["timeout_seconds"] == seconds


class TestWhatIsSaid:
    @pytest.mark.parametrize(
        ("tokens", "sentence"),
        [
            (["rnu"], "did you mean run?"),
            (["stat"], "Commands: run, jobs, logs"),
            (["run", "--memroy", "8Gi", "train.py"], "did you mean --memory?"),
            (["run", "train.py", "--lr", "0.1"], "Arguments of a script come after --"),
            (["run", "python", "train.py"], "so does a whole command (run -- python -m tool)"),
            (["run", "trian.py"], "did you mean train.py?"),
            (["run", "run.sh"], "run -- run.sh"),
            (["run"], "a script, a notebook, or a command after --"),
            (["run", "--name"], "--name needs a value"),
            (["run", "--gpu", "x", "train.py"], "'x' is not a whole number"),
            (["run", "--timeout", "soon", "train.py"], "'soon' is not a duration"),
            (["run", "--env", "A", "train.py"], "write NAME=VALUE, not 'A'"),
            (["run", "--framework", "pytorch", "train.py"], "--framework: invalid choice"),
            (["run", "train.py", "-p", "lr=1"], "-p is for notebooks"),
            (["run", "train.ipynb", "--", "x"], "not arguments after --"),
            (["run", "--wait", "--detach", "train.py"], "not allowed with argument --wait"),
            (["run", "--no-bundle", "train.py"], "leave --no-bundle out"),
            (["stop"], "the following arguments are required: ID"),
            (["logs", "last", "--", "x"], "takes nothing after --"),
        ],
    )
    def test_a_sentence_says_what_was_meant_or_what_to_do(self, tokens, sentence):
        assert sentence in refusal(*tokens)

    @pytest.mark.parametrize("tokens", [["train.py"], ["--", "ls"], ["-p", "a=1"]])
    def test_a_cell_runs_nothing_but_itself(self, tokens):
        assert refusal("run", *tokens, cell="x = 1")

    def test_an_empty_cell_is_refused(self):
        assert "empty" in refusal("run", cell=" \n")

    def test_options_are_never_guessed_from_their_beginning(self):
        assert "no option --mem" in refusal("run", "--mem", "8Gi", "train.py")


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_explains_itself(name):
    with pytest.raises(HelpAsked, match=f"usage: %submarine {name}"):
        parse("%submarine", [name, "-h"])


def test_the_overview_names_every_command():
    with pytest.raises(HelpAsked) as caught:
        parse("submarine", ["-h"])
    assert all(name in str(caught.value) for name in PARSERS)


def test_help_wins_over_everything_else_that_is_wrong():
    with pytest.raises(HelpAsked):
        parse("submarine", ["run", "-h", "--nonsense"])


def test_no_words_ask_where_we_are():
    assert parse("submarine", []).command == "where"


@pytest.mark.parametrize("name", ["logs", "watch", "metrics"])
def test_reading_is_about_the_latest_job_unless_another_is_named(name):
    assert parse("submarine", [name]).id == "last"
