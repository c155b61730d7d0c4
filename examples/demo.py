"""The demo: a Jupyter server, a real kernel in it, and the example notebook through both.

``python examples/demo.py`` runs ``digits.ipynb`` and prints what its cells print, while they
do; ``--lab`` opens JupyterLab on what that left. Everything lives in ``.demo``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from submarine_ext.client import Client

EXAMPLES = Path(__file__).resolve().parent
HOME = EXAMPLES.parent / ".demo"
WORK = HOME / "work"
NOTEBOOK = "digits.ipynb"
GOOD = 0.95
PATIENCE = 60  # seconds for the server to start


def main() -> int:
    """Run the demo; 0 if the training reached the accuracy it always reaches."""
    prepare()
    print("Starting a Jupyter server on this machine…", flush=True)
    with server() as info:
        print(f"Running {NOTEBOOK} in a kernel beside {info['url']}\n", flush=True)
        try:
            execute()
        except CellExecutionError as error:
            print(f"\nThe notebook failed: {error.evalue}", file=sys.stderr)
            return 1
        return conclude(info)


def prepare() -> None:
    """A folder of our own, with the examples in it, so that nothing else is touched."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in (NOTEBOOK, "train_digits.py"):
        shutil.copy(EXAMPLES / name, WORK / name)


def environment() -> dict[str, str]:
    """Jupyter's folders below ours; nothing that points to another server."""
    ours = {
        "JUPYTER_CONFIG_DIR": HOME / "config",
        "JUPYTER_DATA_DIR": HOME / "data",
        "JUPYTER_RUNTIME_DIR": HOME / "runtime",
        "IPYTHONDIR": HOME / "ipython",
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SUBMARINE_", "JUPYTERHUB_"))}
    return kept | {name: str(path) for name, path in ours.items()}


@contextmanager
def server() -> Iterator[dict[str, Any]]:
    """A Jupyter server on loopback, with a token and a port of its own; its runtime file."""
    token = secrets.token_hex(24)
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--ip=127.0.0.1", "--port=0",
         f"--ServerApp.root_dir={WORK}", *(["--allow-root"] if os.getuid() == 0 else [])],
        env=environment() | {"JUPYTER_TOKEN": token},
        stdout=subprocess.DEVNULL,
        stderr=(HOME / "server.log").open("wb"),
        start_new_session=True,
    )  # fmt: skip
    try:
        yield started(process)
    finally:
        process.terminate()
        process.wait(30)


def started(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait until the server answers."""
    file = HOME / "runtime" / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            info: dict[str, Any] = json.loads(file.read_text())
            httpx.get(info["url"] + "submarine/api/health").raise_for_status()
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.1)
        else:
            return info
    raise SystemExit(f"The server did not start; {HOME / 'server.log'} says why.")


def execute() -> None:
    """Run the notebook in a kernel, which finds the server by itself; keep the outputs."""
    notebook = nbformat.read(WORK / NOTEBOOK, as_version=4)
    kernel = {"env": environment(), "cwd": str(WORK), "stderr": (HOME / "kernel.log").open("wb")}
    try:
        Spoken(notebook, timeout=600).execute(**kernel)
    finally:
        nbformat.write(notebook, WORK / NOTEBOOK)


class Spoken(NotebookClient):
    """Executes a notebook and prints sources and outputs as they come."""

    async def async_execute_cell(self, cell: Any, cell_index: int, **options: Any) -> Any:
        if cell.cell_type == "code":
            print("\n".join(f">>> {line}" for line in cell.source.splitlines()), flush=True)
        return await super().async_execute_cell(cell, cell_index, **options)

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str, cell_index: int) -> Any:
        content = msg["content"]
        text = content.get("text") or content.get("data", {}).get("text/plain", "")
        if text:
            print(text, end="" if text.endswith("\n") else "\n", flush=True)
        return super().output(outs, msg, display_id, cell_index)


def conclude(info: dict[str, Any]) -> int:
    """What came of it, and how to go on."""
    with Client(info["url"], info["token"]) as client:
        job = client.jobs.find("last")
        accuracy = job.metrics().last["accuracy"]
    print(f"\nFinal accuracy: {accuracy:.4f}\nJob: {job.id}")
    if accuracy < GOOD:
        print(f"That is less than {GOOD}: something is wrong.", file=sys.stderr)
        return 1
    print("Open the same in JupyterLab: make lab")
    return 0


def lab() -> None:
    """Become JupyterLab on the demo's folder."""
    if not (WORK / NOTEBOOK).exists():
        prepare()
    root = ["--allow-root"] if os.getuid() == 0 else []
    arguments = ["-m", "jupyterlab", f"--ServerApp.root_dir={WORK}", *root, *sys.argv[2:]]
    os.execve(sys.executable, [sys.executable, *arguments], environment())  # noqa: S606


if __name__ == "__main__":
    if sys.argv[1:2] == ["--lab"]:
        lab()
    sys.exit(main())
