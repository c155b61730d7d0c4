"""What can be read off code before it runs, and above all where nothing is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submarine_ext.domain.sources import KERNEL_NAMES, magics, needs, plain

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))

#: Code, and the names that it needs and does not define.
NAMES = [
    ("print(df.head())", ["df"]),
    ("for epoch in range(3):\n    loss = step(model, epoch)\n", ["step", "model"]),
    ("model.fit(x)\nmodel = 1\n", ["x"]),  # it is defined somewhere; the order is Python's matter
    ("def f(a):\n    return a + weight\n", ["weight"]),
    ("[row for row in rows]", ["rows"]),
    ("class A(Base):\n    b = c\n", ["Base", "c"]),
    ("result = await fetch(url)", ["fetch", "url"]),
    ("lambda q: q * scale", ["scale"]),
    ("import numpy as np\nnp.array(values)", ["values"]),
]
#: Code that only seems to need something.
NOTHING = [
    "import os\nprint(os.name, __name__, __file__, len([]))",
    "from math import *\nprint(pi)",
    "exec('x = 1')\nprint(x)",
    "globals()['x'] = 1\nprint(x)",
    "def top(found):\n    return found",
    "def f():\n    global g\n    g = 1\nf()\nprint(g)",
    "with open(__file__) as file, open(0) as other:\n    print(file, other)",
    "try:\n    import torch\nexcept ImportError as error:\n    torch = None\nprint(torch)",
    "match [1]:\n    case [first, *rest]:\n        print(first, rest)",
    "if (n := len('a')) > 1:\n    print(n)",
    "class A:\n    x = 1\n    def f(self):\n        return self.x, __class__\n",
    "from __future__ import annotations\ndef f(a: Tensor) -> Tensor: ...",
    "x: int\nx = 1\ndel x",
    "def outer():\n    kept = 1\n    def inner():\n        nonlocal kept\n        kept += 1\n",
]


class TestNames:
    @pytest.mark.parametrize(("code", "names"), NAMES)
    def test_what_nobody_defines_is_named(self, code: str, names: list[str]) -> None:
        assert [mention.name for mention in needs(code).names] == names

    @pytest.mark.parametrize("code", NOTHING)
    def test_nothing_is_said_of_what_may_be_there(self, code: str) -> None:
        found = needs(code)
        assert (found.names, found.broken) == ([], None)

    def test_the_first_line_is_told(self) -> None:
        (mention,) = needs("\n\nuse(1)\nuse(2)\n").names
        assert mention.line == 3

    def test_a_kernel_has_names_of_its_own(self) -> None:
        assert needs("display(_)", KERNEL_NAMES).names == []


class TestModules:
    @pytest.mark.parametrize(
        ("code", "modules"),
        [
            ("import torch, numpy.linalg as la", ["torch", "numpy.linalg"]),
            ("from sklearn.datasets import load_digits", ["sklearn.datasets"]),
            ("def main():\n    import torch\n", ["torch"]),
            ("if __name__ == '__main__':\n    import typer\n", ["typer"]),
            ("from . import sibling\nfrom ..pkg import other", []),
            ("try:\n    import cupy\nexcept ImportError:\n    cupy = None\n", []),
            ("if sys.platform == 'win32':\n    import winreg\n", []),
            (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n",
                ["typing"],
            ),
            ("with contextlib.suppress(ImportError):\n    import wandb\n", []),
        ],
    )
    def test_only_what_is_surely_imported_counts(self, code: str, modules: list[str]) -> None:
        assert [mention.name for mention in needs(code).modules] == modules


class TestFiles:
    @pytest.mark.parametrize(
        ("code", "files"),
        [
            ("pd.read_csv('data/train.csv')", ["data/train.csv"]),
            ("open('words.txt')", ["words.txt"]),
            ("open('words.txt', mode='rb')", ["words.txt"]),
            ("Path('notes').read_text()", ["notes"]),
            ("DATA = Path('data')\nnp.load(DATA / 'x.npy')", ["data/x.npy"]),
            ("NAME = 'a.csv'\nread_csv(NAME)", ["a.csv"]),
            ("os.path.join('a', 'b')\nopen(os.path.join('a', 'b.txt'))", ["a/b.txt"]),
            ("Image.open('cat.png')", ["cat.png"]),
            ("open('out.txt', 'w')", []),
            ("open('log', mode)", []),
            ("Path('out').open('w')", []),
            ("torch.save(m, 'm.pt')\ntorch.load('m.pt')", []),
            ("if os.path.exists('a.csv'):\n    pd.read_csv('a.csv')", []),
            ("os.path.exists('a.csv')\npd.read_csv('a.csv')", []),
            ("try:\n    open('cache')\nexcept OSError: ...", []),
            ("pd.read_csv('https://example.org/a.csv')", []),
            ("archive.open('member.txt')", []),
            ("load('glue')", []),
            ("NAME = 'a.csv'\nNAME = pick()\nread_csv(NAME)", []),
            ("open(name)", []),
        ],
    )
    def test_only_what_is_surely_read_counts(self, code: str, files: list[str]) -> None:
        assert [mention.name for mention in needs(code).files] == files


class TestMagics:
    def test_are_told_apart_from_the_operator(self) -> None:
        code = "%time f()\nx = (a\n  % b)\n!ls\ny = !pwd\ns = '''\n%not\n'''\nif x:\n    %who"
        names = [(mention.name, mention.line) for mention in magics(code)]
        assert names == [("%time", 1), ("!ls", 4), ("!pwd", 5), ("%who", 10)]

    def test_become_harmless_and_lines_stay(self) -> None:
        assert plain("%time f()\ny = !pwd\nif y:\n    !ls") == "pass\ny = None\nif y:\n    pass"

    def test_a_cell_of_another_language_is_no_python(self) -> None:
        assert plain("%%bash\nls -l") == ""
        assert plain("%%time\nf()") == "pass\nf()"


class TestAnything:
    @pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
    def test_of_sound_programs_nothing_is_said(self, file: Path) -> None:
        found = needs(file.read_text())
        assert (found.names, found.files, found.broken) == ([], [], None)

    def test_what_is_no_python_is_told_with_its_line(self) -> None:
        broken = needs("x = 1\ny = (\n").broken
        assert broken is not None
        assert (broken.line, broken.name) == (2, "'(' was never closed")

    @pytest.mark.parametrize("code", ["\0", "(" * 5000, "-" * 100_000 + "1", "x=" * 5000 + "1"])
    def test_what_is_made_to_break_it_breaks_nothing(self, code: str) -> None:
        needs(code)
        magics(code)

    @given(st.text(alphabet="ab=()[]:%!'\"\n \\#.0", max_size=60))
    def test_any_text_is_read(self, code: str) -> None:
        needs(code)
        needs(plain(code))
