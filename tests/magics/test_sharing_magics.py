"""``%submarine`` in the kernels of people who share: which project is meant, what is asked."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.magics.conftest import Kernel

MIME = "application/vnd.submarine.job+json"


@pytest.fixture
def kernels(shared_server) -> Iterator[Callable[[str], Kernel]]:
    """Kernels of alice's server with the extension loaded, by the notebook's path."""
    made: list[Kernel] = []

    def start(path: str) -> Kernel:
        made.append(Kernel(shared_server, path))
        assert made[-1].run("%load_ext submarine_ext") == []
        return made[-1]

    yield start
    for kernel in made:
        kernel.close()


@pytest.fixture
def notebook(kernels) -> Kernel:
    return kernels("test.ipynb")


def text(outputs: list[dict[str, Any]]) -> str:
    return "".join(output.get("text", "") for output in outputs if output["type"] == "stream")


def refusal(outputs: list[dict[str, Any]]) -> str:
    (output,) = outputs
    (sentence,) = output["traceback"]
    return sentence


class TestTheProjectThatIsMeant:
    def test_is_chosen_for_this_kernel_its_clients_and_its_commands(self, notebook, vision):
        said = text(notebook.run(f"%submarine project use {vision}"))
        assert said == f"{vision} is the project now, as long as this kernel runs.\n"
        assert f"project {vision} (Vision): you are its owner" in text(notebook.run("%submarine"))
        notebook.run("from submarine_ext import Client")
        assert text(notebook.run("print(Client().project)")) == f"{vision}\n"
        program = "import sys\n!{sys.executable} -m submarine_ext.cli.main"
        assert f"project {vision}" in text(notebook.run(program))
        notebook.run("%submarine project use")
        assert "project default" in text(notebook.run("%submarine"))

    def test_is_another_kernels_own_affair(self, notebook, kernels, vision):
        notebook.run(f"%submarine project use {vision}")
        assert "project default" in text(kernels("other.ipynb").run("%submarine"))

    def test_is_the_notebooks_own_where_it_lies_in_one(self, kernels, person, vision):
        person("alice").files(vision).save("hello.py", "print('from the project')\n")
        notebook = kernels(f"submarine:{vision}/test.ipynb")
        (shown,) = notebook.run("job = %submarine run hello.py")
        assert shown["data"][MIME]["project"] == vision
        assert text(notebook.run("print(job.wait().logs())")) == "from the project\n\n"
        assert list(person("alice").jobs.get(shown["data"][MIME]["id"]).job.versions) == [
            "hello.py"
        ]


class TestCommands:
    def test_share_and_tell(self, notebook, vision, person):
        said = text(notebook.run(f"%submarine project share {vision} bob --role editor"))
        assert said == f"bob is editor of {vision} now.\n"
        assert person("bob").projects.get(vision).role == "editor"
        assert "bob" in text(notebook.run(f"%submarine project members {vision}"))

    def test_show_what_changed_in_colour(self, notebook, vision, person):
        files = person("alice").files(vision)
        files.save("a.txt", "one\n")
        files.save("a.txt", "two\n")
        first = files.history("a.txt")[0].id
        said = text(notebook.run(f"%submarine history a.txt --diff {first} --project {vision}"))
        assert "\x1b[31m-one\x1b[0m" in said
        assert "\x1b[32m+two\x1b[0m" in said

    def test_show_viewers_a_job_without_its_log(self, notebook, vision, person):
        alice = person("alice")
        alice.projects.share(vision, "bob", "viewer")
        job = alice.run(command=["echo", "private"], folder=None, project=vision).wait(60)
        notebook.run("import os; os.environ['SUBMARINE_TOKEN'] = 'token-bob'")
        notebook.run(f"%submarine watch {job.id}")
        shown = next(m["content"]["data"]["text/plain"] for m in notebook.messages()
                     if m["msg_type"] == "update_display_data")  # fmt: skip
        assert "succeeded" in shown
        assert "read the logs of jobs" in shown
        assert "private" not in shown

    def test_ask_for_a_secret_and_leave_no_trace_of_it(self, notebook, vision, person):
        outputs = notebook.run(
            f"%submarine secrets set KEY --project {vision}", typed="s3cr3t-value"
        )
        assert "s3cr3t" not in str(outputs)
        assert [secret.name for secret in person("alice").secrets(vision).list()] == ["KEY"]

    def test_say_where_a_secret_can_be_typed_if_not_here(self, notebook, vision):
        line = f"%submarine secrets set KEY --project {vision}"
        assert refusal(notebook.run(line)) == "This notebook cannot ask you: use a terminal."
        assert "--stdin is for terminals" in refusal(notebook.run(f"{line} --stdin"))

    def test_that_cannot_be_undone_want_a_yes(self, notebook, vision):
        notebook.run(f"%submarine project delete {vision}")
        line = f"%submarine project delete {vision} --purge"
        assert refusal(notebook.run(line)).endswith("Add --yes to do it.")
        assert text(notebook.run(f"{line} --yes")) == f"{vision} is gone.\n"

    def test_that_name_nothing_say_what_was_meant(self, notebook, vision):
        assert f"did you mean {vision}?" in refusal(
            notebook.run(f"%submarine project show {vision[:-1]}")
        )
        assert "did you mean project use?" in refusal(notebook.run("%submarine use x"))


def test_completion_offers_groups_names_choices_and_paths(notebook, vision, person):
    person("alice").files(vision).save("train.txt", "x")
    notebook.run(f"%submarine project use {vision}")

    def completions(line: str) -> list[str]:
        source = f"print(get_ipython().complete(None, {line!r}, {len(line)})[1])"
        words: list[str] = ast.literal_eval(text(notebook.run(source)))
        return words

    offered = {
        "%submarine proj": "project",
        "%submarine project vis": "visibility",
        "%submarine project use visi": vision,
        "%submarine jobs --project visi": vision,
        f"%submarine project visibility {vision} int": "internal",
        "%submarine share bo": "bob",
        "%submarine share bob --role ed": "editor",
        "%submarine history tr": "train.txt",
        "%submarine users quota bob --gp": "--gpu-hours",
    }
    for line, word in offered.items():
        assert word in completions(line), line
