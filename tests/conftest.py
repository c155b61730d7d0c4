"""What every Python test shares: a real Jupyter server on request, and no leftovers.

The browser tests in ``tests/ui`` have a rootdir of their own and never read this file:
pytest-playwright and pytest-jupyter can't share a process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

import submarine_ext

pytest_plugins = ("pytest_jupyter.jupyter_server", "tests.modes")

PACKAGE = str(Path(submarine_ext.__file__).parent)
#: Seconds that a test's processes may take to end by themselves after it.
GRACE = 5.0


@pytest.fixture
def jp_server_config() -> dict[str, object]:
    """A server with the extension, on which every forgotten ``@authenticated`` answers 403."""
    return {
        "ServerApp": {
            "jpserver_extensions": {"submarine_ext": True},
            "allow_unauthenticated_access": False,
        }
    }


@pytest.fixture(autouse=True)
def isolated_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing a test starts may read or write the state of the person who runs the tests."""
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


@pytest.fixture(autouse=True)
def unmeasured_jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure coverage in kernels and scripts, not in an engine's jobs, which it would change."""
    if "contract" in request.path.parts:
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(autouse=True)
def no_leftover_processes(tmp_path: Path) -> Iterator[None]:
    """Fail a test after which a process lives on that it began, supervisors included.

    A supervisor leaves its parent, so it is known by what it holds: the test's folder.
    """
    before = _children()
    yield
    left = {pid: _describe(pid) for pid in (_children() - before) | _users_of(tmp_path)}
    alive = [text for pid, text in left.items() if not _ends(pid)]
    assert not alive, f"processes outlive the test: {alive}"


@pytest.fixture(autouse=True)
def jp_asyncio_loop(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[object]:
    """The test's event loop; a task of ours that is still pending on it fails the test."""
    yield jp_asyncio_loop
    pending = [task for task in asyncio.all_tasks(jp_asyncio_loop) if _is_ours(task)]
    assert not pending, f"tasks outlive the test: {pending}"


@pytest.fixture(autouse=True)
def jp_server_cleanup(
    jp_asyncio_loop: asyncio.AbstractEventLoop, no_leftover_processes: None
) -> Iterator[None]:
    """Stop the server where the test had one (pytest-jupyter makes one in order to stop it).

    What a stopped server must not leave behind is looked for after this.
    """
    yield
    if not ServerApp.initialized():
        return
    app = ServerApp.instance()
    jp_asyncio_loop.run_until_complete(app._cleanup())
    app.kernel_manager.context.destroy()
    ServerApp.clear_instance()


def _is_ours(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename.startswith(PACKAGE)


def _children() -> set[int]:
    """Processes whose parent is this one, without multiprocessing's own."""
    found: set[int] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread ended meanwhile
            found.update(int(pid) for pid in children.read_text().split())
    return {pid for pid in found if "multiprocessing" not in _describe(pid)}


def _users_of(folder: Path) -> set[int]:
    """Other processes that work in the folder, name it, or have a file open below it."""
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _uses(entry, str(folder))
    }


def _uses(process: Path, folder: str) -> bool:
    try:
        if folder in (process / "cmdline").read_bytes().decode(errors="replace"):
            return True
        links = [process / "cwd", *(process / "fd").iterdir()]
        return any(str(link.readlink()).startswith(folder) for link in links)
    except OSError:  # it ended meanwhile, or belongs to somebody else
        return False


def _describe(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return f"{pid} (ended)"
    return f"{pid} {command.replace(bytes(1), b' ').decode(errors='replace')[:200]}"


def _ends(pid: int) -> bool:
    """Whether the process ends within :data:`GRACE`; it is killed where it does not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if select.select([handle], [], [], GRACE)[0]:
            return True
        os.kill(pid, signal.SIGKILL)
    finally:
        os.close(handle)
    return False
