"""House rules that no linter knows. Each ban is shown to catch the thing it bans."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "submarine_ext").rglob("*.py"))
#: Written by the build.
GENERATED = {"_version.py"}
CALLS = {
    "eval": "runs text as code",
    "exec": "runs text as code",
    "os.popen": "runs a shell",
    "os.system": "runs a shell",
    "yaml.load": "builds arbitrary objects",
    "yaml.unsafe_load": "builds arbitrary objects",
}
IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
#: Code that runs inside a job and nowhere else: a job is arbitrary code of its owner.
IN_JOBS = (
    "submarine_ext/engines/kubernetes/pod/files.py",
    "submarine_ext/engines/local/job_path",
    "submarine_ext/runner.py",
    "submarine_ext/testing",
)


def own_modules() -> list[Path]:
    return [path for path in MODULES if path.name not in GENERATED]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def offences(source: str) -> list[str]:
    """What the source does that it must not, one phrase each."""
    return [
        f"line {getattr(node, 'lineno', 0)}: {phrase}"
        for node in ast.walk(ast.parse(source))
        for phrase in (*called(node), *imported(node), *decorated(node))
    ]


def called(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name = dotted(node.func)
    if name in CALLS:
        yield f"{name} {CALLS[name]}"
    if name.endswith(".extractall"):
        yield "extractall escapes its folder on this Python (CVE-2025-4517)"
    if any(k.arg == "shell" and not _is_false(k.value) for k in node.keywords):
        yield "shell=True runs a shell"


def imported(node: ast.AST) -> Iterator[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    for name in names:
        if name.partition(".")[0] in IMPORTS:
            yield f"{name} runs code when it reads"


def decorated(node: ast.AST) -> Iterator[str]:
    decorators = getattr(node, "decorator_list", [])
    if any(dotted(d).rpartition(".")[2] == "authorized" for d in decorators):
        yield "bare @authorized remembers its first caller"


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_no_source_uses_what_is_banned() -> None:
    served = [p for p in own_modules() if not relative(p).startswith(IN_JOBS)]
    found = {relative(p): phrases for p in served if (phrases := offences(p.read_text()))}
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import yaml\nyaml.load(text)",
        "archive.extractall(folder)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "import subprocess\nsubprocess.run(text, shell=asked)",
        "import os\nos.system(text)",
        "eval(text)",
        "class H:\n    @authorized\n    def get(self): ...",
        "class H:\n    @auth.authorized\n    async def get(self): ...",
    ],
)
def test_the_ban_catches_what_it_bans(source: str) -> None:
    assert offences(source)


@pytest.mark.parametrize(
    "source", ["@authorized('read', resource='x')\ndef get(self): ...", "pattern.exec(text)"]
)
def test_the_ban_lets_honest_code_pass(source: str) -> None:
    assert not offences(source)


def test_every_module_says_why_it_exists() -> None:
    silent = [p for p in own_modules() if not ast.get_docstring(ast.parse(p.read_text()))]
    assert [relative(p) for p in silent] == [], "a module docstring is missing"


def test_no_room_is_called_utils_helpers_or_common() -> None:
    rooms = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [relative(p) for p in MODULES if p.stem in rooms or p.parent.name in rooms] == []


def test_files_stay_short_enough_to_read_in_one_go() -> None:
    lengths = sorted(len(path.read_text().splitlines()) for path in own_modules())
    longest_but_few = lengths[int(len(lengths) * 0.9) - 1]
    assert lengths[len(lengths) // 2] <= 150
    assert longest_but_few <= 300


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


#: In pieces, or this file would be the one that names them.
REGISTRIES = [
    ".".join(parts).encode()
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("npmmirror", "com"),
    )
]


def test_no_tracked_file_names_a_package_registry() -> None:
    named = [
        relative(path)
        for path in tracked_files()
        if any(registry in path.read_bytes() for registry in REGISTRIES)
    ]
    assert named == [], "lock files and docs must work behind any mirror"
