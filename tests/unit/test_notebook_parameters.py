"""Parameters are checked against what the notebook declares."""

import json

import pytest

from submarine_ext.domain.notebooks import check_parameters, declared, parse
from submarine_ext.errors import Invalid


def notebook(*sources, tagged=0):
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": ["parameters"]} if number == tagged else {},
        }
        for number, source in enumerate(sources)
    ]
    return parse(json.dumps({"cells": cells, "nbformat": 4}).encode(), "n.ipynb")


def test_names_assigned_in_the_tagged_cell_are_its_parameters():
    found = declared(notebook("lr = 0.1\nepochs: int = 3\na, b = 1, 2", "other = 1"))
    assert found == ["lr", "epochs"]


def test_a_source_may_be_a_list_of_lines():
    assert declared(notebook(["lr = 0.1\n", "n = 2"])) == ["lr", "n"]


def test_a_mistyped_parameter_says_what_was_meant():
    with pytest.raises(Invalid, match="did you mean epochs") as caught:
        check_parameters(notebook("epochs = 3"), {"epoch": 1}, "n.ipynb")
    assert caught.value.field == "parameters.epoch"


def test_a_notebook_without_the_tag_says_how_to_add_it():
    with pytest.raises(Invalid, match="tag the cell"):
        check_parameters(notebook("lr = 1", tagged=None), {"lr": 1}, "n.ipynb")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"cells": 1}', b"\xff\xfe"])
def test_what_is_no_notebook_is_refused(content):
    with pytest.raises(Invalid) as caught:
        parse(content, "n.ipynb")
    assert caught.value.field == "notebook"
