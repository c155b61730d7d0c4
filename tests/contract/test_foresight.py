"""What people are told of a job before they submit it, on a real server of this machine."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from submarine_ext.app.wiring import Settings, Submarine
from submarine_ext.domain.access import Principal
from submarine_ext.domain.jobs import JobSpec
from submarine_ext.domain.people import UserChange
from submarine_ext.domain.projects import DEFAULT
from submarine_ext.domain.quotas import Quota
from submarine_ext.engines.base import Finding, Fix, Preflight

ANN = Principal("ann")
EXAMPLES = Path(__file__).parents[2] / "examples"


@asynccontextmanager
async def server(tmp_path: Path) -> AsyncIterator[Submarine]:
    home = tmp_path / "home"
    home.mkdir()
    settings = Settings(
        root=tmp_path / "root", owner="ann", admins=frozenset({"ann"}), folder_root=home,
        cpu=4, memory=8 * 1024**3, gpu=0,
    )  # fmt: skip
    submarine = await Submarine.open(settings)
    try:
        yield submarine
    finally:
        await submarine.close()


async def foreseen(submarine: Submarine, **fields: Any) -> Preflight:
    spec = msgspec.convert(fields, JobSpec)
    return await submarine.jobs.preflight(ANN, DEFAULT, spec)


async def of_folder(submarine: Submarine, folder: Path, **fields: Any) -> list[Finding]:
    """What is told of a job with these files of the home folder."""
    packed = await submarine.bundles.pack(ANN, folder.name)
    return (await foreseen(submarine, bundle=packed.sha256, **fields)).findings


class TestEngine:
    async def test_a_refusal_comes_with_what_fits(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            asked = {"cpu": 64, "memory": "1Gi"}
            (finding,) = (await foreseen(submarine, command=["true"], resources=asked)).findings
            assert (finding.field, finding.fatal) == ("resources.cpu", True)
            assert finding.fixes == [Fix(label="Use 4 CPUs", spec={"resources": {"cpu": 4}})]

    async def test_a_fix_is_for_all_nodes_together(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            (finding,) = (
                await foreseen(
                    submarine,
                    command=["true"],
                    resources={"memory": "16Gi"},
                    distributed={"nodes": 2},
                )
            ).findings
            assert finding.fixes[0].spec == {"resources": {"memory": "4Gi"}}

    async def test_what_the_engine_does_not_have_is_left_out(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            (finding,) = (await foreseen(submarine, command=["true"], queue="fast")).findings
            assert finding.text.startswith("This machine has no named queues")
            assert finding.fixes == [Fix(label="Leave it out", spec={"queue": None})]

    async def test_a_fix_that_would_not_help_is_not_offered(self, tmp_path: Path) -> None:
        """Mutant: offering without asking the engine."""
        async with server(tmp_path) as submarine:
            wanted = {"command": ["true"], "queue": "fast", "resources": {"cpu": 64}}
            (finding,) = (await foreseen(submarine, **wanted)).findings
            assert finding.fixes == []


class TestQuota:
    async def test_what_is_left_is_offered(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            await submarine.people.change(ANN, "ann", UserChange(quota=Quota(memory="3Gi")))
            asked = {"memory": "4Gi"}
            (finding,) = (await foreseen(submarine, command=["true"], resources=asked)).findings
            assert (finding.field, finding.fatal) == ("resources.memory", True)
            assert finding.fixes == [Fix(label="Use 3 GiB", spec={"resources": {"memory": "3Gi"}})]


class TestCode:
    async def test_a_sound_example_gives_no_alarm(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            folder = tmp_path / "home" / "digits"
            folder.mkdir()
            for name in ("train_digits.py", "digits.ipynb"):
                (folder / name).write_bytes((EXAMPLES / name).read_bytes())
            assert await of_folder(submarine, folder, script="train_digits.py") == []
            found = await of_folder(submarine, folder, command=["python", "train_digits.py"])
            assert found == []

    async def test_modules_that_the_interpreter_lacks_are_named(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            folder = tmp_path / "home" / "code"
            folder.mkdir()
            (folder / "train.py").write_text("import helper\nfrom submarine_ext import track\n")
            (folder / "helper.py").write_text("import json\nimport no_such_module.deep\n")
            (finding,) = await of_folder(submarine, folder, script="train.py")
            assert (finding.field, finding.names) == ("environment", ["no_such_module"])
            assert not finding.fatal
            assert f"helper.py, line 2). Install it with {sys.executable}" in finding.text

    async def test_files_outside_of_the_folder_are_named(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            folder = tmp_path / "home" / "code"
            (folder / "data").mkdir(parents=True)
            (folder / "data" / "here.csv").write_text("1")
            code = "open('data/here.csv')\nopen('../all.csv')\nopen('data/gone.csv')\n"
            (folder / "train.py").write_text(code)
            above, gone = await of_folder(submarine, folder, script="train.py")
            assert above.fixes == [Fix(label="Choose the folder above", folder="..")]
            assert "train.py opens ../all.csv (line 2)" in above.text
            assert (gone.names, gone.fixes) == (["data/gone.csv"], [])

    async def test_a_cell_is_told_what_it_lacks(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            cell = "%time\nprint(df)\nopen('rows.csv')\n"
            magic, names, file = (await foreseen(submarine, code=cell)).findings
            assert magic.fixes == [
                Fix(label="Take it out", spec={"code": "print(df)\nopen('rows.csv')"})
            ]
            assert (names.field, names.names) == ("code", ["df"])
            assert "no folder travels" in file.text

    async def test_a_notebook_is_read_as_one(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            folder = tmp_path / "home" / "notes"
            folder.mkdir()
            cells = ["%matplotlib inline\nx = 1", "display(x)", "!ls", "%%bash\nls $HOME", "y"]
            notebook = {
                "cells": [{"cell_type": "code", "source": one, "metadata": {}} for one in cells],
                "metadata": {},
                "nbformat": 4,
                "nbformat_minor": 5,
            }
            (folder / "a.ipynb").write_bytes(msgspec.json.encode(notebook))
            (finding,) = await of_folder(submarine, folder, notebook="a.ipynb")
            assert finding.names == ["y"]

    async def test_a_bundle_that_is_not_here_is_no_trouble(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            known = await foreseen(submarine, script="a.py", bundle="0" * 64)
            assert known.findings == []


class TestFolder:
    async def test_what_travels_and_what_stays_is_told(self, tmp_path: Path) -> None:
        async with server(tmp_path) as submarine:
            folder = tmp_path / "home" / "code"
            (folder / "data").mkdir(parents=True)
            (folder / "data" / "big.bin").write_bytes(b"1" * 1000)
            (folder / "train.py").write_text("pass")
            (folder / ".gitignore").write_text("data/\n")
            packed = await submarine.bundles.pack(ANN, "code")
            assert (packed.files, packed.unpacked) == (2, len("pass") + len("data/\n"))
            assert (packed.left_out, packed.ignored) == (1, ["data/"])


@pytest.mark.parametrize("program", ["/bin/echo"])
async def test_what_is_not_called_python_is_not_started(tmp_path: Path, program: str) -> None:
    """Mutant: asking any program that a spec names."""
    async with server(tmp_path) as submarine:
        known = await foreseen(submarine, code="import no_such_module", environment=program)
        assert known.findings == []
