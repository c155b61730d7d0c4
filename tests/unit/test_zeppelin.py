"""Zeppelin notes become notebooks, and come back as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submarine_ext.domain.notebooks import without_outputs
from submarine_ext.domain.zeppelin import notebook
from submarine_ext.domain.zeppelin_export import note
from submarine_ext.errors import Invalid

NOTES = Path(__file__).parent / "zeppelin"
NAMES = sorted(path.name for path in NOTES.iterdir())
#: What only lives while Zeppelin runs.
PASSING = ("runtimeInfos", "apps", "angularObjects")


def example(name: str) -> dict[str, Any]:
    return json.loads((NOTES / name).read_text())


def lasting(one: dict[str, Any]) -> dict[str, Any]:
    """A note as the export may write it: one ``results`` instead of the older ``result``."""
    fields = {key: value for key, value in one.items() if key not in PASSING}
    fields["paragraphs"] = [_paragraph(p) for p in one["paragraphs"]]
    return fields


def _paragraph(fields: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in fields.items() if key not in (*PASSING, "result")}
    if "result" in fields:
        old = fields["result"]
        message = {"type": old["type"], "data": old["msg"]}
        kept["results"] = {"code": old["code"], "msg": [message]}
    return {"text": "", **kept}


def through(book: dict[str, Any]) -> dict[str, Any]:
    """The notebook after it was saved and read again."""
    return json.loads(json.dumps(book))


def one(text: str, *messages: tuple[str, str], code: str = "SUCCESS", **more: Any) -> Any:
    results = {"code": code, "msg": [{"type": kind, "data": data} for kind, data in messages]}
    paragraph = {"text": text, **({"results": results} if messages else {}), **more}
    return notebook({"paragraphs": [paragraph]})["cells"][0]


@pytest.mark.parametrize("name", NAMES)
class TestEveryExample:
    def test_becomes_a_valid_notebook(self, name):
        nbformat.validate(notebook(example(name)))

    def test_comes_back_with_everything_but_what_lives_in_zeppelin_only(self, name):
        whole = example(name)
        assert note(through(notebook(whole)), "x") == lasting(whole)

    def test_keeps_results_where_outputs_are_and_nowhere_else(self, name):
        """An internal reader of a project gets notebooks without outputs."""
        whole = example(name)
        for paragraph in whole["paragraphs"]:
            rendered = str(paragraph.get("text")).startswith(("%md", "%angular"))
            for message in [] if rendered else paragraph.get("results", {}).get("msg", []):
                message["data"] = "CANARY"
        stripped = without_outputs(json.dumps(notebook(whole)).encode())
        assert stripped is not None
        assert b"CANARY" not in stripped


class TestLanguages:
    @pytest.mark.parametrize(
        ("name", "kernel"),
        [
            ("bikes.zpln", "python3"),
            ("spark-0.8.json", "scala"),
            ("old-result.json", "python3"),
            ("r-basics.zpln", "ir"),
        ],
    )
    def test_the_language_of_most_paragraphs_is_the_kernel(self, name, kernel):
        assert notebook(example(name))["metadata"]["kernelspec"]["name"] == kernel

    def test_a_note_of_text_only_is_python(self):
        book = notebook({"paragraphs": [{"text": "%md\nhi"}]})
        assert book["metadata"]["kernelspec"]["name"] == "python3"

    def test_paragraphs_without_an_interpreter_are_in_the_default_one(self):
        for default, kernel in (("r", "ir"), ("python", "python3"), (None, "scala")):
            book = notebook({"paragraphs": [{"text": "1"}], "defaultInterpreterGroup": default})
            assert book["metadata"]["kernelspec"]["name"] == kernel
            assert book["cells"][0]["source"] == "1"

    @pytest.mark.parametrize(
        ("text", "source"),
        [
            ("%python\nx = 1", "x = 1"),
            ("%spark.pyspark\n\n  x = 1\n", "  x = 1\n"),
            ("%sh ls -l", "%%bash\nls -l"),
            ("%spark.sql\nselect 1", "%%sql\nselect 1"),
            ("%jdbc(db)\nselect 1", "%%sql\nselect 1"),
            ("%html\n<b>x</b>", "%%html\n<b>x</b>"),
            ("%r\nplot(x)", "%%R\nplot(x)"),
            ("%spark\nval x = 1", "%%spark\nval x = 1"),
            ("%flink.ssql\nselect 1", "%%sql\nselect 1"),
            ("%cassandra.cql\nx", "%%cassandra_cql\nx"),
            ("val x = 1", "%%spark\nval x = 1"),
            ("100 % 7", "%%spark\n100 % 7"),
            ("", ""),
        ],
    )
    def test_other_interpreters_become_cell_magics(self, text, source):
        python = [{"text": "%python\n1"}] * 2
        cell = notebook({"paragraphs": [*python, {"text": text}]})["cells"][2]
        assert (cell["cell_type"], cell["source"]) == ("code", source)

    def test_a_text_paragraph_is_a_text_cell(self):
        cell = one("%md\n\n# Title", ("HTML", "<h1>Title</h1>"))
        assert (cell["cell_type"], cell["source"]) == ("markdown", "# Title")

    def test_what_only_zeppelin_can_show_is_a_raw_cell(self):
        cell = one("%angular\n<b ng-if='x'>y</b>")
        assert (cell["cell_type"], cell["source"]) == ("raw", "<b ng-if='x'>y</b>")

    def test_a_title_is_the_name_of_its_cell(self):
        assert one("1", title="Load")["metadata"]["name"] == "Load"
        assert "name" not in one("1", title="  ")["metadata"]


class TestResults:
    def test_text_is_printed(self):
        assert one("1", ("TEXT", "2\n"))["outputs"] == [
            {"output_type": "stream", "name": "stdout", "text": "2\n"}
        ]

    def test_an_error_is_printed_as_one(self):
        assert one("1", ("TEXT", "no"), code="ERROR")["outputs"][0]["name"] == "stderr"

    def test_a_table_is_shown_as_one_with_its_cells_escaped(self):
        (output,) = one("1", ("TABLE", "a\tb\n1\t<script>x</script>"))["outputs"]
        html = output["data"]["text/html"]
        assert "<th>a</th><th>b</th>" in html
        assert "<td>&lt;script&gt;x&lt;/script&gt;</td>" in html
        assert output["data"]["text/plain"] == "a\tb\n1\t<script>x</script>"

    @pytest.mark.parametrize(
        ("kind", "data", "mime"),
        [
            ("HTML", "<p>", "text/html"),
            ("IMG", "iVBORw0KGgo=", "image/png"),
            ("IMG", "no picture", "text/plain"),
            ("SVG", "<svg/>", "image/svg+xml"),
            ("ANGULAR", "{{constructor}}", "text/plain"),
            ("NETWORK", "{}", "text/plain"),
            ("LATER", "?", "text/plain"),
        ],
    )
    def test_each_type_has_its_place(self, kind, data, mime):
        (output,) = one("1", (kind, data))["outputs"]
        assert output["data"] == {mime: data}


class TestBadNotes:
    @pytest.mark.parametrize(
        ("bad", "field"),
        [
            ({}, "note.paragraphs"),
            ({"paragraphs": {}}, "note.paragraphs"),
            ({"paragraphs": ["x"]}, "note.paragraphs[0]"),
            ({"paragraphs": [{}, {}, {}, {"text": 3}]}, "note.paragraphs[3].text"),
            ({"paragraphs": [{"title": []}]}, "note.paragraphs[0].title"),
            ({"paragraphs": [{"config": "x"}]}, "note.paragraphs[0].config"),
            ({"paragraphs": [{"results": {"msg": [1]}}]}, "note.paragraphs[0].results.msg[0]"),
            (
                {"paragraphs": [{"results": {"msg": [{"type": 1}]}}]},
                "note.paragraphs[0].results.msg[0].type",
            ),
            ({"paragraphs": [], "name": 1}, "note.name"),
        ],
    )
    def test_are_refused_naming_the_field(self, bad, field):
        with pytest.raises(Invalid) as refused:
            notebook(bad)
        assert refused.value.field == field
        assert field in refused.value.detail


class TestExport:
    def book(self, *cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
        return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}

    def code(self, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
        cell = {"cell_type": "code", "metadata": {}, "source": source, "id": "a"}
        return {**cell, "outputs": list(outputs), "execution_count": None}

    def test_cells_are_paragraphs_of_the_kernels_interpreter(self):
        spec = {"name": "ir", "display_name": "R", "language": "R"}
        made = note(self.book(self.code("x <- 1"), kernelspec=spec), "a")
        assert made["paragraphs"][0]["text"] == "%r\nx <- 1"
        assert made["defaultInterpreterGroup"] == "r"

    def test_a_changed_cell_takes_its_change_along(self):
        book = notebook({"paragraphs": [{"text": "%sh(x=1)\n\nls", "id": "p1"}], "id": "n"})
        book["cells"][0]["source"] += "\npwd"
        book["cells"][0]["metadata"]["name"] = "Where"
        made = note(book, "a")
        assert made["paragraphs"] == [{"title": "Where", "text": "%sh(x=1)\n\nls\npwd", "id": "p1"}]

    def test_a_cell_that_is_something_else_by_now_goes_as_that(self):
        book = notebook({"paragraphs": [{"text": "%sh\nls"}, {"text": "%python\n# T"}]})
        book["cells"][0]["source"] = "import os"
        text = {"cell_type": "markdown", "source": "# T"}
        book["cells"][1] = {**text, "metadata": book["cells"][1]["metadata"], "id": "b"}
        assert [p["text"] for p in note(book, "a")["paragraphs"]] == [
            "%python\nimport os",
            "%md\n# T",
        ]

    def test_jupyters_outputs_become_results(self):
        shown = {"output_type": "execute_result", "metadata": {}, "execution_count": 1}
        failed = {"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["a", "b"]}
        cell = self.code(
            "1",
            {"output_type": "stream", "name": "stdout", "text": "hi\n"},
            {**shown, "data": {"text/plain": "t", "text/html": "<b>"}},
            {**shown, "data": {"text/plain": "t", "image/png": "AAAA"}},
            {**shown, "data": {"text/plain": "t"}},
            {**shown, "data": {"image/jpeg": '"><script>'}},
            failed,
        )
        results = note(self.book(cell), "a")["paragraphs"][0]["results"]
        assert results["code"] == "ERROR"
        assert [(m["type"], m["data"]) for m in results["msg"]] == [
            ("TEXT", "hi\n"),
            ("HTML", "<b>"),
            ("IMG", "AAAA"),
            ("TEXT", "t"),
            ("HTML", '<img src="data:image/jpeg;base64,&quot;&gt;&lt;script&gt;">'),
            ("TEXT", "a\nb"),
        ]

    def test_what_is_no_mark_of_ours_does_no_harm(self):
        cell = self.code("1")
        cell["metadata"]["zeppelin"] = {"prefix": 3, "paragraph": []}
        assert note(self.book(cell, zeppelin=7), "a")["paragraphs"][0]["text"] == "%python\n1"


WORDS = st.text(alphabet="ab%\n \t(){}\"'é<\u2028\\.", max_size=12)
INTERPRETER = st.sampled_from(
    ["", "%md", "%python", "%spark.pyspark(a=b)", "%spark", "%sh", "%sql", "%r", "%angular", "%x.y"]
)
BETWEEN = st.sampled_from(["\n", " ", "\n\n", " \n", "\r\n"])
MESSAGE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["TEXT", "TABLE", "HTML", "IMG", "ANGULAR", "NETWORK", "SVG"]),
        "data": WORDS,
    }
)
RESULTS = st.fixed_dictionaries(
    {"code": st.sampled_from(["SUCCESS", "ERROR"]), "msg": st.lists(MESSAGE, max_size=3)}
)
PARAGRAPH = st.fixed_dictionaries(
    {
        "text": st.builds(lambda a, b, c: a + b + c if a else c, INTERPRETER, BETWEEN, WORDS),
        "id": st.text(max_size=5),
        "config": st.dictionaries(st.sampled_from(["colWidth", "title"]), st.booleans()),
    },
    optional={"title": WORDS, "results": RESULTS, "status": st.just("FINISHED")},
)
ANY_NOTE = st.fixed_dictionaries(
    {"paragraphs": st.lists(PARAGRAPH, max_size=5), "name": WORDS, "id": WORDS},
    optional={"defaultInterpreterGroup": st.sampled_from(["spark", "python", "r", "other"])},
)


@settings(deadline=None)
@given(ANY_NOTE)
def test_any_note_comes_back_as_it_was(whole):
    """Catches an export that writes ``%name`` anew instead of what stood there."""
    book = through(notebook(whole))
    nbformat.validate(book)
    assert note(book, "x") == whole


CELL = st.builds(
    lambda kind, source, name: {
        "cell_type": kind,
        "metadata": {"name": name} if name else {},
        "source": source,
        **({"outputs": [], "execution_count": None} if kind == "code" else {}),
    },
    st.sampled_from(["code", "markdown", "raw"]),
    st.one_of(
        WORDS, st.builds("".join, st.tuples(st.sampled_from(["%%bash\n", "%%sql", "%md "]), WORDS))
    ),
    st.sampled_from(["", "Title"]),
)
SPEC = st.sampled_from(["python3", "ir", "scala", "julia-1.9"])


@settings(deadline=None)
@given(st.lists(CELL, max_size=5), SPEC)
def test_any_notebook_comes_back_with_its_cells(cells, spec):
    metadata = {"kernelspec": {"name": spec, "display_name": spec}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    back = notebook(json.loads(json.dumps(note(book, "x"))))
    assert back["metadata"] == metadata
    assert [{k: v for k, v in cell.items() if k != "id"} for cell in back["cells"]] == cells
