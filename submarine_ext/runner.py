"""Runs a notebook or a cell inside a job, in the job's own interpreter.

Started by its path, not imported: the interpreter may know nothing of submarine-ext and
may be older than the server's. Only the standard library is needed for a cell; a notebook
needs ``nbclient`` and ``ipykernel`` where it runs.

    python runner.py cell CELL.py
    python runner.py notebook NOTEBOOK.ipynb EXECUTED.ipynb PARAMETERS.json
"""

from __future__ import annotations

import ast
import asyncio
import difflib
import importlib.util
import inspect
import json
import math
import os
import re
import signal
import sys
import types
from pathlib import Path
from typing import Any

PARAMETERS, INJECTED = "parameters", "injected-parameters"  # papermill's tags
_ASSIGNED = re.compile(r"^([^\W\d]\w*)\s*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
_NEEDED = ("nbclient", "nbformat", "ipykernel")


def main(arguments: list[str]) -> int:
    """Run what the arguments name; answers with the exit code."""
    sys.path[0] = str(Path.cwd())  # not this file's folder, whose modules are not the job's
    kind, *rest = arguments
    return run_cell(*rest) if kind == "cell" else run_notebook(*map(Path, rest))


# A cell


def run_cell(path: str) -> int:
    """Run a cell's source as ``__main__``; top-level ``await`` works as in a notebook."""
    module = types.ModuleType("__main__")
    module.__file__ = path
    sys.modules["__main__"] = module
    sys.argv = [path]
    try:
        source = Path(path).read_text(encoding="utf-8")
        code = compile(source, path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = eval(code, module.__dict__)  # noqa: S307 - running the user's code is the task
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except Exception as error:  # noqa: BLE001 - shown as Python would, less our own frames
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    return 0


# A notebook


def run_notebook(path: Path, executed: Path, parameters: Path) -> int:
    """Execute the notebook with the parameters; keep what it has after every cell."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return _say(
            f"A notebook needs {' and '.join(missing)} in the interpreter it runs with. "
            f"Install with: {sys.executable} -m pip install {' '.join(missing)}"
        )
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # noqa: BLE001 - nbformat's errors have no common root
        return _say(f"{path.name} is not a notebook that can be read: {error}")
    values = json.loads(parameters.read_text(encoding="utf-8"))
    if values and not _speaks_python(notebook):
        return _say("Parameters can be passed to Python notebooks only.")
    if problem := undeclared(notebook.cells, values):
        return _say(problem)
    inject(notebook.cells, values, nbformat.v4.new_code_cell)
    return _Execution(notebook, executed).run()


def _say(sentence: str) -> int:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
    return 1


def _speaks_python(notebook: Any) -> bool:
    spec = notebook.metadata.get("kernelspec", {})
    language = spec.get("language") or notebook.metadata.get("language_info", {}).get("name")
    return language in (None, "python")


def undeclared(cells: list[Any], values: dict[str, Any]) -> str | None:
    """A sentence if a value's name is not assigned in the cell tagged ``parameters``.

    Injected all the same, such a value would change nothing and nobody would notice.
    """
    declared = [cell.source for cell in cells if PARAMETERS in _tags(cell)]
    if values and not declared:
        return f"The notebook has no cell tagged {PARAMETERS!r}, so it takes no parameters."
    names = set(_ASSIGNED.findall("\n".join(declared)))
    for name in values:
        if name not in names:
            near = difflib.get_close_matches(name, sorted(names), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            return f"The notebook declares no parameter {name!r}{hint}"
    return None


def inject(cells: list[Any], values: dict[str, Any], new_cell: Any) -> None:
    """Put the values into a cell of their own after the one tagged ``parameters``.

    A cell injected by an earlier run is replaced.
    """
    cells[:] = [cell for cell in cells if INJECTED not in _tags(cell)]
    if not values:
        return
    places = [n for n, cell in enumerate(cells, 1) if PARAMETERS in _tags(cell)]
    lines = ["# Parameters", *(f"{name} = {literal(value)}" for name, value in values.items())]
    cell = new_cell("\n".join(lines), metadata={"tags": [INJECTED]})
    cells.insert(places[-1], cell)


def _tags(cell: Any) -> list[str]:
    tags: list[str] = cell.get("metadata", {}).get("tags", [])
    return tags


def literal(value: Any) -> str:
    """A JSON value as the Python expression of the same type."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        pairs = (f"{literal(key)}: {literal(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value)


class _Execution:
    """One notebook, its kernel and what is written of it."""

    def __init__(self, notebook: Any, executed: Path) -> None:
        self.notebook = notebook
        self.executed = executed
        self.track = _track()
        self.code = [n for n, cell in enumerate(notebook.cells) if _runs(cell)]

    def run(self) -> int:
        """Every code cell in turn; 0, or 1 after the first that fails."""
        signal.signal(signal.SIGTERM, self._stopped)
        client = _client(self.notebook)
        with client.setup_kernel():
            for done, number in enumerate(self.code):
                self.track.progress(done / len(self.code), f"cell {done + 1}/{len(self.code)}")
                problem = self._run_cell(client, number, done + 1)
                self.save()
                if problem:
                    return _say(problem)
        self.track.progress(1.0, f"cell {len(self.code)}/{len(self.code)}")
        client.set_widgets_metadata()
        self.save()
        return 0

    def _run_cell(self, client: Any, number: int, place: int) -> str | None:
        """What went wrong, as the log's last words."""
        from nbclient.exceptions import CellExecutionError, DeadKernelError

        try:
            client.execute_cell(self.notebook.cells[number], number)
        except CellExecutionError as error:
            trace = f"Traceback (most recent call last):\n  Cell {place}"
            return f"\n{trace}\n{error.ename}: {error.evalue}"
        except DeadKernelError:
            return f"\nThe notebook's kernel died in cell {place}."
        return None

    def _stopped(self, *_: object) -> None:
        """Keep what there is and go at once; the kernel is the supervisor's to end.

        Nothing is raised: it would surface anywhere, and event loops swallow it.
        """
        self.save()
        os._exit(128 + signal.SIGTERM)

    def save(self) -> None:
        """Write what there is so that readers see an old or a new notebook, never half."""
        import nbformat

        draft = self.executed.with_name(f".{self.executed.name}.part")
        nbformat.write(self.notebook, draft)
        draft.replace(self.executed)


def _runs(cell: Any) -> bool:
    return bool(cell.cell_type == "code" and cell.source.strip())


def _client(notebook: Any) -> Any:
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class Here(KernelSpecManager):
        """Whatever is installed for the user, the job's interpreter is the kernel."""

        def get_kernel_spec(self, kernel_name: str) -> Any:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            # Its warnings (about loopback TCP, say) are not the job's; errors are.
            command.append("--log-level=ERROR")
            return KernelSpec(argv=command, language="python", display_name=kernel_name)

    class Echoing(NotebookClient):
        """Shows outputs as they come, so that they are in the job's log."""

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            output = super().process_message(msg, cell, cell_index)
            echo(msg["msg_type"], msg["content"])
            return output

    manager = None
    if _speaks_python(notebook):
        manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=Here())
    return Echoing(
        notebook, km=manager, timeout=None, resources={"metadata": {"path": str(Path.cwd())}}
    )


def echo(kind: str, content: Any) -> None:
    """Write a cell's output to the log, as a terminal would show it."""
    if kind == "stream":
        text = content["text"]
    elif kind in ("execute_result", "display_data"):
        text = content["data"].get("text/plain", "") + "\n"
    elif kind == "error":
        text = "\n".join(content["traceback"]) + "\n"
    else:
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def _track() -> Any:
    """``track.py`` beside this file, which need not be importable by name."""
    spec = importlib.util.spec_from_file_location(
        "_submarine_track", Path(__file__).with_name("track.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
