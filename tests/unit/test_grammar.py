"""One grammar for magics and the command line: what is understood, and what is said if not."""

from pathlib import Path

import pytest

from submarine_ext.cli.asked import asked, typed
from submarine_ext.cli.commands import COMMANDS
from submarine_ext.cli.grammar import FIRST, GROUPS, PARSERS, parse, parser, verbs
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
        "--secret", "API_KEY",
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
        "secrets": ["API_KEY"],
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
            (["projects"], "did you mean project?"),
            (["use", "vision"], "did you mean project use?"),
            (["project", "us"], "did you mean use? It has list, use, create"),
            (["project", "vision"], "`submarine project -h` explains them"),
            (["project", "share", "vision"], "are required: SUBJECT"),
            (["share", "bob", "--role", "boss"], "--role: invalid choice"),
            (["share", "bob", "--rolle", "editor"], "did you mean --role?"),
            (["project", "visibility", "vision", "public"], "VISIBILITY: invalid choice"),
            (["project", "break-glass", "vision"], "one of the arguments --reason --end"),
            (["history", "a.ipynb", "--diff", "1", "--restore", "2"], "not allowed with argument"),
            (["users", "quota", "bob", "--jobs", "many"], "'many' is not a whole number"),
            (["users", "quota", "bob", "--gpu-hours", "x"], "'x' is not a number of hours"),
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
        parse("%submarine", [*name.split(), "-h"])


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_explains_its_commands(group):
    with pytest.raises(HelpAsked) as caught:
        parse("submarine", [group, "-h"])
    assert all(f"{group} {verb} " in str(caught.value) for verb in verbs(group))


def test_every_command_that_is_understood_can_be_done():
    assert {*COMMANDS, "run"} - {"where"} == set(PARSERS)


def test_the_overview_names_every_command():
    with pytest.raises(HelpAsked) as caught:
        parse("submarine", ["-h"])
    assert all(f"  {name} " in str(caught.value) for name in FIRST)


def test_help_wins_over_everything_else_that_is_wrong():
    with pytest.raises(HelpAsked):
        parse("submarine", ["run", "-h", "--nonsense"])


def test_no_words_ask_where_we_are():
    assert parse("submarine", []).command == "where"


@pytest.mark.parametrize("name", ["logs", "watch", "metrics"])
def test_reading_is_about_the_latest_job_unless_another_is_named(name):
    assert parse("submarine", [name]).id == "last"


class TestGroups:
    @pytest.mark.parametrize(
        ("tokens", "command"),
        [
            (["project"], "project list"),
            (["project", "--json"], "project list"),
            (["teams"], "teams list"),
            (["users"], "users search"),
            (["secrets", "--project", "vision"], "secrets list"),
        ],
    )
    def test_alone_are_their_most_harmless_command(self, tokens, command):
        assert parse("submarine", tokens).command == command

    def test_a_project_can_be_shared_in_both_spellings(self):
        one = parse("submarine", ["project", "share", "vision", "bob", "--role", "editor"])
        other = parse("submarine", ["share", "bob", "--role", "editor", "--project", "vision"])
        told = [(o.project, o.subject, o.role) for o in (one, other)]
        assert told == [("vision", "bob", "editor")] * 2

    def test_options_may_stand_between_two_words(self):
        options = parse("submarine", ["import", "a.json", "--project", "vision", "b.ipynb"])
        assert (options.note, options.path, options.project) == ("a.json", "b.ipynb", "vision")

    def test_a_limit_that_is_not_named_is_not_there_and_none_is_no_limit(self):
        options = vars(parse("submarine", ["users", "quota", "bob", "--jobs", "none"]))
        assert options["jobs"] is None
        assert "cpu" not in options


@pytest.mark.parametrize(
    ("words", "metavar"),
    [
        ([], "PROJECT"),
        (["vision"], "SUBJECT"),
        (["vision", "--role"], None),
        (["--role", "editor"], "PROJECT"),
        (["--role", "editor", "vision"], "SUBJECT"),
    ],
)
def test_the_grammar_knows_what_comes_next(words, metavar):
    expected = parser("submarine", "project share").expected(words)
    assert expected is not None
    assert expected.metavar == metavar


def test_after_the_last_word_nothing_comes():
    assert parser("submarine", "project share").expected(["vision", "bob"]) is None
